/**
 * Removes what nobody needs any more from tables that only grow, after fixed times that docs/retention.md tells, in small
 * batches that wait for nobody. What an account's choice or a legal hold decides about is not its business, but for the
 * months of events: they go when every account lets them go and no hold reaches them.
 */
import type { World } from '../platform/world.ts';
import { claimTask, dropEventMonth, eventsGoneBefore, noteTask, pruneTable } from './tidy-store.ts';

type Needs = Pick<World, 'db' | 'clock'>;

const dayMs = 86_400_000;

/** Days after its end, or after it was made where it has none, that a row goes. */
const lifetimes = {
  sessions: 90,
  sign_in_links: 30,
  invitations: 90,
  used_challenges: 1,
  sso_used_states: 1,
  idempotency_keys: 30,
  rejudgement_examples: 400,
} as const;
/** They go with the months of events that they tell of. */
const withEvents = ['verdict_changes', 'delivery_attempts'] as const;

export type PrunedTable = keyof typeof lifetimes | (typeof withEvents)[number];

export interface Tidied {
  /** How many rows went, by table. */
  readonly removed: ReadonlyMap<PrunedTable, number>;
  readonly months: number;
}

export interface Pace {
  readonly rowsPerBatch: number;
  /** What is left then waits for the next turn, and the doctor hears of it. */
  readonly batchesPerTurn: number;
  /** Another process looked within that time: this one does not. */
  readonly everyMs: number;
}

export const usualPace: Pace = { rowsPerBatch: 2_000, batchesPerTurn: 200, everyMs: 10 * 60_000 };

export async function tidyTables(world: Needs, pace = usualPace, closing?: AbortSignal): Promise<Tidied> {
  const months = await dropMonths(world, pace);
  const goneBefore = await world.db.asWorker(eventsGoneBefore);
  const now = world.clock.now().getTime();
  const tasks: [PrunedTable, Date][] = [
    ...Object.entries(lifetimes).map(([table, days]): [PrunedTable, Date] => [
      table as PrunedTable,
      new Date(now - days * dayMs),
    ]),
    ...(goneBefore === null ? [] : withEvents.map((table): [PrunedTable, Date] => [table, goneBefore])),
  ];
  const removed = new Map<PrunedTable, number>();
  for (const [table, olderThan] of tasks)
    if (closing?.aborted !== true) removed.set(table, await tidyTable(world, pace, table, olderThan, closing));
  return { removed, months };
}

async function tidyTable(
  world: Needs,
  { rowsPerBatch, batchesPerTurn, everyMs }: Pace,
  table: PrunedTable,
  olderThan: Date,
  closing?: AbortSignal,
): Promise<number> {
  const now = world.clock.now();
  if (!(await world.db.asWorker((tx) => claimTask(tx, table, now, new Date(now.getTime() - everyMs))))) return 0;
  let removed = 0;
  let isBehind = true;
  for (let batch = 0; isBehind && batch < batchesPerTurn && closing?.aborted !== true; batch += 1) {
    const gone = await world.db.asWorker((tx) => pruneTable(tx, table, olderThan, rowsPerBatch));
    removed += gone;
    isBehind = gone === rowsPerBatch;
  }
  await world.db.asWorker((tx) => noteTask(tx, table, now, removed, isBehind));
  return removed;
}

const monthsPerTurn = 24;

async function dropMonths(world: Needs, { everyMs }: Pace): Promise<number> {
  const now = world.clock.now();
  const notSince = new Date(now.getTime() - everyMs);
  if (!(await world.db.asWorker((tx) => claimTask(tx, 'event_months', now, notSince)))) return 0;
  for (let dropped = 0; ; dropped += 1)
    if (dropped === monthsPerTurn || (await world.db.asWorker((tx) => dropEventMonth(tx, now))) === null)
      return dropped;
}
