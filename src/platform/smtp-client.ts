/**
 * Hands prebuilt messages to next hops over pooled connections, a bounded number to each. A next hop that cannot be
 * reached fails everyone who waits for it for a moment, instead of each in turn. It decides nothing about retries.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Why } from '../core/delivery/reasons.ts';
import type { TlsDemand, TlsFacts } from '../core/delivery/transport.ts';
import {
  type Copy,
  type Failure,
  type Login,
  openSession,
  type Refusal,
  type SmtpSession,
  type Transmission,
} from './smtp-session.ts';

/** An address of ours that connections may come from, with the name that is said there. */
export interface Source {
  readonly address: string;
  /** Absent: the hop’s, or the client’s own. */
  readonly helloName?: string;
}

export interface NextHop {
  /** Its name, or an IP address. */
  readonly host: string;
  readonly port: number;
  /** Where the name leads, when already known; else the system's resolver is asked. */
  readonly addresses?: readonly string[];
  readonly implicitTls: boolean;
  readonly login: Login | null;
  /** Who may use its connections; absent: everybody. */
  readonly owner?: string;
  /** Where connections come from: one of the address’s family, or the address is passed over. None: the system chooses. */
  readonly sources?: readonly Source[];
  /** Said with EHLO where the source has no name of its own. */
  readonly helloName?: string;
  /** Asked of the very address that is connected to, so that a name cannot lead elsewhere in between. */
  readonly mayConnect?: (address: string) => boolean;
}

export type Sent = Transmission & {
  /** When the answer came. */
  readonly at: Date;
  readonly tls: TlsFacts | null;
  /** Who it was, where a connection came about. */
  readonly address: string | null;
  /** Which of our addresses it came from, where one was chosen. */
  readonly source: string | null;
  /** False when no session came about: this next hop has heard nothing of the message. */
  readonly reached: boolean;
  /** The connection was tried for this message, and not for one before it. */
  readonly isNew: boolean;
  /** The next hop was not asked, as a connection had come to nothing a moment before: when. Null: it was asked. */
  readonly toldOf: Date | null;
  /** TLS was offered and broke, so that clear text was spoken. */
  readonly tlsBroke: boolean;
  /** Bytes of the message were on their way: without an answer nobody knows whether it was taken. */
  readonly bodyBegan: boolean;
};

export interface SmtpClient {
  /** Rejects only with what `copy.render` throws. */
  send(hop: NextHop, demand: TlsDemand, copy: Copy): Promise<Sent>;
  /** Ends idle connections and waits for none; those in use close when they come back. */
  close(): void;
}

export interface SmtpClientOptions {
  readonly now: () => Date;
  readonly helloName: string;
  readonly maxConnectionsPerHop: number;
  readonly maxMessagesPerConnection?: number;
  readonly idleMs?: number;
  /** PEM certificates trusted beside the system's. */
  readonly trusted?: readonly string[];
  /** How long a connection may take until it is ready for a message. */
  readonly setupTimeoutMs?: number | undefined;
}

interface Pool {
  readonly idle: { readonly session: SmtpSession; readonly sinceMs: number }[];
  readonly waiting: ((grant: Grant) => void)[];
  open: number;
  /** Fewer than the most allowed while the next hop refuses further connections beside those it took. */
  crowded: { readonly limit: number; readonly untilMs: number } | null;
  /** The next hop could not be reached at all; until then nobody tries again. */
  down: { readonly failure: Closed; readonly untilMs: number } | null;
}

type Open = () => Promise<Grant>;
type Grant = { readonly kind: 'open'; readonly session: SmtpSession } | Closed;
/** Why no session came about, and with which address. */
type Closed = (Refusal | Failure) & {
  readonly address?: string;
  readonly source?: string | null;
  readonly seenAt: Date;
};

const cooldownMs = 1_000;
const crowdedMs = 30_000;
const sweepEveryMs = 5_000;
const maxHopsRemembered = 1_000;
const mostOfFour = 4;
const mostOfSix = 3;
/** No further address of a host is begun after this. */
const addressesForMs = 90_000;

