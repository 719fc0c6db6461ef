/** The installation's own way out, from its settings: its relays, or each recipient's own servers. It reads their logins. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { MailRoute, RelayHost } from '../core/delivery/mail-route.ts';
import { readSmarthosts, type Smarthost } from '../core/delivery/smarthosts.ts';
import type { Login } from '../platform/smtp-session.ts';

export interface SmarthostOptions {
  /** `smtp://host:port` or `smtps://host:port`, several with commas between; absent: the recipient's own MX. */
  readonly smarthost?: string | undefined;
  /** User and password, one a line, of those that name no file of their own. */
  readonly smarthostAuthFile?: string | undefined;
  /** SHA-256 of the relay's public key (SPKI), in hexadecimal: whoever shows another one gets nothing. */
  readonly smarthostPin?: string | undefined;
}

const own = { id: null, name: 'the installation’s own way', sourceAddresses: [], heloName: null, owner: '' } as const;

export function installationRoute(options: SmarthostOptions): MailRoute {
  if (options.smarthost === undefined) return { ...own, kind: 'direct', hosts: [] };
  const named = readSmarthosts(options.smarthost);
  if (named === undefined) throw new Error('WAXWING_SMARTHOST names no relay that can be read.');
  return { ...own, kind: 'relay', hosts: named.map((one) => relayOf(one, options)) };
}

/** Without their logins, for those who only tell of them. */
export const installationRelays = (smarthost: string | undefined) =>
  (smarthost === undefined ? [] : (readSmarthosts(smarthost) ?? [])).map((one) => ({ ...one, id: relayId(one) }));

function relayOf({ authFile, pin, ...smarthost }: Smarthost, options: SmarthostOptions): RelayHost {
  const file = authFile === 'none' ? undefined : (authFile ?? options.smarthostAuthFile);
  return {
    ...smarthost,
    id: relayId(smarthost),
    login: file === undefined ? null : readLogin(file),
    pin: pin ?? options.smarthostPin ?? null,
  };
}

/** The same in every process: what its health is told by. */
function relayId({ host, port, tls }: Pick<RelayHost, 'host' | 'port' | 'tls'>): string {
  const hash = createHash('sha256').update(`${host.toLowerCase()} ${port} ${tls}`).digest('hex');
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-');
}

/** What is wrong with the file of a relay's login is said by its name; never what stands in it. */
export class RelayLoginFault extends Error {}

function readLogin(file: string): Login {
  const [user, password] = textOf(file).split(/\r?\n/);
  if (!user || !password)
    throw new RelayLoginFault(`The login of a relay: ${file} needs a user and a password, one a line.`);
  return { user, password };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new RelayLoginFault(
      `The login of a relay: ${file} cannot be read (${why}). ` +
        'Correct WAXWING_SMARTHOST_AUTH_FILE or ?auth= of WAXWING_SMARTHOST, or the file’s permissions.',
    );
  }
}
