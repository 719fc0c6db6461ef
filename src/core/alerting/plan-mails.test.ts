import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planMails } from './plan-mails.ts';

const now = new Date('2026-11-22T12:00:00Z');
const ago = (minutes: number, isSummary = false) => ({ at: new Date(now.getTime() - minutes * 60_000), isSummary });

test('while the hour has room each alert is a mail', () => {
  assert.deepEqual(planMails(['a', 'b'], [ago(61), ago(10)], 3, now), {
    singles: ['a', 'b'],
    summary: [],
    why: 'room',
  });
});

test('what the hour has no room for goes into one summary at once', () => {
  assert.deepEqual(planMails(['a', 'b', 'c', 'd'], [ago(10)], 2, now), {
    singles: ['a'],
    summary: ['b', 'c', 'd'],
    why: 'full',
  });
  assert.deepEqual(planMails(['a'], [ago(10), ago(20)], 2, now), { singles: [], summary: ['a'], why: 'full' });
});

test('after a summary nothing goes out until it is an hour old', () => {
  const held = planMails(['a', 'b'], [ago(59, true)], 2, now);
  assert.deepEqual(held, { singles: [], summary: [], why: 'summary_sent' });
  assert.deepEqual(planMails(['a', 'b'], [ago(60, true)], 2, now).singles, ['a', 'b']);
});

test('a limit that was lowered leaves no room, and takes nothing back', () => {
  assert.deepEqual(planMails(['a'], [ago(1), ago(2), ago(3)], 1, now), { singles: [], summary: ['a'], why: 'full' });
});
