/**
 * One batch of a run: read, judged, and written where an opinion is another. It looks without a lock while little differs,
 * and locks at once where nearly everything does.
 */
import { isDeepStrictEqual } from 'node:util';
import { readSettings } from '../accounts/index.ts';
import { type AccountKeys, isFlip, type LockedRecipients, lockRecipients, recordHits } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { World } from '../platform/world.ts';
import { announceHits } from '../settling/index.ts';
import { changedRecipients, isToBeWritten, type Judge, type JudgedBatch, judgeBatch } from './judge-batch.ts';
import { loadHistory } from './load-history.ts';
import { type RunProgress, writeProgress } from './progress.ts';
import type { Run } from './rejudgement.ts';
import type { Batch } from './walk-history.ts';

export interface Bench {
  readonly world: Pick<World, 'db' | 'clock'>;
  readonly run: Run;
  readonly progress: RunProgress;
  readonly account: AccountKeys;
  readonly judge: Judge;
}

/** The rules are other ones than those that the run began with: it would leave history judged by two rulesets. */
export class RulesChanged extends Error {}

/** A batch under way. */
export interface Step {
  /** Resolves when the batch is judged. */
  readonly looked: Promise<unknown>;
  /** It waits for no lock of a recipient any more, and holds those it needs. */
  readonly hasLocks: boolean;
  /** Counts it, and writes what is to be written. */
  finish(): Promise<void>;
  /** Leaves everything as it is. */
  abandon(): Promise<void>;
}

export interface Steps {
  begin(batch: Batch): Step;
  /** Whether the next may begin beside those under way. */
  mayBegin(underWay: readonly Step[]): boolean;
}

const dryWriteEveryMs = 1_000;
/** With a larger share of recipients to be written, to look first is to look twice. */
const lockAtOnceFrom = 0.3;
/** One is judged, one's rows come in, and one is being asked for. */
const mostUnderWay = 3;

export function stepping(bench: Bench): Steps {
  let locksAtOnce = false;
  let hasWritten = false;
  const learn = (judged: JudgedBatch): void => {
    const changed = changedRecipients(judged).length;
    hasWritten ||= changed > 0;
    locksAtOnce = changed > lockAtOnceFrom * judged.judged.length;
  };
  const begin = (batch: Batch): Step => {
    if (bench.run.isDryRun) return dryStep(bench, batch);
    return locksAtOnce ? lockedStep(bench, batch, learn) : lookedStep(bench, batch, learn);
  };
  // A step that locks goes ahead of the one before it, so that one must not wait for anybody any more: not for a recipient,
  // whom a drain may hold that waits for us, and not for a ruleset's name, which the first to write it holds until its end.
  const mayLock = ([before, ...others]: readonly Step[]): boolean =>
    before === undefined || (before.hasLocks && hasWritten && others.length === 0);
  return {
    begin,
    mayBegin: (underWay) => (locksAtOnce ? mayLock(underWay) : underWay.length < mostUnderWay),
  };
}

function look({ world, account, judge }: Bench, batch: Batch): Promise<JudgedBatch> {
  const looked = world.db
    .readAccount(account.accountId, (tx) => loadHistory(tx, account, batch, world.clock.now()))
    .then((loaded) => judgeBatch(judge, batch, loaded, world.clock.now()));
  looked.catch(() => undefined); // told by whoever awaits it
  return looked;
}

const settled = (work: Promise<unknown>): Promise<void> =>
  work.then(
    () => undefined,
    () => undefined,
  );

/** Reads only; how far it is stands in the run's own row. */
function dryStep(bench: Bench, batch: Batch): Step {
  const looked = look(bench, batch);
  const { progress, world, run } = bench;
  return {
    looked,
    hasLocks: false,
    async finish() {
      progress.count(await looked);
      if (progress.writtenAgoMs >= dryWriteEveryMs) await writeProgress(world.db, run, progress);
    },
    abandon: () => settled(looked),
  };
}

type Learn = (judged: JudgedBatch) => void;

/** What differs is read and judged once more under lock: hits may have come in between. */
function lookedStep(bench: Bench, batch: Batch, learn: Learn): Step {
  const looked = look(bench, batch);
  const finish = async (): Promise<void> => {
    const seen = await looked;
    const changed = new Set(changedRecipients(seen).map(({ recipient }) => recipient.id));
    await bench.world.db.asAccount(bench.run.accountId, async (tx) => {
      const recipients = batch.recipients.filter(({ id }) => changed.has(id));
      const again = await judgeLocked(tx, bench, { ...batch, recipients });
      const byId = new Map(again.judged.judged.map((one) => [one.recipient.id, one]));
      const judged = seen.judged.map((one) => byId.get(one.recipient.id) ?? one);
      await write(tx, bench, again, { ...seen, judged });
    });
    learn(seen);
  };
  return { looked, hasLocks: false, finish, abandon: () => settled(looked) };
}

class Abandoned extends Error {}

function lockedStep(bench: Bench, batch: Batch, learn: Learn): Step {
  const looked = Promise.withResolvers<JudgedBatch>();
  const turn = Promise.withResolvers<boolean>();
  let hasLocks = false;
  const done = bench.world.db.asAccount(bench.run.accountId, async (tx) => {
    const locked = await judgeLocked(tx, bench, batch);
    hasLocks = true;
    looked.resolve(locked.judged);
    if (!(await turn.promise)) throw new Abandoned();
    await write(tx, bench, locked, locked.judged);
  });
  done.catch(looked.reject);
  looked.promise.catch(() => undefined); // told by whoever awaits it
  return {
    looked: looked.promise,
    get hasLocks() {
      return hasLocks;
    },
    async finish() {
      turn.resolve(true);
      await done;
      learn(await looked.promise);
    },
    abandon() {
      turn.resolve(false);
      return settled(done);
    },
  };
}

interface Locked {
  readonly recipients: LockedRecipients;
  readonly judged: JudgedBatch;
}

async function judgeLocked(tx: Tx, { world, account, judge }: Bench, batch: Batch): Promise<Locked> {
  const ids = batch.recipients.map(({ id }) => id);
  if (ids.length === 0) return { recipients: new Map(), judged: { batch, judged: [] } };
  const recipients = await lockRecipients(tx, account, ids);
  const now = world.clock.now();
  const loaded = await loadHistory(tx, account, batch, now);
  return { recipients, judged: judgeBatch(judge, batch, loaded, now, recipients) };
}

/** Verdicts, their changes, states, roll-ups and the run's own place, together. */
async function write(tx: Tx, bench: Bench, { recipients, judged }: Locked, counted: JudgedBatch): Promise<void> {
  const { account, run, progress, world } = bench;
  const { disabledRules, learnScannerHabits } = await readSettings(tx);
  if (!isDeepStrictEqual(disabledRules, run.disabledRules)) throw new RulesChanged();
  const revisions = judged.judged.flatMap(({ hits }) => hits.filter(isToBeWritten));
  if (revisions.length > 0) {
    const recordedAt = world.clock.now();
    await recordHits(tx, account, { recipients, hits: [], revisions, anonymous: [], recordedAt, runId: run.id });
    const flips = revisions.filter(({ hit, verdict }) => isFlip(hit.verdict, verdict));
    const anew = flips.map(({ hit, verdict }) => ({ ...hit, verdict }));
    await announceHits(tx, learnScannerHabits ? ['scanner-habits'] : [], [], anew, recordedAt);
  }
  progress.count(counted);
  await progress.write(tx);
}
