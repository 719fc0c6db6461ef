/**
 * Seals the address and agent of a hit under the key of its account and day and that again under its message's, and opens
 * them as long as the account's choice and both keys are there. Where nothing may be kept it keeps nothing, not even sealed.
 */
import { randomBytes } from 'node:crypto';
import { readSettings } from '../accounts/index.ts';
import type { AccountKeys, HitDetail, JudgedHit, SealerOf } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { nullWhenBroken, SealBroken, type Sealer } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import type { JournaledHit } from './hit.ts';
import { hideTexts, type RequestKey, requestKey, showText } from './request-cipher.ts';
import { insertRequestKeys, type RequestKeyRow, selectRequestKeys } from './request-key-store.ts';
import { isReadable, type KeepDays, requestDay, stricterDays } from './request-life.ts';

/** A key that a hit needs is not there yet, or no more. `makeRequestKeys` outside of the transaction, and do it again. */
export class RequestKeyMissing extends Error {}

type Source = Pick<JournaledHit, 'ip' | 'userAgent' | 'atMs'>;
type Keys = Pick<AccountKeys, 'vault'>;

/** Under the key of its day alone, so that a batch's hits of one source share it: `lockRequest` before it is stored. Undefined: nothing is kept. */
export type SealRequest = (hit: Source) => string | undefined;

const keepNothing: SealRequest = () => undefined;

/** One look at the keys for all hits of an account in a batch. */
export async function requestSealer(
  tx: Tx,
  account: Keys,
  keepDays: KeepDays,
  hits: readonly Source[],
  now: Date,
): Promise<SealRequest> {
  const days = daysToKeep(hits, keepDays, now);
  if (days.size === 0) return keepNothing;
  const rows = await selectRequestKeys(tx, [...days]);
  if (rows.length < days.size) throw new RequestKeyMissing();
  const seals = new Map(rows.map((row) => [row.day, hidingOnce(opened(account, row))]));
  const dayOf = rememberedDay();
  return (hit) =>
    isKept(hit, keepDays, now) ? seals.get(dayOf(hit.atMs))?.(`${hit.ip ?? ''}\n${hit.userAgent ?? ''}`) : undefined;
}

/** A batch's many hits from one proxy share one sealed text, which says no more than the source's own key beside it. */
function hidingOnce(key: RequestKey): (text: string) => string {
  const hide = hideTexts(key);
  const known = new Map<string, string>();
  return (text) => {
    const sealed = known.get(text) ?? hide(text);
    known.set(text, sealed);
    return sealed;
  };
}

/** Makes the keys that these hits need, in a transaction of its own that nobody waits for. */
export async function makeRequestKeys(
  world: Pick<World, 'db' | 'clock'>,
  account: Keys & Pick<AccountKeys, 'accountId'>,
  hits: readonly Source[],
): Promise<void> {
  await world.db.asAccount(account.accountId, async (tx) => {
    const { keepRequestDays } = await readSettings(tx);
    await makeRequestKeysInside(tx, account, keepRequestDays, hits, world.clock.now());
  });
}

const aheadMs = 10 * 60_000;
const madeAhead = new WeakMap<Keys['vault'], string>();

/** Shortly before a day begins, so that not every drain's first batch of the day must begin again for want of its key. */
export async function makeNextRequestKey(
  world: Pick<World, 'db' | 'clock'>,
  account: Keys & Pick<AccountKeys, 'accountId'>,
): Promise<void> {
  const soon = new Date(world.clock.now().getTime() + aheadMs);
  const day = requestDay(soon);
  if (day === requestDay(world.clock.now()) || madeAhead.get(account.vault) === day) return;
  madeAhead.set(account.vault, day);
  const hit = { ip: '', userAgent: '', atMs: soon.getTime() };
  await makeRequestKeys(world, account, [hit]).catch(() => madeAhead.delete(account.vault)); // then it is made when it is needed
}

/**
 * The same in a transaction that goes on: another one that makes the same key waits for its end, so it must come before
 * any lock that such another one may hold.
 */
export async function makeRequestKeysInside(
  tx: Tx,
  account: Keys,
  keepDays: KeepDays,
  hits: readonly Source[],
  now: Date,
): Promise<void> {
  const days = [...daysToKeep(hits, keepDays, now)].sort(); // in order: two who make the same never wait for each other
  const wrap = (): Buffer => account.vault.seal('request.key', randomBytes(32));
  await insertRequestKeys(
    tx,
    days.map((day) => ({ day, keySealed: wrap(), keepDays })),
  );
}

