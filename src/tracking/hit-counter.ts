/** Counts hits by what became of them. Labels name states only, never whose hits they were. */
import { Counter, type Registry } from 'prom-client';

/**
 * journaled: on disk. drained: left the journal for the database, whatever it came to. lost: the disk did not take it, or
 * gave it back damaged. unattributed: led to no recipient. quarantined: could not be stored and was set aside.
 */
export const hitStates = ['journaled', 'drained', 'lost', 'unattributed', 'quarantined'] as const;
export type HitState = (typeof hitStates)[number];

export type CountHits = (state: HitState, hits: number) => void;

const name = 'waxwing_hits_total';

export function hitCounter(metrics: Registry): CountHits {
  const known = metrics.getSingleMetric(name) as Counter<'state'> | undefined;
  const counter = known ?? newCounter(metrics);
  return (state, hits) => counter.inc({ state }, hits);
}

function newCounter(metrics: Registry): Counter<'state'> {
  const help = 'Requests to tracking URLs by what became of them.';
  const counter = new Counter({ name, help, labelNames: ['state'], registers: [metrics] });
  for (const state of hitStates) counter.inc({ state }, 0);
  return counter;
}
