/** Takes up runs that nobody holds, new ones or those whose process was killed. What a run does is not its matter. */
import { randomUUID } from 'node:crypto';
import { holdOf } from './progress.ts';
import type { Run } from './rejudgement.ts';
import { type RunEnd, type Runner, type RunnerWorld, runRejudgement } from './run-rejudgement.ts';
import { claimAnyRun, claimRun, selectRun } from './run-store.ts';

export interface RejudgingWorld extends Omit<RunnerWorld, 'networks'> {
  readonly log: { info(facts: object, text: string): void };
  readonly networks: { current(): RunnerWorld['networks'] };
}

type RunName = Pick<Run, 'accountId' | 'id'>;

/** Runs the one that waits longest; false: none waits. */
export async function runNext(world: RejudgingWorld, signal: AbortSignal): Promise<boolean> {
  const id = randomUUID();
  const claimed = await world.db.asWorker((tx) => claimAnyRun(tx, holdOf(id, world)));
  if (claimed === undefined) return false;
  world.log.info({ runId: claimed.id, accountId: claimed.accountId }, 'history is judged again');
  const end = await run(world, claimed, { id, signal });
  world.log.info({ runId: claimed.id, accountId: claimed.accountId, end }, 'judging history again ended');
  return true;
}

/** `held`: somebody else is at it, or it has ended. */
export async function runClaimed(world: RejudgingWorld, name: RunName, runner: Runner): Promise<RunEnd | 'held'> {
  const { accountId, id } = name;
  const isOurs = await world.db.asAccount(accountId, (tx) => claimRun(tx, accountId, id, holdOf(runner.id, world)));
  return isOurs ? run(world, name, runner) : 'held';
}

async function run({ db, vault, clock, networks }: RejudgingWorld, name: RunName, runner: Runner): Promise<RunEnd> {
  const { accountId, id } = name;
  const found = await db.readAccount(accountId, (tx) => selectRun(tx, accountId, id, clock.now()));
  if (found === undefined) return 'lost';
  return runRejudgement({ db, vault, clock, networks: networks.current() }, found, runner);
}
