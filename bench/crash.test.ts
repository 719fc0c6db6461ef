import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchCrash } from './crash.ts';

test('kill -9 of the process that accepts, the one that delivers, the one that does everything and PostgreSQL loses nobody, and repeats few', async (context) => {
  const size = { sends: 400, perMessage: 1, meanBetweenKillsMs: 300, killsAtMost: 4 };
  const { kills, lost, sentTwice, inFlightAtMost } = await benchCrash((line) => context.diagnostic(line), size);
  assert.ok(
    Object.values(kills).every((count) => count > 0),
    `killed: ${JSON.stringify(kills)}`,
  );
  assert.equal(lost, 0);
  assert.ok(sentTwice <= inFlightAtMost, `${sentTwice} of at most ${inFlightAtMost} sent twice`);
});
