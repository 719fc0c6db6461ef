/**
 * Judges history again, batch by batch: first by looking, and under lock only where something is to be written. What a
 * batch changes and how far the run is stand in one transaction, so a run that was killed goes on where it was.
 */
import { type Networks, rulesetWithout } from '@waxwing/verdict';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { AccountKeys } from '../events/index.ts';
import type { World } from '../platform/world.ts';
import { judgingAgain } from '../tracking/index.ts';
import { RunLost, RunProgress, writeProgress } from './progress.ts';
import type { Progress, Run } from './rejudgement.ts';
import { type Ending, endRun, releaseRun } from './run-store.ts';
import { type Bench, RulesChanged, type Step, stepping } from './steps.ts';
import { walkHistory } from './walk-history.ts';

export interface RunnerWorld extends Pick<World, 'db' | 'vault' | 'clock'> {
  /** The lists of now. */
  readonly networks: Networks;
}

export interface Runner {
  /** Whose lease it is. */
  readonly id: string;
  /** Aborted: the run is let go of, for another to go on with. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** `lost`: cancelled, or another's by now. `released`: let go of before its end. */
export type RunEnd = 'done' | 'failed' | 'lost' | 'released';

const mostClaims = 5;

export async function runRejudgement(world: RunnerWorld, run: Run, runner: Runner): Promise<RunEnd> {
  if (run.claims > mostClaims) return end(world, run, runner, run, { state: 'failed', why: 'rejudging.failed' });
  const progress = new RunProgress(run, runner.id, world);
  try {
    if (run.ruleset !== rulesetWithout(run.disabledRules)) throw new RulesChanged();
    const isWhole = await walk(world, run, progress, runner);
    if (!isWhole) return release(world, run, runner, progress);
    await writeProgress(world.db, run, progress);
    return await end(world, run, runner, progress.now, { state: 'done', why: null });
  } catch (error) {
    if (error instanceof RunLost) return 'lost';
    if (!(error instanceof RulesChanged)) throw error;
    return end(world, run, runner, progress.now, { state: 'failed', why: 'rejudging.rules_changed' });
  }
}

async function benchOf(world: RunnerWorld, run: Run, progress: RunProgress): Promise<Bench> {
  const { accountId, disabledRules } = run;
  const account: AccountKeys = { accountId, vault: await accountVault(world, accountId) };
  return { world, run, progress, account, judge: judgingAgain({ networks: world.networks, disabledRules }) };
}

/** While one batch is judged or written, others are read. False when it was asked to stop before the end. */
async function walk(
  world: RunnerWorld,
  run: Run,
  progress: RunProgress,
  { signal, onProgress }: Runner,
): Promise<boolean> {
  const steps = stepping(await benchOf(world, run, progress));
  const batches = walkHistory(world.db, run);
  const underWay: Step[] = []; // oldest first
  let next = await batches.next();
  const begin = async (): Promise<void> => {
    while (next.done !== true && steps.mayBegin(underWay)) {
      underWay.push(steps.begin(next.value));
      next = await batches.next();
    }
  };
  try {
    await begin();
    for (let current = underWay[0]; current !== undefined && !signal.aborted; current = underWay[0]) {
      await current.looked;
      await bothDone(current.finish(), begin());
      underWay.shift();
      onProgress?.(progress.now);
      await begin();
    }
    return underWay.length === 0;
  } finally {
    await Promise.all(underWay.map((step) => step.abandon()));
  }
}

/** Waits for the second even where the first fails: what it begins is to be abandoned. */
async function bothDone(first: Promise<void>, second: Promise<void>): Promise<void> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
}

async function end(
  { db, clock }: RunnerWorld,
  run: Run,
  runner: Runner,
  { tally }: Pick<Progress, 'tally'>,
  how: Omit<Ending, 'at'>,
): Promise<RunEnd> {
  const at = clock.now();
  const isOurs = await db.asAccount(run.accountId, async (tx) => {
    if (!(await endRun(tx, run, runner.id, { ...how, at }))) return false;
    await record(tx, {
      at,
      actor: { kind: 'system', id: 'rejudging' },
      action: 'rejudgement.ended',
      object: { kind: 'rejudgement', id: run.id },
      detail: { state: how.state, judged: tally.judged, flipped: tally.flipped },
    });
    return true;
  });
  if (!isOurs) return 'lost';
  return how.state === 'done' ? 'done' : 'failed';
}

async function release(world: RunnerWorld, run: Run, runner: Runner, progress: RunProgress): Promise<RunEnd> {
  const now = world.clock.now();
  await writeProgress(world.db, run, progress);
  await world.db.asAccount(run.accountId, (tx) => releaseRun(tx, run, { runner: runner.id, now, leaseUntil: now }));
  return 'released';
}
