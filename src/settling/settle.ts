/**
 * The loop on which everything hangs that must wait for a settled verdict. It hands each consumer every settled hit once,
 * with its copy: what the consumer writes and the end of the waiting are one transaction. It judges nothing.
 */
import { Gauge } from 'prom-client';
import { accountVault } from '../accounts/index.ts';
import { type AccountKeys, type JudgedHit, loadHits } from '../events/index.ts';
import { DatabaseUnavailable, type Tx, type WorkerTx } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import { repeat } from '../platform/repeat.ts';
import { SealBroken } from '../platform/vault.ts';
import type { Running, World } from '../platform/world.ts';
import type { SettlingConsumer } from './announce-hits.ts';
import {
  type ClaimedBatch,
  type CopyRow,
  claimBatches,
  claimThese,
  deleteBatches,
  findDueAccount,
  oldestDue,
  putOffAccount,
  putOffBatches,
  selectCopies,
} from './store.ts';

/** A recipient's copy with its hits, judged as they are judged now. */
export interface SettledCopy extends CopyRow {
  /** Oldest first; of a copy with more than `mostHits` one more, so that it shows. */
  readonly hits: readonly JudgedHit[];
  /** Ids of the hits that are handed out with this batch; none where an earlier verdict was revised. */
  readonly newlySettled: ReadonlySet<string>;
}

/** Hits whose verdicts have settled, unopened: enough for who passes them on. Each is handed out once. */
export interface SettledHits {
  readonly hitIds: readonly string[];
  /** Whose they are, and maybe others. */
  readonly recipientIds: readonly string[];
}

export type Consumer = CopyConsumer | HitConsumer;

interface HitConsumer {
  readonly name: SettlingConsumer;
  /** Inside the transaction that ends the waiting. */
  onSettledHits(tx: Tx, hits: SettledHits): Promise<unknown>;
}

export interface CopyConsumer {
  readonly name: SettlingConsumer;
  /**
   * Inside the transaction that ends the waiting. A copy comes again when it gets another hit or one of its verdicts is
   * revised; each hit is newly settled once.
   */
  onSettled(tx: Tx, account: AccountKeys, copies: readonly SettledCopy[], now: Date): Promise<void>;
}

export type SettlingWorld = Pick<World, 'db' | 'vault' | 'clock' | 'log' | 'metrics'>;

export interface SettlingPace {
  readonly idleMs: number;
  readonly batches: number;
  /** At most so many copies a transaction, unless one batch alone has more. */
  readonly copies: number;
}

const defaultPace: SettlingPace = { idleMs: 5_000, batches: 64, copies: 4_000 };
/** What is held in memory at a time. */
const copiesAtOnce = 250;
/** More is a machine gone wild: opening it all would cost more than it tells. */
export const mostHits = 300;
/** Hits that another provider told of can lie before our own acceptance. */
const acceptedSlackMs = 2 * 86_400_000;
const putOffMs = 10 * 60_000;

/** The consumer failed at these batches. */
class HandingFailed extends Error {
  readonly batchIds: readonly number[];
  constructor(batchIds: readonly number[], cause: unknown) {
    super('settled hits could not be handed out', { cause });
    this.batchIds = batchIds;
  }
}

/** Hands out what is due now, one account's batches in a transaction; gives the number of batches. 0: nothing was due. */
export async function settleOnce(
  world: SettlingWorld,
  consumer: Consumer,
  pace: Partial<SettlingPace> = {},
): Promise<number> {
  const bounds = { ...defaultPace, ...pace };
  const now = world.clock.now();
  const accountId = await world.db.asWorker((tx) => findDueAccount(tx, consumer.name, now));
  if (accountId === undefined) return 0;
  const account = await openAccount(world, accountId);
  if (account === undefined) return putOffUnread(world, consumer, accountId, now);
  try {
    return await handOut(world, consumer, account, now, (tx) =>
      claimBatches(tx, consumer.name, accountId, now, bounds),
    );
  } catch (error) {
    if (!(error instanceof HandingFailed)) throw error;
    if (error.cause instanceof DatabaseUnavailable) throw error.cause;
    return oneByOne(world, consumer, account, now, error);
  }
}

