import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchCrash } from './crash.ts';

test('kill -9 of the process that accepts, the one that delivers and PostgreSQL loses nobody, and repeats few', async () => {
  const size = { sends: 1_000, perMessage: 1, meanBetweenKillsMs: 400 };
  const { kills, lost, sentTwice, inFlightAtMost } = await benchCrash(() => undefined, size);
  assert.ok(kills.worker > 0 && kills.web > 0 && kills.postgres > 0, `killed: ${JSON.stringify(kills)}`);
  assert.equal(lost, 0);
  assert.ok(sentTwice <= inFlightAtMost, `${sentTwice} of at most ${inFlightAtMost} sent twice`);
});
