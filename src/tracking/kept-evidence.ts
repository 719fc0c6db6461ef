/**
 * Evidence as it is kept beside a hit: without names, and without what the hit itself says. Half of what an event takes on
 * disk is its evidence, so it is written short. Nothing is judged and nothing lost: what is read is what was kept.
 */
import type { Evidence } from '@waxwing/verdict';
import type { JudgedHit } from '../events/index.ts';

const bits = {
  relayed: 1,
  oneClickProven: 2,
  addressKnown: 4,
  honeypot: 8,
  httpsKnown: 16,
  https: 32,
  headers: 64,
} as const;
const headerBits = {
  complete: 128,
  language: 256,
  hints: 512,
  referer: 1024,
  userActivated: 2048,
  prefetch: 4096,
} as const;

/** Fields in their order; what is not known is null. */
type Kept = readonly [
  version: Evidence['version'],
  flags: number,
  method: Evidence['method'],
  sinceDeliveryMs: number | null,
  linkCount: number | null,
  networks: Evidence['networks'],
  client: Evidence['client'],
  gateway: NonNullable<Evidence['gateway']> | null,
  place: string | null,
  keys: readonly [address: string | null, block: string | null, agent: string | null],
  recipientsFromSource: NonNullable<Evidence['recipientsFromSource']> | null,
  // What rulesets since 2026-11-22.3 know; absent in rows kept before, and where there is nothing of it to keep.
  ...told: Told,
];

type KeptHabit = readonly [copies: number, fitsNetwork: 0 | 1, fitsDelay: 0 | 1];

export const keepEvidence = (evidence: Evidence): unknown => {
  const { address, block, agent } = evidence.keys;
  const kept: Kept = [
    evidence.version,
    flagsOf(evidence),
    evidence.method,
    evidence.sinceDeliveryMs ?? null,
    evidence.linkCount ?? null,
    evidence.networks,
    evidence.client,
    evidence.gateway ?? null,
    evidence.place ?? null,
    [address ?? null, block ?? null, agent ?? null],
    evidence.recipientsFromSource ?? null,
    ...toldOf(evidence),
  ];
  return kept;
};

type Told =
  | readonly []
  | readonly [habit: KeptHabit | null]
  | readonly [habit: KeptHabit | null, says: 'prefetch' | 'machine'];

/** Few hits have any of it: the others are kept without. */
function toldOf({ habit, providerSays }: Evidence): Told {
  const kept: KeptHabit | null =
    habit === undefined ? null : [habit.copies, bit(habit.fitsNetwork), bit(habit.fitsDelay)];
  if (providerSays !== undefined) return [kept, providerSays];
  return kept === null ? [] : [kept];
}

const bit = (is: boolean): 0 | 1 => (is ? 1 : 0);

/** Evidence of a stored hit, as it was when it came. */
export function restoreEvidence(hit: Pick<JudgedHit, 'id' | 'kind' | 'occurredAt' | 'linkIndex' | 'detail'>): Evidence {
  const [version, flags, method, sinceDeliveryMs, linkCount, networks, client, gateway, place, keys, reached, ...told] =
    hit.detail.evidence as Kept;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  return {
    version,
    id: hit.id,
    kind: hit.kind,
    atMs: hit.occurredAt.getTime(),
    sinceDeliveryMs: sinceDeliveryMs ?? undefined,
    isRelayed: has(bits.relayed),
    method,
    isOneClickProven: has(bits.oneClickProven),
    isAddressKnown: has(bits.addressKnown),
    networks,
    client,
    headers: headersOf(has),
    isHttps: has(bits.httpsKnown) ? has(bits.https) : undefined,
    link: hit.linkIndex ?? undefined,
    linkCount: linkCount ?? undefined,
    isHoneypot: has(bits.honeypot),
    isTokenDamaged: hit.detail.request.token === 'damaged',
    gateway: gateway ?? undefined,
    place: place ?? undefined,
    keys: { address: keys[0] ?? undefined, block: keys[1] ?? undefined, agent: keys[2] ?? undefined },
    recipientsFromSource: reached ?? undefined,
    habit: habitOf(told[0]),
    providerSays: told[1],
  };
}

function habitOf(kept: KeptHabit | null | undefined): Evidence['habit'] {
  if (kept === undefined || kept === null) return undefined;
  const [copies, fitsNetwork, fitsDelay] = kept;
  return { copies, fitsNetwork: fitsNetwork === 1, fitsDelay: fitsDelay === 1 };
}

/** Whether it was the link that nobody can see that was asked for. */
export const isHoneypotHit = ({ evidence }: Pick<JudgedHit['detail'], 'evidence'>): boolean =>
  Array.isArray(evidence) && ((evidence as unknown as Kept)[1] & bits.honeypot) !== 0;

function flagsOf(evidence: Evidence): number {
  const { headers, isHttps } = evidence;
  const some = (is: boolean | undefined, bit: number): number => (is === true ? bit : 0);
  return (
    some(evidence.isRelayed, bits.relayed) |
    some(evidence.isOneClickProven, bits.oneClickProven) |
    some(evidence.isAddressKnown, bits.addressKnown) |
    some(evidence.isHoneypot, bits.honeypot) |
    some(isHttps !== undefined, bits.httpsKnown) |
    some(isHttps, bits.https) |
    some(headers !== undefined, bits.headers) |
    some(headers?.isComplete, headerBits.complete) |
    some(headers?.hasLanguage, headerBits.language) |
    some(headers?.hasHints, headerBits.hints) |
    some(headers?.hasReferer, headerBits.referer) |
    some(headers?.isUserActivated, headerBits.userActivated) |
    some(headers?.isPrefetch, headerBits.prefetch)
  );
}

function headersOf(has: (bit: number) => boolean): Evidence['headers'] {
  if (!has(bits.headers)) return undefined;
  return {
    isComplete: has(headerBits.complete),
    hasLanguage: has(headerBits.language),
    hasHints: has(headerBits.hints),
    hasReferer: has(headerBits.referer),
    isUserActivated: has(headerBits.userActivated),
    isPrefetch: has(headerBits.prefetch),
  };
}
