import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOf, priorityOf, shareRoom } from './message-class.ts';

test('mail of a campaign is marketing, single mail transactional, unless the message says otherwise', () => {
  assert.equal(classOf(undefined, true), 'marketing');
  assert.equal(classOf(undefined, false), 'transactional');
  assert.equal(classOf('transactional', true), 'transactional');
  assert.equal(classOf('marketing', false), 'marketing');
  assert.ok(priorityOf('transactional') < priorityOf('marketing'));
});

test('transactional mail goes first, and marketing keeps an eighth of the places', () => {
  assert.deepEqual(shareRoom({ transactional: 500, marketing: 500 }, 80), { transactional: 70, marketing: 10 });
  assert.deepEqual(shareRoom({ transactional: 3, marketing: 500 }, 80), { transactional: 3, marketing: 77 });
  assert.deepEqual(shareRoom({ transactional: 500, marketing: 0 }, 80), { transactional: 80, marketing: 0 });
  assert.deepEqual(shareRoom({ transactional: 500, marketing: 4 }, 80), { transactional: 76, marketing: 4 });
  assert.deepEqual(shareRoom({ transactional: 0, marketing: 0 }, 80), { transactional: 0, marketing: 0 });
});

test('with a single place transactional mail takes it', () => {
  assert.deepEqual(shareRoom({ transactional: 2, marketing: 2 }, 1), { transactional: 1, marketing: 0 });
});
