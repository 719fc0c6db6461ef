import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, toldRecipients } from './index.ts';

const hit = { kind: 'click', at: '2026-11-22T08:00:00Z', ip: '203.0.113.7', userAgent: 'curl/8.0' } as const;

test('the figures that the rules of shared sources tell are read back from their reasons', () => {
  for (const recipientsFromSource of [
    { within1s: 4, within10min: 0 },
    { within1s: 0, within10min: 20 },
    { within1s: 7, within10min: 123 },
  ]) {
    const [verdict] = judge([{ ...hit, recipientsFromSource }]);
    assert.deepEqual(toldRecipients(verdict?.reasons ?? []), recipientsFromSource);
  }
});

test('reasons that tell of no source tell of no recipients', () => {
  const [verdict] = judge([hit]);
  assert.ok((verdict?.reasons.length ?? 0) > 0);
  assert.deepEqual(toldRecipients(verdict?.reasons ?? []), { within1s: 0, within10min: 0 });
});