export function openSmtpClient(options: SmtpClientOptions): SmtpClient {
  const pools = new Map<string, Pool>();
  const idleMs = options.idleMs ?? 20_000;
  const maxMessages = options.maxMessagesPerConnection ?? 1_000;
  const sweeping = setInterval(() => sweep(pools, idleMs), sweepEveryMs).unref();
  let closed = false;

  const poolOf = (key: string): Pool => {
    const known = pools.get(key);
    if (known !== undefined) return known;
    if (pools.size >= maxHopsRemembered) forgetUnused(pools);
    const pool: Pool = { idle: [], waiting: [], open: 0, crowded: null, down: null };
    pools.set(key, pool);
    return pool;
  };

  const acquire = (pool: Pool, open: Open): Promise<Grant> => {
    for (let idle = pool.idle.pop(); idle !== undefined; idle = pool.idle.pop()) {
      if (idle.session.usable()) return Promise.resolve({ kind: 'open', session: idle.session });
      pool.open -= 1;
    }
    if (pool.down !== null && Date.now() < pool.down.untilMs) return Promise.resolve(pool.down.failure);
    if (pool.open < limitOf(pool, options.maxConnectionsPerHop)) return openAnother(pool, open);
    return new Promise((resolve) => pool.waiting.push(resolve));
  };

  /** Gives a session back, or makes room for another, and serves whoever waits longest. */
  const release = (pool: Pool, session: SmtpSession, open: Open): void => {
    const fresh = session.usable() && session.sent() < maxMessages && !closed;
    if (!fresh) {
      session.close();
      pool.open -= 1;
    }
    const next = pool.waiting.shift();
    if (next === undefined) {
      if (fresh) pool.idle.push({ session, sinceMs: Date.now() });
    } else if (fresh) next({ kind: 'open', session });
    else void openAnother(pool, open).then(next);
  };

  const attempt = async (hop: NextHop, demand: TlsDemand, copy: Copy): Promise<Sent> => {
    const pool = poolOf(poolKey(hop, demand));
    const open: Open = () => openTo(hop, demand, options);
    const grant = await acquire(pool, open);
    if (grant.kind !== 'open') return { ...unopened, ...grant, at: options.now(), ...whoseFailure(grant) };
    const { session } = grant;
    const reused = session.sent() > 0;
    const { end, unheard, bodyBegan } = await session.send(copy).catch((error) => {
      release(pool, session, open);
      throw error;
    });
    const at = options.now();
    release(pool, session, open);
    // A server may close a connection between two messages (RFC 5321 §3.8, and 421 at any time): nobody's failure.
    if (reused && (unheard || isFarewell(end))) return attempt(hop, demand, copy);
    const { tls, address, source, tlsBroke } = session;
    return { ...end, at, tls, address, source, reached: true, bodyBegan, isNew: !reused, toldOf: null, tlsBroke };
  };

  return {
    send: attempt,
    close() {
      closed = true;
      clearInterval(sweeping);
      sweep(pools, 0);
    },
  };
}

const unopened = { tls: null, address: null, source: null, reached: false, bodyBegan: false, tlsBroke: false } as const;

/** All who waited for a connection hear of the same failure; it is the first one’s own. */
const told = new WeakSet<Closed>();
function whoseFailure(closed: Closed): Pick<Sent, 'isNew' | 'toldOf'> {
  if (told.has(closed)) return { isNew: false, toldOf: closed.seenAt };
  told.add(closed);
  return { isNew: true, toldOf: null };
}

const isFarewell = (end: Transmission): boolean => end.kind === 'refused' && end.code === 421 && end.stage === 'mail';

const poolKey = (hop: NextHop, demand: TlsDemand): string =>
  `${hop.host} ${hop.addresses?.join(',') ?? ''} ${hop.port} ${hop.implicitTls} ${typeof demand === 'string' ? demand : JSON.stringify(demand)} ${hop.login?.user ?? ''} ${hop.owner ?? ''} ${sourceKey(hop)}`;

const sourceKey = ({ sources = [], helloName = '' }: NextHop): string =>
  `${helloName} ${sources.map(({ address, helloName: name = '' }) => `${address} ${name}`).join(',')}`;

const limitOf = (pool: Pool, most: number): number =>
  pool.crowded !== null && Date.now() < pool.crowded.untilMs ? pool.crowded.limit : most;

