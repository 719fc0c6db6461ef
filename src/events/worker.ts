/**
 * The loop of the events area: folds roll-up deltas into cells about once a second and makes partitions ahead of time.
 * Reports are exact whether it runs or not; it keeps them quick. Any number of processes may run it.
 */
import { Gauge } from 'prom-client';
import { DatabaseUnavailable } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import type { Running, World } from '../platform/world.ts';
import { countWaitingDeltas, ensurePartitions, foldDeltas } from './fold-store.ts';

const deltasPerFold = 500;
const pauseMs = 1_000;
const partitionCheckMs = 6 * 3_600_000;

/** Folds what there is now; gives the number of deltas folded. */
export async function foldOnce(world: Pick<World, 'db'>): Promise<number> {
  let total = 0;
  for (;;) {
    const { taken } = await world.db.asWorker((tx) => foldDeltas(tx, deltasPerFold));
    total += taken;
    if (taken < deltasPerFold) return total;
  }
}

const waitingName = 'waxwing_rollup_deltas_waiting';

function waitingGauge({ metrics }: World): Gauge {
  const known = metrics.getSingleMetric(waitingName);
  if (known instanceof Gauge) return known;
  const help = 'Changes of roll-ups that no fold has added up; reports read them one by one.';
  return new Gauge({ name: waitingName, help, registers: [metrics] });
}

export function startFold(world: World): Running {
  const waiting = waitingGauge(world);
  let closing = false;
  let wake: (() => void) | undefined;
  let partitionsCheckedAtMs = Number.NEGATIVE_INFINITY;

  const turn = async (): Promise<void> => {
    try {
      const nowMs = world.clock.now().getTime();
      if (Math.abs(nowMs - partitionsCheckedAtMs) >= partitionCheckMs) {
        await world.db.asWorker((tx) => ensurePartitions(tx, new Date(nowMs)));
        partitionsCheckedAtMs = nowMs;
      }
      await foldOnce(world);
      waiting.set(await world.db.asWorker(countWaitingDeltas));
    } catch (error) {
      if (error instanceof DatabaseUnavailable) world.log.warn('the fold waits for the database');
      else world.log.error(errorFacts(error), 'the fold failed and will try again');
    }
  };

  const loop = async (): Promise<void> => {
    while (!closing) {
      await turn();
      if (!closing) await pause();
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

  const running = loop();
  return {
    async close() {
      closing = true;
      wake?.();
      await running;
    },
  };
}
