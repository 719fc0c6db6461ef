/**
 * Gathers endings and records them in batches: the next batch is whatever came while the last one was being written.
 * Nothing is forgotten while the database is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import type { World } from '../platform/world.ts';
import { claimedOf, type Ending, recordEndings } from './record-attempts.ts';

type RecorderWorld = Pick<World, 'db' | 'vault' | 'clock' | 'log'>;

export interface Recorder {
  add(ending: Ending): void;
  /** Gives up on what could not be recorded; it may be sent again. */
  abandon(): void;
}

/** A batch waits this long for company: a small price in visible latency, a large saving in transactions. */
const gatherMs = 40;
const maxBatch = 250;
const retryMs = 500;

export function openRecorder(world: RecorderWorld, onRecorded: (endings: readonly Ending[]) => void): Recorder {
  const waiting: Ending[] = [];
  let isAbandoned = false;
  let isWriting = false;

  const write = async (): Promise<void> => {
    if (waiting.length < maxBatch) await sleep(gatherMs);
    while (waiting.length > 0 && !isAbandoned) {
      const batch = waiting.splice(0, maxBatch);
      const left = await recordBatch(world, batch);
      onRecorded(batch.filter((ending) => !left.has(ending)));
      if (left.size === 0) continue;
      // Behind all others: one that can never be recorded must not keep the rest from it.
      waiting.push(...left);
      await sleep(retryMs);
    }
    isWriting = false;
  };
  return {
    abandon() {
      isAbandoned = true;
    },
    add(ending) {
      waiting.push(ending);
      if (isWriting) return;
      isWriting = true;
      void write();
    },
  };
}

/** Gives back what could not be recorded. */
async function recordBatch(world: RecorderWorld, batch: readonly Ending[]): Promise<ReadonlySet<Ending>> {
  const left: Ending[] = [];
  for (const [accountId, endings] of Map.groupBy(batch, (ending) => claimedOf(ending).accountId))
    left.push(...(await recordOrLeave(world, accountId, endings)));
  return new Set(left);
}

/** Together, and one by one when together it fails for a reason that may lie in a single one. */
async function recordOrLeave(
  world: RecorderWorld,
  accountId: string,
  endings: readonly Ending[],
): Promise<readonly Ending[]> {
  try {
    await recordEndings(world, accountId, endings);
    return [];
  } catch (error) {
    world.log.error({ accountId, endings: endings.length, ...errorFacts(error) }, 'delivery outcomes not recorded yet');
    if (endings.length === 1 || error instanceof DatabaseUnavailable) return endings;
  }
  const left: Ending[] = [];
  for (const ending of endings) left.push(...(await recordOrLeave(world, accountId, [ending])));
  return left;
}