const openAccount = async (world: SettlingWorld, accountId: string): Promise<AccountKeys | undefined> => {
  try {
    return { accountId, vault: await accountVault(world, accountId) };
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
};

async function putOffUnread(world: SettlingWorld, consumer: Consumer, accountId: string, now: Date): Promise<number> {
  world.log.error({ accountId, consumer: consumer.name }, 'the key of an account does not open: its hits wait');
  const until = new Date(now.getTime() + putOffMs);
  await world.db.asWorker((tx) => putOffAccount(tx, consumer.name, accountId, now, until));
  return 1;
}

type Claim = (tx: WorkerTx) => Promise<ClaimedBatch[]>;

function handOut(
  world: SettlingWorld,
  consumer: Consumer,
  account: AccountKeys,
  now: Date,
  claim: Claim,
): Promise<number> {
  return world.db.asWorker(async (tx) => {
    const claimed = await claim(tx);
    if (claimed.length === 0) return 0;
    const ids = claimed.map((batch) => batch.id);
    try {
      await handOver(tx, consumer, account, claimed, now);
    } catch (error) {
      throw new HandingFailed(ids, error);
    }
    await deleteBatches(tx, ids);
    return claimed.length;
  });
}

async function handOver(
  tx: WorkerTx,
  consumer: Consumer,
  account: AccountKeys,
  claimed: readonly ClaimedBatch[],
  now: Date,
): Promise<void> {
  const newlySettled = new Set(claimed.flatMap((batch) => batch.eventIds));
  const recipientIds = [...new Set(claimed.flatMap((batch) => batch.recipientIds))];
  for (let from = 0; from < recipientIds.length; from += copiesAtOnce) {
    const some = recipientIds.slice(from, from + copiesAtOnce);
    await tx.inAccount(account.accountId, async (inside) => {
      if ('onSettledHits' in consumer) {
        await consumer.onSettledHits(inside, { hitIds: [...newlySettled], recipientIds: some });
        return;
      }
      const copies = await loadCopies(inside, account, some, newlySettled);
      await consumer.onSettled(inside, account, copies, now);
    });
  }
}

async function loadCopies(
  tx: Tx,
  account: AccountKeys,
  recipientIds: readonly string[],
  newlySettled: ReadonlySet<string>,
): Promise<SettledCopy[]> {
  const copies = await selectCopies(tx, account.accountId, recipientIds);
  if (copies.length === 0) return [];
  const since = new Date(Math.min(...copies.map((copy) => copy.acceptedAt.getTime())) - acceptedSlackMs);
  const hits = await loadReadable(
    tx,
    account,
    copies.map((copy) => copy.recipientId),
    since,
  );
  return copies.flatMap((copy) => {
    const own = hits.get(copy.recipientId);
    return own === undefined ? [] : [{ ...copy, hits: own, newlySettled }];
  });
}

/** A copy of which a hit does not open is left out: one broken seal must not keep a thousand others waiting. */
async function loadReadable(
  tx: Tx,
  account: AccountKeys,
  recipientIds: readonly string[],
  since: Date,
): Promise<Map<string, JudgedHit[]>> {
  try {
    return await loadHits(tx, account, recipientIds, { since, hitsPerRecipient: mostHits + 1 });
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
  }
  if (recipientIds.length === 1) return new Map();
  const middle = recipientIds.length >> 1;
  const first = await loadReadable(tx, account, recipientIds.slice(0, middle), since);
  return new Map([...first, ...(await loadReadable(tx, account, recipientIds.slice(middle), since))]);
}

/** What failed together is tried alone, so that only what is wrong itself waits; it is put off, never dropped. */
async function oneByOne(
  world: SettlingWorld,
  consumer: Consumer,
  account: AccountKeys,
  now: Date,
  failure: HandingFailed,
): Promise<number> {
  for (const id of failure.batchIds) {
    try {
      if (failure.batchIds.length === 1) throw failure;
      await handOut(world, consumer, account, now, (tx) => claimThese(tx, [id]));
    } catch (error) {
      if (!(error instanceof HandingFailed) || error.cause instanceof DatabaseUnavailable) throw error;
      const facts = { accountId: account.accountId, consumer: consumer.name, ...errorFacts(error.cause) };
      world.log.error(facts, 'settled hits were not taken; put off');
      await world.db.asWorker((tx) => putOffBatches(tx, [id], new Date(now.getTime() + putOffMs)));
    }
  }
  return failure.batchIds.length;
}

const lagName = 'waxwing_settling_lag_seconds';

function lagGauge({ metrics }: SettlingWorld): Gauge {
  const known = metrics.getSingleMetric(lagName);
  if (known instanceof Gauge) return known;
  const help = 'How long the longest waiting settled hits have been due without being taken, by consumer.';
  return new Gauge({ name: lagName, help, labelNames: ['consumer'], registers: [metrics] });
}

async function lagSeconds({ db, clock }: SettlingWorld, { name }: Consumer): Promise<number> {
  const now = clock.now();
  const due = await db.asWorker((tx) => oldestDue(tx, name, now));
  return due === undefined ? 0 : (now.getTime() - due.getTime()) / 1000;
}

/** Any number of processes may run it: what one works on, the others leave. */
export function startSettling(
  world: SettlingWorld,
  consumers: readonly Consumer[],
  pace: Partial<SettlingPace> = {},
): Running {
  const lag = lagGauge(world);
  const { idleMs } = { ...defaultPace, ...pace };

  const turn = async (consumer: Consumer, closing: AbortSignal): Promise<void> => {
    for (let taken = 1; taken > 0 && !closing.aborted; ) {
      taken = await settleOnce(world, consumer, pace);
      lag.labels(consumer.name).set(await lagSeconds(world, consumer));
    }
  };

  const loops = consumers.map((consumer) =>
    repeat(world, {
      name: 'settling',
      everyMs: idleMs,
      facts: { consumer: consumer.name },
      turn: (closing) => turn(consumer, closing),
    }),
  );
  return {
    async close() {
      await Promise.all(loops.map((loop) => loop.close()));
    },
  };
}
