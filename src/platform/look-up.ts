/** Asks the DNS as it is right now: nothing is kept. It never throws; not knowing is an answer. */
import { Resolver } from 'node:dns/promises';

export type Found<T> =
  | { readonly kind: 'found'; readonly records: readonly T[] }
  | { readonly kind: 'none' }
  /** No server answered, or none with an answer. */
  | { readonly kind: 'failed' };

export interface LookUp {
  /** The strings of a record as one text (RFC 7208 §3.3, RFC 6376 §3.6.2.2). */
  texts(name: string): Promise<Found<string>>;
  addresses(name: string, family: 4 | 6): Promise<Found<string>>;
  mailHosts(name: string): Promise<Found<string>>;
  names(address: string): Promise<Found<string>>;
}

const timeoutMs = 2_000;
const tries = 2;

export function openLookUp(servers: readonly string[]): LookUp {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (servers.length > 0) resolver.setServers([...servers]);
  return {
    texts: (name) => asked(async () => (await resolver.resolveTxt(name)).map((parts) => parts.join(''))),
    addresses: (name, family) => asked(() => (family === 4 ? resolver.resolve4(name) : resolver.resolve6(name))),
    mailHosts: (name) => asked(async () => (await resolver.resolveMx(name)).map(({ exchange }) => exchange)),
    names: (address) => asked(() => resolver.reverse(address)),
  };
}

const absent = new Set(['ENODATA', 'ENOTFOUND', 'EBADNAME']);

async function asked<T>(ask: () => Promise<readonly T[]>): Promise<Found<T>> {
  try {
    const records = await ask();
    return records.length === 0 ? { kind: 'none' } : { kind: 'found', records };
  } catch (error) {
    return { kind: absent.has(String((error as { code?: unknown }).code)) ? 'none' : 'failed' };
  }
}
