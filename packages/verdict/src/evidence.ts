/**
 * Turns an observation into evidence: what judging needs, and no address or agent. Evidence is plain JSON, so it can be kept
 * beside a hit and judged again after the raw request is gone. It decides nothing.
 */
import { type Address, blockOf, canonical, parseAddress } from './address.ts';
import { type Client, clientOf, LONGEST_AGENT } from './client.ts';
import { classOfAsn } from './data/autonomous-systems.ts';
import { type Gateway, gatewayOf } from './data/gateways.ts';
import type { NetworkMatch, Networks } from './networks.ts';
import type { Observed } from './observation.ts';
import { countOf, headersOf, textOf, timeMs } from './read-fields.ts';

/** `one-click`: a POST that is, or may well be, an RFC 8058 unsubscription. */
export type Method = 'get' | 'one-click' | 'other';

/** Which headers came. Only a header set that looks complete can lack one. */
export interface HeaderEvidence {
  readonly isComplete: boolean;
  readonly hasLanguage: boolean;
  readonly hasHints: boolean;
  readonly hasReferer: boolean;
  /** `Sec-Fetch-User: ?1`: the browser says that a person's gesture caused the request (W3C Fetch Metadata §2.4). */
  readonly isUserActivated: boolean;
  /** The request says that nobody asked for it yet (`Sec-Purpose: prefetch` and its forerunners). */
  readonly isPrefetch: boolean;
}

/** Opaque keys under which two hits can be seen to share a source. */
export interface SourceKeys {
  readonly address?: string | undefined;
  /** The /24 or /48. */
  readonly block?: string | undefined;
  readonly agent?: string | undefined;
}

/** Absent and `undefined` are the same: evidence that came through JSON is judged alike. */
export interface Evidence {
  readonly version: 1;
  readonly id?: string | undefined;
  readonly kind: 'open' | 'click';
  readonly atMs?: number | undefined;
  readonly sinceDeliveryMs?: number | undefined;
  readonly isRelayed: boolean;
  readonly method: Method;
  readonly isOneClickProven: boolean;
  readonly isAddressKnown: boolean;
  readonly networks: readonly NetworkMatch[];
  readonly client: Client;
  readonly headers?: HeaderEvidence | undefined;
  readonly isHttps?: boolean | undefined;
  readonly link?: number | undefined;
  readonly linkCount?: number | undefined;
  readonly isHoneypot: boolean;
  readonly isTokenDamaged: boolean;
  readonly gateway?: Gateway | undefined;
  /** Where the source seems to be: the caller's word, or a coarse part of the address. */
  readonly place?: string | undefined;
  readonly keys: SourceKeys;
  readonly recipientsFromSource?: { readonly within1s: number; readonly within10min: number } | undefined;
  /** The caller's word on how far the hit fits the habit of the domain's scanner. */
  readonly habit?: { readonly copies: number; readonly fitsNetwork: boolean; readonly fitsDelay: boolean } | undefined;
  /** Another provider's own flag. */
  readonly providerSays?: 'prefetch' | 'machine' | undefined;
}

/** Makes a key out of an address or agent. Hand in a keyed hash where the keys outlive the raw request. */
export type KeyOf = (text: string) => string;

/** The two keys of evidence made when nothing is to be compared with it. */
const NO_KEYS: SourceKeys = {};
const NO_MATCHES: readonly NetworkMatch[] = [];
const NOWHERE: Located = {
  address: undefined,
  matches: NO_MATCHES,
  place: undefined,
  key: undefined,
  block: undefined,
};
/** A hit further before delivery than clocks differ contradicts its delivery time, which is then no evidence. */
const CLOCK_SKEW_MS = 60_000;

export function gatherEvidence(observation: Observed, networks: Networks, keyOf: KeyOf = shortHash): Evidence {
  return gather(observation, networks, keyOf);
}

/** What follows from an address alone. */
export interface Located {
  readonly address: Address | undefined;
  readonly matches: readonly NetworkMatch[];
  readonly place: string | undefined;
  readonly key: string | undefined;
  readonly block: string | undefined;
}

/**
 * As `gatherEvidence`; without `keyOf` no source keys are made, for hits that are judged by themselves. A batch hands in a map of what
 * was found of its addresses, since few addresses make most of its hits.
 */
