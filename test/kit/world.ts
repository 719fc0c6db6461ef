/** A world for tests: a real database and vault, a clock that the test moves, and a log that it can read. */
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openVault } from '../../src/platform/vault.ts';
import type { Clock, World } from '../../src/platform/world.ts';
import { openTestDatabase, type TestDatabase } from './database.ts';

export interface TestClock extends Clock {
  set(instant: Date | string): void;
  advance(byMs: number): void;
}

export interface TestWorld extends World {
  readonly clock: TestClock;
  readonly database: TestDatabase;
  readonly masterKey: Buffer;
  /** Every line that was logged, as JSON text, to assert what is not in it. */
  readonly logLines: readonly string[];
  close(): Promise<void>;
}

export async function testWorld(startAt = '2026-11-22T12:00:00Z'): Promise<TestWorld> {
  const database = await openTestDatabase();
  const masterKey = randomBytes(32);
  const logLines: string[] = [];
  return {
    db: database.db,
    database,
    masterKey,
    vault: openVault(masterKey),
    clock: testClock(startAt),
    log: pino({ level: 'debug', base: null }, { write: (line: string) => void logLines.push(line) }),
    logLines,
    metrics: new Registry(),
    close: database.close,
  };
}

export function testClock(startAt: Date | string): TestClock {
  let nowMs = new Date(startAt).getTime();
  return {
    now: () => new Date(nowMs),
    set(instant) {
      nowMs = new Date(instant).getTime();
    },
    advance(byMs) {
      nowMs += byMs;
    },
  };
}
