/**
 * Gives an account a new wrapping key and seals anew under it the keys of its messages, and then all else that is sealed
 * for the account, in small transactions beside everything else that goes on. Any process may take it up where another
 * left it. It reads no message.
 */
import { accountVault, freshAccountVault, wrappingKeyGraceMs } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Actor } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import {
  deleteOlderKeys,
  findLastDone,
  findRotation,
  findUnfinished,
  hasOlderMessageKeys,
  insertRotation,
  insertWrappingKey,
  type KeyRow,
  lockAccountKeys,
  lockRotation,
  lockSealedKeys,
  markRetired,
  nextVersion,
  type Rotation,
  readKeys,
  readSealedValues,
  replaceKeys,
  replaceOwnKey,
  replaceSealedValues,
  replaceWrappingKey,
  type SealedValue,
  saveProgress,
} from './key-store.ts';
import { accountColumns, type SealedColumn } from './sealed-columns.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface RotationWish {
  readonly accountId: string;
  readonly actor: Actor;
  /** Until the new key is used; every process has heard of it by then. */
  readonly graceMs?: number;
}

/** Begins a rotation; one that has not ended is taken up instead. */
export async function startRotation(world: Needs, wish: RotationWish): Promise<Rotation> {
  const { accountId, actor, graceMs = wrappingKeyGraceMs } = wish;
  await accountVault(world, accountId); // whose key file is an old one must not add a key that others cannot open
  return world.db.asAccount(accountId, async (tx) => {
    await lockAccountKeys(tx);
    const unfinished = await findUnfinished(tx);
    if (unfinished !== undefined) return unfinished;
    const at = world.clock.now();
    const version = await nextVersion(tx);
    const inForceAt = new Date(at.getTime() + graceMs);
    await insertWrappingKey(tx, { version, keySealed: world.vault.newAccountKey(), at, inForceAt });
    const id = newId(at);
    const messages = await insertRotation(tx, id, version, at);
    await record(tx, {
      at,
      actor,
      action: 'keys.rotation_started',
      object: { kind: 'key-rotation', id },
      detail: { version, messages },
    });
    return findRotation(tx, id);
  });
}

const batchSize = 500;
/** After a key came into force, a message that was just being accepted may still be under the one before. */
const settleMs = 15_000;

export interface RunOptions {
  readonly settleMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (rotation: Rotation) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Runs until every message's key is under the new one, or until the signal. Gives the rotation as it stands then. */
export async function runRotation(world: Needs, accountId: string, id: string, options: RunOptions): Promise<Rotation> {
  for (;;) {
    const step = await rotateBatch(world, accountId, id, options.settleMs ?? settleMs);
    if (step.kind === 'progress') options.onProgress?.(step.rotation);
    if (step.kind === 'done' || options.signal?.aborted === true)
      return world.db.readAccount(accountId, (tx) => findRotation(tx, id));
    if (step.kind === 'wait') await options.sleep(step.waitMs);
  }
}

export type Step =
  | { readonly kind: 'progress'; readonly rotation: Rotation }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'done' };

/** A bounded piece of a rotation, in one transaction. */
export async function rotateBatch(world: Needs, accountId: string, id: string, waitAfterMs = settleMs): Promise<Step> {
  const now = world.clock.now();
  const known = await world.db.readAccount(accountId, (tx) => findRotation(tx, id));
  if (known.doneAt !== null) return { kind: 'done' };
  const leftMs = known.inForceAt.getTime() + waitAfterMs - now.getTime();
  if (leftMs > 0) return { kind: 'wait', waitMs: Math.min(leftMs, 1_000) };
  const isFirst = known.reachedId === null;
  const vault = await (isFirst ? freshAccountVault : accountVault)(world, accountId);
  return world.db.asAccount(accountId, async (tx) => {
    const rotation = await lockRotation(tx, id);
    if (rotation === undefined) return { kind: 'wait', waitMs: 200 };
    if (rotation.keysDone) return resealBatch(tx, vault, rotation, now);
    const rows = await readKeys(tx, rotation, batchSize);
    const renewed = rows.flatMap((row) => {
      const becomes = vault.rewrapMessageKey(row.keySealed);
      return becomes === undefined ? [] : [{ messageId: row.messageId, was: row.keySealed, becomes }];
    });
    if (renewed.length > 0) await replaceKeys(tx, renewed);
    const next = { ...rotation, ...placeAfter(rotation, rows, renewed.length) };
    await saveProgress(tx, next);
    return { kind: 'progress', rotation: next };
  });
}