async function openAnother(pool: Pool, open: Open): Promise<Grant> {
  pool.open += 1;
  const beganMs = Date.now();
  const grant = await open();
  if (grant.kind === 'open') {
    pool.down = null;
    return grant;
  }
  pool.open -= 1;
  if (pool.open === 0) failWaiting(pool, grant, Date.now() - beganMs);
  else {
    // Some hosts take only a few connections from one client: the message waits for one of those.
    pool.crowded = { limit: pool.open, untilMs: Date.now() + crowdedMs };
    return new Promise((resolve) => pool.waiting.push(resolve));
  }
  return grant;
}

/** A host that let us wait long for nothing is left alone as long, so that it cannot hold everybody up. */
function failWaiting(pool: Pool, failure: Closed, tookMs: number): void {
  pool.down = { failure, untilMs: Date.now() + Math.max(cooldownMs, tookMs) };
  for (const waiter of pool.waiting.splice(0)) waiter(failure);
}

/** Closes what has been idle for long, and notices what the other side has closed. */
function sweep(pools: Map<string, Pool>, idleMs: number): void {
  const before = Date.now() - idleMs;
  for (const pool of pools.values()) {
    const ended = pool.idle.filter(({ session, sinceMs }) => sinceMs <= before || !session.usable());
    for (const one of ended) {
      pool.idle.splice(pool.idle.indexOf(one), 1);
      pool.open -= 1;
      one.session.close();
    }
  }
}

function forgetUnused(pools: Map<string, Pool>): void {
  for (const [key, pool] of pools) if (pool.open === 0) pools.delete(key);
}

/** Each address in turn (RFC 5321 §5.1), until one lets a session begin or it has taken too long. */
async function openTo(hop: NextHop, demand: TlsDemand, options: SmtpClientOptions): Promise<Grant> {
  const addresses = boundedAddresses(await addressesOf(hop));
  const beganMs = Date.now();
  let last: Omit<Closed, 'seenAt'> & (Refusal | Failure) = { kind: 'failed', why: 'dns.unresolved' };
  for (const address of addresses) {
    if (Date.now() - beganMs > addressesForMs) break;
    const source = sourceFor(hop, address);
    const barred = whyBarred(hop, address, source);
    if (barred !== null) {
      last = { kind: 'failed', why: barred };
      continue;
    }
    const opening = await openSession({
      address,
      source: source?.address ?? null,
      setupTimeoutMs: options.setupTimeoutMs,
      port: hop.port,
      host: hop.host,
      implicitTls: hop.implicitTls,
      login: hop.login,
      tls: demand,
      helloName: source?.helloName ?? hop.helloName ?? options.helloName,
      trusted: options.trusted,
    });
    if (opening.kind === 'open') return opening;
    last = { ...opening, address, source: source?.address ?? null };
  }
  return { ...last, seenAt: options.now() };
}

/** RFC 5321 §5.1 lets a client stop somewhere: some of each family, those of IPv4 first. */
function boundedAddresses(addresses: readonly string[]): string[] {
  const four = addresses.filter((address) => isIP(address) === 4).slice(0, mostOfFour);
  const six = addresses.filter((address) => isIP(address) === 6).slice(0, mostOfSix);
  return [...four, ...six];
}

/** Any of those of the same family; undefined: there is none. */
function sourceFor({ sources = [] }: NextHop, address: string): Source | undefined {
  const fitting = sources.filter((one) => isIP(one.address) === isIP(address));
  return fitting[Math.floor(Math.random() * fitting.length)];
}

function whyBarred(hop: NextHop, address: string, source: Source | undefined): Why | null {
  if (hop.mayConnect?.(address) === false) return 'route.address_refused';
  return source === undefined && (hop.sources?.length ?? 0) > 0 ? 'route.no_source' : null;
}

async function addressesOf(hop: NextHop): Promise<readonly string[]> {
  if (hop.addresses !== undefined) return hop.addresses;
  if (isIP(hop.host) !== 0) return [hop.host];
  const found = await lookup(hop.host, { all: true }).catch(() => []);
  return found.map((one) => one.address);
}
