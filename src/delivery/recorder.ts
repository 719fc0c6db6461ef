/**
 * Gathers endings and records them in batches: the next batch is whatever came while the last one was being written.
 * Nothing is forgotten while the database is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
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
      const batch = waiting.slice(0, maxBatch);
      await recordBatch(world, batch, () => isAbandoned);
      waiting.splice(0, batch.length);
      onRecorded(batch);
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

async function recordBatch(world: RecorderWorld, batch: readonly Ending[], isAbandoned: () => boolean): Promise<void> {
  for (const [accountId, endings] of Map.groupBy(batch, (ending) => claimedOf(ending).accountId)) {
    for (let tries = 1; !isAbandoned() && !(await recorded(world, accountId, endings, tries)); tries += 1)
      await sleep(retryMs);
  }
}

async function recorded(
  world: RecorderWorld,
  accountId: string,
  endings: readonly Ending[],
  tries: number,
): Promise<boolean> {
  try {
    await recordEndings(world, accountId, endings);
    return true;
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string };
    world.log.error(
      { accountId, endings: endings.length, tries, error: name, code },
      'delivery outcomes not recorded yet',
    );
    return false;
  }
}
