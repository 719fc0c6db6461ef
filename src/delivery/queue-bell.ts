/**
 * Tells the processes that deliver that something was queued, so that they need not look all the time. PostgreSQL hands
 * such words over one transaction at a time, so a process rings at most ten times a second, whatever it accepts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, sql } from '../platform/database.ts';
import type { Ear } from '../platform/database-words.ts';

export interface QueueBell {
  ring(): void;
}

const word = 'waxwing_queue';
const atMostEveryMs = 100;

/** The first is told at once, all that come within a tenth of a second together. Nothing is lost when it cannot be told: who delivers also looks by itself. */
export function openQueueBell(db: Pick<Database, 'asWorker'>, everyMs = atMostEveryMs): QueueBell {
  let isTelling = false;
  let isRung = false;
  const tell = async (): Promise<void> => {
    while (isRung) {
      isRung = false;
      await sayQueued(db).catch(() => undefined);
      await sleep(everyMs, undefined, { ref: false });
    }
    isTelling = false;
  };
  return {
    ring() {
      isRung = true;
      if (isTelling) return;
      isTelling = true;
      void tell();
    },
  };
}

export const hearQueueBell = (db: Pick<Database, 'asWorker' | 'listen'>, heard: () => void): Ear =>
  db.listen(word, heard, () => sayQueued(db));

/** A hint need not reach the disk. */
const sayQueued = (db: Pick<Database, 'asWorker'>): Promise<void> =>
  db.asWorker(async (tx) => {
    await tx.query(sql`SELECT set_config('synchronous_commit', 'off', true), pg_notify(${word}, '')`);
  });
