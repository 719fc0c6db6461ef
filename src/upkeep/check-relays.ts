/** The doctor on what mail leaves by: name servers that answer, relays that do, and who may read their logins. It signs in nowhere. */
import { Resolver } from 'node:dns/promises';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { type Finding, failure, fine, warning } from './finding.ts';

const answerTimeoutMs = 5_000;

export interface RelayToCheck {
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit';
  /** With its user and password; undefined: it asks for none. */
  readonly loginFile: string | undefined;
}

export async function checkRelays(relays: readonly RelayToCheck[]): Promise<readonly Finding[]> {
  const files = new Set(relays.flatMap(({ loginFile }) => (loginFile === undefined ? [] : [loginFile])));
  const answers = await Promise.all(relays.map(relayFinding));
  return [...answers, ...[...files].map(loginFinding)];
}

async function relayFinding({ host, port, tls }: RelayToCheck): Promise<Finding> {
  const check = `relay ${host}:${port}`;
  const said = await greetingOf(host, port, tls === 'starttls');
  if (said.startsWith('220') || said === 'connected') return fine(check, 'it answers');
  return failure(
    check,
    said === '' ? 'it closes the connection without a greeting' : `it does not take mail from here (${said})`,
    'Is its name and port right in WAXWING_SMARTHOST, does it run, and do firewalls let this server reach it?',
  );
}

/** The first three digits it says, `connected` where TLS comes first, or why not. */
function greetingOf(host: string, port: number, speaksFirst: boolean): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host, port, timeout: answerTimeoutMs });
  let text = '';
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
  socket.on('timeout', () => resolve('ETIMEDOUT'));
  socket.on('close', () => resolve(''));
  socket.on('connect', () => {
    if (!speaksFirst) resolve('connected');
  });
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    if (text.length >= 3) resolve(text.slice(0, 3));
  });
  return promise.finally(() => socket.destroy());
}

function loginFinding(file: string): Finding {
  const check = 'login of a relay';
  if (!existsSync(file))
    return failure(
      check,
      `${file} is not there`,
      'Correct WAXWING_SMARTHOST_AUTH_FILE or ?auth= of WAXWING_SMARTHOST.',
    );
  const mode = statSync(file).mode & 0o777;
  return (mode & 0o077) === 0
    ? fine(check, `${file} may be read by its owner alone`)
    : warning(check, `others may read ${file} (${mode.toString(8).padStart(3, '0')})`, `Run: chmod 600 ${file}`);
}

/** Codes of node:dns by which a server says that it knows of nothing: an answer. */
const isAnswer = (code: string): boolean => ['ENOTFOUND', 'ENODATA'].includes(code);

/** @param servers undefined: those of the system. */
export async function checkNameServers(servers: readonly string[] | undefined): Promise<readonly Finding[]> {
  const asked = servers ?? new Resolver().getServers();
  return Promise.all(asked.map(nameServerFinding));
}

async function nameServerFinding(server: string): Promise<Finding> {
  const check = `name server ${server}`;
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([server]);
  const code = await resolver.resolveSoa('org').then(
    () => '',
    (error: NodeJS.ErrnoException) => error.code ?? error.name,
  );
  return code === '' || isAnswer(code)
    ? fine(check, 'it answers')
    : failure(
        check,
        `it does not answer (${code})`,
        'Mail servers, sender domains and policies are looked up there. Start it, or set WAXWING_DNS_SERVERS.',
      );
}
