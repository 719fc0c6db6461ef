import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHostHealth } from './host-health.ts';

const now = new Date('2026-11-22T12:00:00Z');
const unreached = { reached: false, bodyBegan: false, reply: '' };

test('a relay that no connection was made to is not told as one that answers', () => {
  const health = openHostHealth(() => now);
  health.answered('inner', { ...unreached, end: { kind: 'failed', why: 'route.address_refused' } });
  health.answered('takes', { ...unreached, reached: true, end: { kind: 'taken' } });
  health.answered('fails', { ...unreached, end: { kind: 'failed', why: 'connection.refused' } });
  const told = health.tell(['inner', 'takes', 'fails']);
  assert.deepEqual(
    told.map(({ key, answeredAt, failingSince }) => [key, answeredAt, failingSince]),
    [
      ['takes', now, null],
      ['fails', null, now],
    ],
  );
});
