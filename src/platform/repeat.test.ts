/** The loop that every worker stands on: it goes on after failures, tells them, and ends at once when closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { DatabaseUnavailable } from './database.ts';
import { repeat } from './repeat.ts';

const lines: { level: number; msg: string }[] = [];
const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });

test('a turn that fails is told and tried again', async () => {
  const failures = [new DatabaseUnavailable('gone'), new Error('broken')];
  let turns = 0;
  await new Promise<void>((resolve) => {
    const loop = repeat(
      { log },
      {
        name: 'the test',
        everyMs: 1,
        turn: async () => {
          const failure = failures[turns++];
          if (failure !== undefined) throw failure;
          resolve(loop.close());
        },
      },
    );
  });
  assert.equal(turns, 3);
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      [40, 'the test waits for the database'],
      [50, 'the test failed and will try again'],
    ],
  );
});

test('closing cuts the pause, waits for the turn under way, and tells it', async () => {
  let isDone = false;
  const seen = Promise.withResolvers<void>();
  const loop = repeat(
    { log },
    {
      name: 'the test',
      everyMs: 3_600_000,
      turn: async (closing) => {
        seen.resolve();
        await new Promise((resolve) => closing.addEventListener('abort', resolve));
        isDone = true;
      },
    },
  );
  await seen.promise;
  await loop.close();
  assert.ok(isDone);
});
