/**
 * The MTA-STS daemon that Postfix asks (postfix-mta-sts-resolver), run as it is but for where it finds DNS and web servers,
 * and Postfix's own judge of certificates (posttls-finger). What they say is another's opinion on the same servers.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const python = '/usr/bin/python3';
const finger = '/usr/sbin/posttls-finger';

/** False: both are here. */
export const whatIsMissing = (): string | false => {
  if (!existsSync('/usr/bin/mta-sts-daemon')) return 'postfix-mta-sts-resolver is not installed';
  return existsSync(finger) ? false : 'postfix is not installed';
};

/** The system's resolver and port 443 belong to the machine: both libraries are told of others, and nothing else. */
const elsewhere = `
import sys, socket, aiodns, aiohttp, aiohttp.connector
dns_port, web_port, config = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
Real = aiodns.DNSResolver
class Resolver(Real):
    def __init__(self, nameservers=None, loop=None, **kwargs):
        super().__init__(nameservers=['127.0.0.1'], loop=loop, udp_port=dns_port, tcp_port=dns_port, **kwargs)
aiodns.DNSResolver = Resolver
class Web(aiohttp.abc.AbstractResolver):
    def __init__(self, loop=None): pass
    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [{'hostname': host, 'host': '127.0.0.1', 'port': web_port, 'family': socket.AF_INET, 'proto': 0, 'flags': 0}]
    async def close(self): pass
aiohttp.connector.DefaultResolver = Web
sys.argv = ['mta-sts-daemon', '-c', config, '--disable-uvloop']
from postfix_mta_sts_resolver.daemon import main
main()
`;

export interface StsDaemon {
  /** As Postfix asks it (socketmap_table(5)): the answer, `OK secure match=…` or `NOTFOUND `. */
  ask(domain: string): Promise<string>;
  close(): Promise<void>;
}

export interface DaemonOptions {
  readonly dnsPort: number;
  readonly webPort: number;
  /** PEM of the authority that it trusts. */
  readonly trusted: string;
}

export async function startStsDaemon(options: DaemonOptions): Promise<StsDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-mta-sts-'));
  const port = await freePort();
  const config = join(folder, 'daemon.yml');
  const authority = join(folder, 'authority.pem');
  writeFileSync(authority, options.trusted);
  writeFileSync(
    config,
    [
      ...['host: 127.0.0.1', `port: ${port}`, 'reuse_port: true', 'shutdown_timeout: 1', 'cache_grace: 0'],
      ...['cache:', '  type: internal', 'default_zone:', '  strict_testing: false', '  timeout: 4', ''],
    ].join('\n'),
  );
  const child = spawn(python, ['-W', 'ignore', '-c', elsewhere, `${options.dnsPort}`, `${options.webPort}`, config], {
    env: { PATH: '/usr/bin:/bin', SSL_CERT_FILE: authority },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-4_000);
  });
  const close = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answering(port, () => words);
  } catch (error) {
    await close();
    throw error;
  }
  return { ask: (domain) => askSocketmap(port, `postfix ${domain}`), close };
}

async function answering(port: number, words: () => string): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    const answer = await askSocketmap(port, 'postfix .parent.example').catch(() => null);
    if (answer !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`mta-sts-daemon does not answer: ${words()}`);
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A netstring there and one back. */
function askSocketmap(port: number, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.setTimeout(15_000, () => socket.destroy(new Error('no answer in time')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without an answer')));
    socket.on('connect', () => socket.write(`${Buffer.byteLength(question)}:${question},`));
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      const [, length, rest = ''] = /^(\d+):(.*)$/s.exec(heard) ?? [];
      if (length === undefined || rest.length <= Number(length)) return;
      resolve(rest.slice(0, Number(length)));
      socket.destroy();
    });
  });
}

/** Whether Postfix would send to the server there under such an answer of the daemon’s. */
export async function postfixWouldSend(answer: string, port: number, trusted: string): Promise<boolean> {
  const matches = /^OK secure match=(\S+)/.exec(answer)?.[1]?.split(':');
  if (matches === undefined) return true;
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-posttls-'));
  try {
    const authority = join(folder, 'authority.pem');
    writeFileSync(authority, trusted);
    const told = await wordsOf(finger, [
      ...['-c', '-l', 'secure', '-F', authority, '-L', 'summary', '-s', 'mx.clinic.example'],
      ...[`[127.0.0.1]:${port}`, ...matches],
    ]);
    return /Verified TLS connection established/.test(told);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The servers that it speaks with live in this process: nothing here may wait without letting them answer. */
function wordsOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
    let words = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        words += chunk;
      });
    child.on('error', reject);
    child.on('close', () => resolve(words));
  });
}
