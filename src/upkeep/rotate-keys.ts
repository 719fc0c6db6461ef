/**
 * Gives an account a new wrapping key and seals the keys of its messages anew under it, in small transactions beside
 * everything else that goes on. Any process may take it up where another left it. It reads no message.
 */
import { accountVault, freshAccountVault, wrappingKeyGraceMs } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { newId } from '../platform/ids.ts';
import type { Actor } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import {
  findRotation,
  findUnfinished,
  insertRotation,
  insertWrappingKey,
  type KeyRow,
  lockAccountKeys,
  lockRotation,
  lockSealedKeys,
  nextVersion,
  type Rotation,
  readKeys,
  replaceKeys,
  replaceOwnKey,
  replaceWrappingKey,
  saveProgress,
} from './key-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface RotationWish {
  readonly accountId: string;
  readonly actor: Actor;
  /** Until the new key is used; every process has heard of it by then. */
  readonly graceMs?: number;
}

/** Begins a rotation; one that has not ended is taken up instead. */
export function startRotation(world: Needs, wish: RotationWish): Promise<Rotation> {
  const { accountId, actor, graceMs = wrappingKeyGraceMs } = wish;
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
    const rows = await readKeys(tx, rotation, batchSize);
    const renewed = rows.flatMap((row) => {
      const becomes = vault.rewrapMessageKey(row.keySealed);
      return becomes === undefined ? [] : [{ messageId: row.messageId, was: row.keySealed, becomes }];
    });
    if (renewed.length > 0) await replaceKeys(tx, renewed);
    const next = { ...rotation, ...placeAfter(rotation, rows, renewed.length, now) };
    await saveProgress(tx, id, next);
    if (next.doneAt === null) return { kind: 'progress', rotation: next };
    await record(tx, {
      at: now,
      actor: { kind: 'system', id: 'key-rotation' },
      action: 'keys.rotated',
      object: { kind: 'key-rotation', id },
      detail: { version: next.version, messages: next.rewrapped },
    });
    return { kind: 'done' };
  });
}

/** A pass that found something is followed by another: a slow acceptance may have come in behind it. */
function placeAfter(rotation: Rotation, rows: readonly KeyRow[], renewed: number, now: Date) {
  const rewrapped = rotation.rewrapped + renewed;
  const rewrappedInPass = rotation.rewrappedInPass + renewed;
  const last = rows.at(-1);
  if (rows.length === batchSize && last !== undefined)
    return { rewrapped, rewrappedInPass, reachedAt: last.acceptedAt, reachedId: last.messageId, doneAt: null };
  const doneAt = rewrappedInPass === 0 ? now : null;
  return { rewrapped, rewrappedInPass: 0, reachedAt: null, reachedId: null, doneAt };
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
