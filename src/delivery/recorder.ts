/**
 * Gathers endings and records them in batches: the next batch is whatever came while the last one was being written.
 * Nothing is forgotten while the database is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '../platform/world.ts';
import { claimedOf, type Ending, recordEndings } from './record-attempts.ts';

export interface Recorder {
  add(ending: Ending): void;
  /** How many are not recorded yet. */
  readonly backlog: () => number;
  /** Resolves when everything that was added is recorded; at the latest after `withinMs`. */
  drain(withinMs: number): Promise<void>;
}

/** A batch waits this long for company: a small price in visible latency, a large saving in transactions. */
const gatherMs = 25;
const maxBatch = 250;
const retryMs = 500;

export function openRecorder(
  world: Pick<World, 'db' | 'vault' | 'log'>,
  onRecorded: (endings: readonly Ending[]) => void,
): Recorder {
  const waiting: Ending[] = [];
  let writing: Promise<void> | null = null;

  const write = async (): Promise<void> => {
    if (waiting.length < maxBatch) await sleep(gatherMs);
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      await recordBatch(world, batch);
      waiting.splice(0, batch.length);
      onRecorded(batch);
    }
    writing = null;
  };
  return {
    add(ending) {
      waiting.push(ending);
      writing ??= write();
    },
    backlog: () => waiting.length,
    async drain(withinMs) {
      while (writing !== null) {
        const timeout = new AbortController();
        const late = sleep(withinMs, 'late', { signal: timeout.signal }).catch(() => 'done');
        if ((await Promise.race([writing, late])) === 'late') return;
        timeout.abort();
      }
    },
  };
}

async function recordBatch(world: Pick<World, 'db' | 'vault' | 'log'>, batch: readonly Ending[]): Promise<void> {
  for (const [accountId, endings] of Map.groupBy(batch, (ending) => claimedOf(ending).accountId)) {
    for (let tries = 1; !(await recorded(world, accountId, endings, tries)); tries += 1) await sleep(retryMs);
  }
}

async function recorded(
  world: Pick<World, 'db' | 'vault' | 'log'>,
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
