/**
 * Where a domain's mail goes and which addresses a host has, by DNS. Answers are kept, failures too, so that a machine
 * whose DNS is dead goes on at full speed. It never throws: not knowing is an answer.
 */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import QuickLru from 'quick-lru';

export type MailHosts =
  /** In the order of preference; `implicit` when the domain names none and its own host takes the mail (RFC 5321 §5.1). */
  | { readonly kind: 'hosts'; readonly hosts: readonly MailHost[]; readonly implicit: boolean }
  /** RFC 7505: takes no mail at all. */
  | { readonly kind: 'null-mx' }
  | { readonly kind: 'no-domain' }
  /** No server answered, or none with an answer. */
  | { readonly kind: 'unknown' };

export interface MailHost {
  readonly name: string;
  readonly preference: number;
}

export interface Dns {
  mailHosts(domain: string): Promise<MailHosts>;
  /** The mail hosts if they are known or can be within `withinMs`; the lookup itself goes on and is kept. */
  mailHostsWithin(domain: string, withinMs: number): Promise<MailHosts>;
  /** IPv4 addresses first. Empty when there are none or nobody answers. */
  addresses(host: string): Promise<readonly string[]>;
  /** Each record's strings put together; none: there are none. Null: nobody answers. */
  texts(name: string): Promise<readonly string[] | null>;
}

export interface DnsOptions {
  /** `address` or `address:port`; none: the system's. */
  readonly servers: readonly string[];
  readonly timeoutMs?: number;
  readonly tries?: number;
}

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** node:dns does not tell the TTL of MX records; mail moves rarely, so five minutes stand for it. */
const keepAnswerMs = 300_000;
const keepFailureMs = 60_000;
const maxKept = 50_000;
/** After so many lookups in a row without any answer the DNS counts as dead, and is asked again a little later. */
const deadAfterFailures = 4;
const deadForMs = 30_000;
const maxPending = 200;

export function openDns(options: DnsOptions): Dns {
  const resolver = new Resolver({ timeout: options.timeoutMs ?? 2_000, tries: options.tries ?? 2 });
  if (options.servers.length > 0) resolver.setServers([...options.servers]);
  const health = newHealth();
  const mail = newCache<MailHosts>((answer) => answer.kind !== 'unknown');
  const hosts = newCache<Addresses>(({ found, isAnswer }) => found.length > 0 && isAnswer);
  const texts = newCache<readonly string[] | null>((found) => found !== null);
  const dead: MailHosts = { kind: 'unknown' };

  const addresses = (host: string): Promise<Addresses> =>
    isIP(host) !== 0
      ? Promise.resolve({ found: [host], isAnswer: true })
      : hosts.get(host, () => lookUpAddresses(resolver, host));
  const mailHosts = (domain: string): Promise<MailHosts> =>
    mail.get(domain, () => lookUpMailHosts(resolver, health, domain, addresses));
  return {
    mailHosts,
    addresses: async (host) => (await addresses(host)).found,
    texts: (name) => texts.get(name, () => lookUpTexts(resolver, name)),
    mailHostsWithin(domain, withinMs) {
      const known = mail.peek(domain);
      if (known !== undefined) return Promise.resolve(known);
      if (health.isDead() || mail.pending() >= maxPending) return Promise.resolve(dead);
      return within(mailHosts(domain), withinMs, dead);
    },
  };
}

async function lookUpMailHosts(
  resolver: Resolver,
  health: Health,
  domain: string,
  addresses: (host: string) => Promise<Addresses>,
): Promise<MailHosts> {
  try {
    const records = await resolver.resolveMx(domain);
    health.answered();
    return mailHostsOf(records.map(({ exchange, priority }) => ({ name: hostName(exchange), preference: priority })));
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code !== 'ENODATA' && code !== 'ENOTFOUND') {
      health.failed();
      return { kind: 'unknown' };
    }
    health.answered();
    if (code === 'ENOTFOUND') return { kind: 'no-domain' };
    // RFC 5321 §5.1: without MX records the domain itself is the host, if it has an address.
    const { found, isAnswer } = await addresses(domain);
    // Nobody said that it has none: a server that fails for now must not make mail bounce.
    if (found.length === 0 && !isAnswer) return { kind: 'unknown' };
    if (found.length === 0) return { kind: 'hosts', hosts: [], implicit: true };
    return { kind: 'hosts', hosts: [{ name: domain, preference: 0 }], implicit: true };
  }
}

function mailHostsOf(found: readonly MailHost[]): MailHosts {
  // RFC 7505 §3: one record, preference 0, with the root as host.
  if (found.length > 0 && found.every((host) => host.name === '')) return { kind: 'null-mx' };
  const hosts = found.filter((host) => host.name !== '').toSorted((one, other) => one.preference - other.preference);
  return { kind: 'hosts', hosts, implicit: false };
}

const hostName = (exchange: string): string => exchange.toLowerCase().replace(/\.$/, '');

interface Addresses {
  readonly found: readonly string[];
  /** False: of one family at least nobody knows. */
  readonly isAnswer: boolean;
}

async function lookUpAddresses(resolver: Resolver, host: string): Promise<Addresses> {
  let isAnswer = true;
  const none = (error: { code?: string }): string[] => {
    isAnswer &&= error.code === 'ENODATA' || error.code === 'ENOTFOUND';
    return [];
  };
  const [four, six] = await Promise.all([resolver.resolve4(host).catch(none), resolver.resolve6(host).catch(none)]);
  return { found: [...four, ...six], isAnswer };
}

async function lookUpTexts(resolver: Resolver, name: string): Promise<readonly string[] | null> {
  try {
    return (await resolver.resolveTxt(name)).map((strings) => strings.join(''));
  } catch (error) {
    const code = (error as { code?: string }).code;
    return code === 'ENODATA' || code === 'ENOTFOUND' ? [] : null;
  }
}

interface Cache<T> {
  get(name: string, lookUp: () => Promise<T>): Promise<T>;
  peek(name: string): T | undefined;
  pending(): number;
}

/** One lookup at a time for a name; the others wait for it. */
function newCache<T>(isAnswer: (value: T) => boolean): Cache<T> {
  const kept = new QuickLru<string, Kept<T>>({ maxSize: maxKept });
  const pending = new Map<string, Promise<T>>();
  const peek = (name: string): T | undefined => {
    const found = kept.get(name);
    return found !== undefined && Date.now() < found.untilMs ? found.value : undefined;
  };
  const keep = async (name: string, lookUp: () => Promise<T>): Promise<T> => {
    const value = await lookUp();
    pending.delete(name);
    kept.set(name, { value, untilMs: Date.now() + (isAnswer(value) ? keepAnswerMs : keepFailureMs) });
    return value;
  };
  return {
    peek,
    pending: () => pending.size,
    get(name, lookUp) {
      const known = peek(name);
      if (known !== undefined) return Promise.resolve(known);
      const running = pending.get(name) ?? keep(name, lookUp);
      pending.set(name, running);
      return running;
    },
  };
}

interface Health {
  answered(): void;
  failed(): void;
  isDead(): boolean;
}

function newHealth(): Health {
  let failures = 0;
  let deadUntilMs = 0;
  return {
    answered() {
      failures = 0;
    },
    failed() {
      failures += 1;
      if (failures >= deadAfterFailures) deadUntilMs = Date.now() + deadForMs;
    },
    isDead: () => Date.now() < deadUntilMs,
  };
}

function within<T>(value: Promise<T>, withinMs: number, otherwise: T): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(otherwise), withinMs);
    void value.then((found) => {
      clearTimeout(timer);
      resolve(found);
    });
  });
}