/** The next values of the column that it has come to. When all have had a pass that found nothing, the rotation is done. */
async function resealBatch(tx: Tx, vault: AccountVault, rotation: Rotation, now: Date): Promise<Step> {
  const at = accountColumns.find((one) => nameOf(one) === rotation.dataColumn) ?? firstColumn;
  const options = { after: rotation.dataKey, version: rotation.version, most: batchSize };
  const rows = await readSealedValues(tx, at, options);
  const renewed = rows.flatMap(({ key, value }) => {
    const becomes = vault.reseal(at.purpose, value);
    return becomes === undefined ? [] : [{ key, was: value, becomes }];
  });
  const changed = renewed.length === 0 ? 0 : await replaceSealedValues(tx, at, renewed);
  const next = { ...rotation, ...columnAfter(rotation, at, rows, changed, now) };
  await saveProgress(tx, next);
  if (next.doneAt === null) return { kind: 'progress', rotation: next };
  await record(tx, {
    at: now,
    actor: { kind: 'system', id: 'key-rotation' },
    action: 'keys.rotated',
    object: { kind: 'key-rotation', id: next.id },
    detail: { version: next.version, messages: next.rewrapped },
  });
  return { kind: 'done' };
}

const nameOf = ({ table, column }: SealedColumn): string => `${table}.${column}`;
const [firstColumn] = accountColumns as [SealedColumn, ...SealedColumn[]];

/** What was found counts, not what could be changed: a row that somebody held is looked for again. */
function columnAfter(rotation: Rotation, at: SealedColumn, rows: readonly SealedValue[], changed: number, now: Date) {
  const resealed = rotation.resealed + changed;
  const resealedInPass = rotation.resealedInPass + rows.length;
  const last = rows.at(-1);
  if (rows.length === batchSize && last !== undefined)
    return { resealed, resealedInPass, dataColumn: nameOf(at), dataKey: last.key };
  const following = accountColumns[accountColumns.indexOf(at) + 1];
  if (following !== undefined) return { resealed, resealedInPass, dataColumn: nameOf(following), dataKey: null };
  const doneAt = resealedInPass === 0 ? now : null;
  return { resealed, resealedInPass: 0, dataColumn: null, dataKey: null, doneAt };
}

/** A pass that found something is followed by another: a slow acceptance may have come in behind it. */
function placeAfter(rotation: Rotation, rows: readonly KeyRow[], renewed: number) {
  const rewrapped = rotation.rewrapped + renewed;
  const rewrappedInPass = rotation.rewrappedInPass + renewed;
  const last = rows.at(-1);
  if (rows.length === batchSize && last !== undefined)
    return { rewrapped, rewrappedInPass, reachedAt: last.acceptedAt, reachedId: last.messageId };
  return { rewrapped, rewrappedInPass: 0, reachedAt: null, reachedId: null, keysDone: rewrappedInPass === 0 };
}

/** Seals an account's keys anew under the newest line of the key file; gives how many were not yet. */
export function rewrapAccount(world: Needs, accountId: string, actor: Actor): Promise<number> {
  return world.db.asAccount(accountId, async (tx) => {
    const { own, wrapping } = await lockSealedKeys(tx);
    const ownAnew = world.vault.rewrapAccountKey(own);
    if (ownAnew !== undefined) await replaceOwnKey(tx, ownAnew);
    let keys = ownAnew === undefined ? 0 : 1;
    for (const { version, key } of wrapping) {
      const anew = world.vault.rewrapAccountKey(key);
      if (anew === undefined) continue;
      await replaceWrappingKey(tx, version, anew);
      keys += 1;
    }
    if (keys > 0)
      await record(tx, {
        at: world.clock.now(),
        actor,
        action: 'keys.rewrapped',
        object: { kind: 'account', id: accountId },
        detail: { keys },
      });
    return keys;
  });
}

/**
 * Destroys an account's keys before those of its last rotation, when nothing is under them any more. Undefined: the
 * last one has not ended, or something is. Gives the number of the oldest key that is left.
 */
export function retireOlderKeys(world: Needs, accountId: string, actor: Actor): Promise<number | undefined> {
  return world.db.asAccount(accountId, async (tx) => {
    await lockAccountKeys(tx);
    const last = await findLastDone(tx);
    if (last === undefined || (await isUsedBefore(tx, last.version))) return undefined;
    const { own } = await lockSealedKeys(tx);
    await replaceOwnKey(tx, world.vault.withoutSealing(own));
    await deleteOlderKeys(tx, last.version);
    const at = world.clock.now();
    await markRetired(tx, last.id, at);
    const object = { kind: 'key-rotation', id: last.id } as const;
    await record(tx, { at, actor, action: 'keys.retired', object, detail: { before: last.version } });
    return last.version;
  });
}

async function isUsedBefore(tx: Tx, version: number): Promise<boolean> {
  if (await hasOlderMessageKeys(tx, version)) return true;
  for (const column of accountColumns)
    if ((await readSealedValues(tx, column, { after: null, version, most: 1 })).length > 0) return true;
  return false;
}