export interface ReadRequest {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** Null: not kept, or no more. */
export type OpenRequest = (hit: Pick<JudgedHit, 'messageId' | 'occurredAt' | 'detail'>) => ReadRequest;

const lockPurpose = 'request.kept';

/** In the words of the event's detail. */
export const lockRequest = (message: Sealer, kept: string): string =>
  message.seal(lockPurpose, Buffer.from(kept, 'base64')).toString('base64');

function unlocked(message: Sealer, locked: string): string | null {
  try {
    return message.open(lockPurpose, Buffer.from(locked, 'base64')).toString('base64');
  } catch (error) {
    return nullWhenBroken(error);
  }
}

/** Opens requests of hits that came at these times. Of held mail as long as their keys are there: these stay for it. */
export async function requestOpener(
  tx: Tx,
  account: Keys & { readonly sealerOf: SealerOf },
  times: readonly Date[],
  now: Date,
  { isHeld = false } = {},
): Promise<OpenRequest> {
  const keepRequestDays = isHeld ? null : (await readSettings(tx)).keepRequestDays;
  const readable = times.filter((at) => isReadable(at, keepRequestDays, now));
  const dayOf = rememberedDay();
  const rows = await selectRequestKeys(tx, [...new Set(readable.map((at) => dayOf(at.getTime())))]);
  const keys = new Map(rows.map((row) => [row.day, { keepDays: row.keepDays, opened: openedOrNot(account, row) }]));
  return ({ messageId, occurredAt, detail: { request } }) => {
    const key = keys.get(dayOf(occurredAt.getTime()));
    const keyDays = isHeld ? null : (key?.keepDays ?? null);
    if (!isReadable(occurredAt, stricterDays(keepRequestDays, keyDays), now)) return gone;
    if (request.locked === undefined && request.kept === undefined)
      return { ip: request.ip ?? null, userAgent: request.userAgent ?? null };
    const kept = keptIn(request, account.sealerOf(messageId));
    return key?.opened === undefined || kept === null ? gone : openKept(key.opened, kept);
  };
}

function keptIn({ locked, kept }: HitDetail['request'], message: Sealer | null): string | null {
  if (locked === undefined) return kept ?? null;
  return message === null ? null : unlocked(message, locked);
}

const gone: ReadRequest = { ip: null, userAgent: null };

/** Undefined where even the key's own wrapping does not open. */
function openedOrNot(account: Keys, row: RequestKeyRow): RequestKey | undefined {
  try {
    return opened(account, row);
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}

function openKept(key: RequestKey, kept: string): ReadRequest {
  const text = showText(key, kept);
  if (text === null) return gone; // under a key that was destroyed; this one was made for the same day since
  const end = text.indexOf('\n');
  return end < 0
    ? { ip: text || null, userAgent: null }
    : { ip: text.slice(0, end) || null, userAgent: text.slice(end + 1) };
}

const isKept = ({ ip, userAgent, atMs }: Source, keepDays: KeepDays, now: Date): boolean =>
  (ip !== null || userAgent !== null) && (keepDays === null || isReadable(new Date(atMs), keepDays, now));

function daysToKeep(hits: readonly Source[], keepDays: KeepDays, now: Date): Set<string> {
  if (keepDays === 0) return new Set();
  const dayOf = rememberedDay();
  return new Set(hits.filter((hit) => isKept(hit, keepDays, now)).map((hit) => dayOf(hit.atMs)));
}

const dayMs = 86_400_000;

/** Writing a date costs more than the cipher; nearly all hits of a batch are of one day. */
function rememberedDay(): (atMs: number) => string {
  const known = new Map<number, string>();
  return (atMs) => {
    const number = Math.floor(atMs / dayMs);
    const day = known.get(number) ?? requestDay(new Date(atMs));
    known.set(number, day);
    return day;
  };
}

const openedKeys = new WeakMap<Keys['vault'], Map<string, RequestKey>>();
const mostOpenedKeys = 500;

/** Unwrapped once a process; known by its wrapped form, so that a key made anew is another one. */
function opened({ vault }: Keys, { keySealed }: RequestKeyRow): RequestKey {
  const known = openedKeys.get(vault) ?? new Map<string, RequestKey>();
  openedKeys.set(vault, known);
  const name = keySealed.toString('base64');
  const key = known.get(name) ?? requestKey(vault.open('request.key', keySealed));
  if (known.size >= mostOpenedKeys) known.clear();
  known.set(name, key);
  return key;
}
