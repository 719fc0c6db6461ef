/**
 * The loop of the rejudging area: takes up whatever run nobody holds, its own process's or one that was killed, and brings
 * it to its end. Any number of processes may run it.
 */
import { randomUUID } from 'node:crypto';
import { DatabaseUnavailable } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import type { Running, World } from '../platform/world.ts';
import { holdOf } from './progress.ts';
import { type RunnerWorld, runRejudgement } from './run-rejudgement.ts';
import { claimAnyRun, selectRun } from './run-store.ts';

export type RejudgingWorld = Omit<RunnerWorld, 'networks'> &
  Pick<World, 'log'> & { readonly networks: { current(): RunnerWorld['networks'] } };

const pauseMs = 1_000;

/** Runs the one that waits longest; false: none waits. */
export async function runNext(world: RejudgingWorld, signal: AbortSignal): Promise<boolean> {
  const id = randomUUID();
  const claimed = await world.db.asWorker((tx) => claimAnyRun(tx, holdOf(id, world)));
  if (claimed === undefined) return false;
  const { accountId } = claimed;
  const run = await world.db.readAccount(accountId, (tx) => selectRun(tx, accountId, claimed.id, world.clock.now()));
  if (run === undefined) return false;
  world.log.info({ runId: run.id, accountId, isDryRun: run.isDryRun }, 'history is judged again');
  const { db, vault, clock } = world;
  const end = await runRejudgement({ db, vault, clock, networks: world.networks.current() }, run, { id, signal });
  world.log.info({ runId: run.id, accountId, end }, 'judging history again ended');
  return true;
}

export function runRejudgements(world: RejudgingWorld): Running {
  const stopping = new AbortController();
  let wake: (() => void) | undefined;
  const turn = async (): Promise<boolean> => {
    try {
      return await runNext(world, stopping.signal);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) world.log.warn('re-judging waits for the database');
      else world.log.error(errorFacts(error), 'judging history again failed; it is tried again when its lease ends');
      return false;
    }
  };
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) if (!(await turn()) && !stopping.signal.aborted) await pause();
  };
  const running = loop();
  return {
    async close() {
      stopping.abort();
      wake?.();
      await running;
    },
  };
}
