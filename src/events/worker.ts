/**
 * The loop of the events area: folds roll-up deltas into cells about once a second and makes partitions ahead of time.
 * Reports are exact whether it runs or not; it keeps them quick. Any number of processes may run it.
 */
import { Gauge } from 'prom-client';
import { repeat } from '../platform/repeat.ts';
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
  let partitionsCheckedAtMs = Number.NEGATIVE_INFINITY;
  const turn = async (): Promise<void> => {
    const nowMs = world.clock.now().getTime();
    if (Math.abs(nowMs - partitionsCheckedAtMs) >= partitionCheckMs) {
      await world.db.asWorker((tx) => ensurePartitions(tx, new Date(nowMs)));
      partitionsCheckedAtMs = nowMs;
    }
    await foldOnce(world);
    waiting.set(await world.db.asWorker(countWaitingDeltas));
  };
  return repeat(world, { name: 'the fold', everyMs: pauseMs, turn });
}