export function gather(
  observation: Observed,
  networks: Networks,
  keyOf: KeyOf | undefined,
  known?: Map<string, Located>,
): Evidence {
  const headers = headersOf(observation);
  const ip = textOf(observation.ip);
  const source = ip === undefined ? NOWHERE : (known?.get(ip) ?? locate(ip, networks, keyOf, known));
  const agent = textOf(observation.userAgent) ?? textOf(headers?.get('user-agent'));
  const method = methodOf(observation, headers, agent);
  const atMs = timeMs(observation.at);
  return {
    version: 1,
    id: idOf(observation.id),
    kind: observation.kind === 'click' ? 'click' : 'open',
    atMs,
    sinceDeliveryMs: elapsedMs(timeMs(observation.deliveredAt), atMs),
    isRelayed: observation.deliveredVia === 'relay',
    method: method.method,
    isOneClickProven: method.isProven || (method.isForm && !isScannerOnly(source.matches)),
    isAddressKnown: source.address !== undefined,
    networks: matchesOf(observation, source.matches),
    client: clientOf(agent),
    headers: headers === undefined ? undefined : headerEvidence(headers),
    isHttps: isHttps(observation, headers),
    link: countOf(observation.link),
    linkCount: countOf(observation.linkCount),
    isHoneypot: observation.honeypot === true,
    isTokenDamaged: observation.token === 'damaged',
    gateway: typeof observation.mx === 'string' ? gatewayOf(observation.mx) : undefined,
    place: textOf(observation.place) ?? source.place,
    keys: keyOf === undefined ? NO_KEYS : keysOf(observation, source, agent, keyOf),
    recipientsFromSource: recipientsOf(observation),
    habit: habitOf(observation),
    providerSays: flagOf(observation),
  };
}

/** Callers join by their ids, numbers too. */
const idOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;

function locate(
  ip: string,
  networks: Networks,
  keyOf: KeyOf | undefined,
  known: Map<string, Located> | undefined,
): Located {
  const address = parseAddress(ip);
  const located: Located = {
    address,
    matches: address === undefined ? NO_MATCHES : networks.lookupAddress(address),
    place: placeOf(address),
    key: address === undefined ? undefined : keyOf?.(canonical(address)),
    block: address === undefined ? undefined : keyOf?.(`/${canonical(blockOf(address))}`),
  };
  known?.set(ip, located);
  return located;
}

function elapsedMs(deliveredAtMs: number | undefined, atMs: number | undefined): number | undefined {
  if (deliveredAtMs === undefined || atMs === undefined) return undefined;
  const elapsed = atMs - deliveredAtMs;
  return elapsed < -CLOCK_SKEW_MS ? undefined : elapsed;
}

/** RFC 8058 §3.1: the body is exactly `List-Unsubscribe=One-Click`, 26 bytes as a form, more as multipart. */
const ONE_CLICK_BYTES = '26';

interface MethodEvidence {
  readonly method: Method;
  readonly isProven: boolean;
  /** A form of unsaid length: one-click unless it comes from where only scanners are. */
  readonly isForm: boolean;
}
const GET: MethodEvidence = { method: 'get', isProven: false, isForm: false };
const OTHER: MethodEvidence = { method: 'other', isProven: false, isForm: false };

/** Mailbox providers unsubscribe people from their own clouds, but not from the networks of mail protection. */
const isScannerOnly = (matches: readonly NetworkMatch[]): boolean =>
  matches.some((match) => match.class === 'microsoft-mail' || match.class === 'barracuda');

