/** The loops of retention: one erases what is past its time when its hour has come, one tidies. Any number of processes may run them. */
import { Counter, Gauge } from 'prom-client';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { runRetention } from './run-retention.ts';
import { countOverdue } from './run-store.ts';
import { countBehind } from './tidy-store.ts';
import { tidyTables } from './tidy-tables.ts';

const lookEveryMs = 60_000;
const overdueMs = 2 * 3_600_000;

export function startRetention(world: World): Running {
  const registers = [world.metrics];
  const erasedCount = new Counter({
    name: 'waxwing_retention_messages_erased_total',
    help: 'Messages that were erased because their time was over.',
    registers,
  });
  const overdueGauge = new Gauge({
    name: 'waxwing_retention_runs_overdue',
    help: 'Accounts whose daily run of retention should have begun two hours ago.',
    registers,
  });
  const turn = async (closing: AbortSignal): Promise<void> => {
    erasedCount.inc(await runRetention(world, closing));
    const since = new Date(world.clock.now().getTime() - overdueMs);
    overdueGauge.set(await world.db.asWorker((tx) => countOverdue(tx, since)));
  };
  return repeat(world, { name: 'retention', everyMs: lookEveryMs, turn });
}

export function startTidying(world: World): Running {
  const registers = [world.metrics];
  const prunedCount = new Counter({
    name: 'waxwing_retention_rows_pruned_total',
    help: 'Rows that were removed from tables that only grow.',
    labelNames: ['table'],
    registers,
  });
  const monthCount = new Counter({
    name: 'waxwing_retention_event_months_dropped_total',
    help: 'Months of events and verdicts that were dropped.',
    registers,
  });
  const behindGauge = new Gauge({
    name: 'waxwing_retention_tables_behind',
    help: 'Tables with more to remove than a turn manages.',
    registers,
  });
  const turn = async (closing: AbortSignal): Promise<void> => {
    const { removed, months } = await tidyTables(world, undefined, closing);
    for (const [table, rows] of removed) prunedCount.labels(table).inc(rows);
    monthCount.inc(months);
    behindGauge.set(await world.db.asWorker(countBehind));
  };
  return repeat(world, { name: 'tidying', everyMs: lookEveryMs, turn });
}
