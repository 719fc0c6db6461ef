/**
 * Counts failed sign-ins by address and by user, and wrong API keys by address, over all processes and restarts, and
 * makes the next ones wait. It keeps keyed hashes of who tried, for an hour, and never whether there is such a user.
 */
import { createHmac } from 'node:crypto';
import QuickLRU from 'quick-lru';
import { Problem } from '../contract/problem.ts';
import { waitAfterMs } from '../core/access/growing-wait.ts';
import type { Vault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import {
  claimTry,
  findTries,
  forgetTries,
  forgiveTry,
  lockTries,
  pruneTries,
  saveTries,
  type TryCount,
} from './try-store.ts';

export interface Tries {
  /** Counts a try as failed until it is told otherwise. Throws request.rate_limited. */
  begin(of: Triers): Promise<void>;
  succeeded(of: Triers): Promise<void>;
}

interface Triers {
  /** Of many people, perhaps. */
  readonly source: string;
  readonly user: string;
}

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const forgetAfterMs = 3_600_000;
/** Each try adds two rows at most, and takes away more of those that are over. */
const prunedATime = 10;
/** A whole clinic may share one address. */
const sharedAllowance = 15;

export function countTries(world: Needs): Tries {
  const nameOf = namesOf(world.vault);
  return {
    async begin({ source, user }) {
      const [ofUser, ofSource] = [nameOf('user', user), nameOf('source', source)];
      const now = world.clock.now();
      const waitMs = await world.db.asWorker(async (tx) => {
        const counts = recent(await lockTries(tx, [ofUser, ofSource], now), now);
        const failuresOf = (who: Buffer): number => counts.get(who.toString('hex'))?.failures ?? 0;
        const untilMs = Math.max(
          waitsUntilMs(counts, ofUser, failuresOf(ofUser)),
          waitsUntilMs(counts, ofSource, failuresOf(ofSource) - sharedAllowance),
        );
        if (untilMs > now.getTime()) return untilMs - now.getTime();
        for (const who of [ofUser, ofSource]) await saveTries(tx, who, failuresOf(who) + 1, now);
        await pruneTries(tx, new Date(now.getTime() - forgetAfterMs), prunedATime);
        return 0;
      });
      if (waitMs > 0) throw new Problem('request.rate_limited', [], Math.ceil(waitMs / 1000));
    },
    async succeeded({ source, user }) {
      await world.db.asWorker(async (tx) => {
        await forgetTries(tx, nameOf('user', user));
        await forgiveTry(tx, nameOf('source', source));
      });
    },
  };
}

/** What is older than an hour counts for nothing. */
const recent = (counts: readonly TryCount[], now: Date): Map<string, TryCount> =>
  new Map(
    counts
      .filter(({ lastAt }) => now.getTime() - lastAt.getTime() <= forgetAfterMs)
      .map((count) => [count.who.toString('hex'), count]),
  );

const waitsUntilMs = (counts: ReadonlyMap<string, TryCount>, who: Buffer, failures: number): number =>
  (counts.get(who.toString('hex'))?.lastAt.getTime() ?? 0) + waitAfterMs(failures);

function namesOf(vault: Vault): (kind: 'user' | 'source' | 'key-source', value: string) => Buffer {
  const key = vault.derive('failed-tries');
  return (kind, value) => createHmac('sha256', key).update(`${kind}\0${value}`).digest().subarray(0, 16);
}

export interface KeyTries {
  /** Before a key is looked up that this process has not seen to be right. Throws request.rate_limited. */
  begin(source: string, hash: Buffer): Promise<void>;
  succeeded(hash: Buffer): void;
  failed(source: string, hash: Buffer): Promise<void>;
}

/** Wrong keys of an hour that an address may bring before it waits: one program with an old key asks often. */
const wrongKeysFree = 300;
/** Then one key that is new here a second: too few for guessing, enough for a neighbour with a right one. */
const wrongKeyWaitMs = 1_000;
const rightForMs = 3_600_000;
const maxRight = 10_000;

export function countKeyTries(world: Needs): KeyTries {
  const nameOf = namesOf(world.vault);
  const right = new QuickLRU<string, true>({ maxSize: maxRight, maxAge: rightForMs });
  return {
    async begin(source, hash) {
      if (right.has(hash.toString('base64'))) return;
      const now = world.clock.now();
      const isWaiting = await world.db.asWorker(async (tx) => {
        const who = nameOf('key-source', source);
        const found = recent(await findTries(tx, who), now).get(who.toString('hex'));
        return (
          found !== undefined &&
          found.failures >= wrongKeysFree &&
          !(await claimTry(tx, who, now, new Date(now.getTime() - wrongKeyWaitMs)))
        );
      });
      if (isWaiting) throw new Problem('request.rate_limited', [], wrongKeyWaitMs / 1000);
    },
    succeeded(hash) {
      right.set(hash.toString('base64'), true);
    },
    async failed(source, hash) {
      right.delete(hash.toString('base64'));
      const who = nameOf('key-source', source);
      const now = world.clock.now();
      await world.db.asWorker(async (tx) => {
        const failures = recent(await lockTries(tx, [who], now), now).get(who.toString('hex'))?.failures ?? 0;
        await saveTries(tx, who, failures + 1, now);
        await pruneTries(tx, new Date(now.getTime() - forgetAfterMs), prunedATime);
      });
    },
  };
}