function methodOf(
  observation: Observed,
  headers: ReadonlyMap<string, string> | undefined,
  agent: string | undefined,
): MethodEvidence {
  const method = textOf(observation.method)?.toUpperCase() ?? 'GET';
  if (method === 'GET' || !/^[A-Z][A-Z-]{1,19}$/.test(method)) return GET;
  if (method !== 'POST' || observation.kind !== 'click' || observation.oneClick === false) return OTHER;
  const type = headers?.get('content-type')?.toLowerCase();
  const length = headers?.get('content-length');
  const isForm = type?.startsWith('application/x-www-form-urlencoded') === true;
  const isSaidSo = observation.oneClick === true || clientOf(agent).kind === 'gmail-actions';
  if (isSaidSo || (isForm && length === ONE_CLICK_BYTES)) return { method: 'one-click', isProven: true, isForm };
  // RFC 8058 §3.1 is for the address in List-Unsubscribe and sent by a provider: a browser that posts to a link of the body is another's.
  const isBrowserOnLink =
    type === undefined && countOf(observation.link) !== undefined && clientOf(agent).kind === 'browser';
  const isContradicted =
    isBrowserOnLink ||
    (type !== undefined && !isForm && !type.startsWith('multipart/form-data')) ||
    (isForm && length !== undefined);
  return isContradicted ? OTHER : { method: 'one-click', isProven: false, isForm };
}

/** Headers that nearly every request has: where none of them was kept, the log holds a selection and nothing can be missed. */
const ALWAYS_SENT = ['host', 'accept', 'accept-encoding', 'connection'];

/** The one in the Fetch standard, and what Chrome, Safari and Firefox sent before it. */
const PREFETCH_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'];
const PREFETCH = /^"?(?:prefetch|preview|prerender)\b/i;

function headerEvidence(headers: ReadonlyMap<string, string>): HeaderEvidence {
  return {
    isComplete: ALWAYS_SENT.some((name) => headers.has(name)),
    hasLanguage: headers.has('accept-language'),
    hasHints: headers.has('sec-ch-ua') || headers.has('sec-fetch-mode') || headers.has('sec-fetch-site'),
    hasReferer: (headers.get('referer') ?? '') !== '',
    isUserActivated: headers.get('sec-fetch-user') === '?1',
    isPrefetch: PREFETCH_HEADERS.some((name) => PREFETCH.test(headers.get(name) ?? '')),
  };
}

function isHttps(observation: Observed, headers: ReadonlyMap<string, string> | undefined): boolean | undefined {
  if (typeof observation.https === 'boolean') return observation.https;
  const scheme = headers?.get('x-forwarded-proto')?.toLowerCase();
  return scheme === 'https' ? true : scheme === 'http' ? false : undefined;
}

function matchesOf(observation: Observed, matches: readonly NetworkMatch[]): readonly NetworkMatch[] {
  const asnClass = typeof observation.asn === 'number' ? classOfAsn(observation.asn) : undefined;
  if (asnClass === undefined || matches.some((match) => match.class === asnClass)) return matches;
  return [...matches, { class: asnClass, list: 'autonomous-systems' }];
}

/** A stand-in for distance: the first octet of IPv4, the first 32 bits of IPv6. */
function placeOf(address: Address | undefined): string | undefined {
  if (address === undefined) return undefined;
  return address[0] === 0 ? `v4/${address[3] >>> 24}` : `v6/${address[0].toString(16)}`;
}

function keysOf(observation: Observed, located: Located, agent: string | undefined, keyOf: KeyOf): SourceKeys {
  const source = textOf(observation.source);
  const standIn = source === undefined ? undefined : `source:${source}`;
  return {
    address: located.address === undefined ? standIn : located.key,
    block: located.block,
    agent: agent === undefined ? standIn : keyOf(agent.slice(0, LONGEST_AGENT)),
  };
}

function recipientsOf(observation: Observed): Evidence['recipientsFromSource'] {
  const counts: unknown = observation.recipientsFromSource;
  if (typeof counts !== 'object' || counts === null) return undefined;
  const { within1s, within10min } = counts as Record<string, unknown>;
  return { within1s: countOf(within1s) ?? 0, within10min: countOf(within10min) ?? 0 };
}

function habitOf(observation: Observed): Evidence['habit'] {
  const habit: unknown = observation.habit;
  if (typeof habit !== 'object' || habit === null) return undefined;
  const { copies, fitsNetwork, fitsDelay } = habit as Record<string, unknown>;
  return { copies: countOf(copies) ?? 0, fitsNetwork: fitsNetwork === true, fitsDelay: fitsDelay === true };
}

function flagOf({ providerSays }: Observed): Evidence['providerSays'] {
  return providerSays === 'prefetch' || providerSays === 'machine' ? providerSays : undefined;
}

/** 53 bits that tell sources of one batch apart (after cyrb53, public domain). It hides nothing: it is no protection. */
function shortHash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}
