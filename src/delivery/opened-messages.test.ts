import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAskedAgain } from './open-copies.ts';
import type { OpenMessage } from './opened-messages.ts';
import { holdOpenedMessages } from './opened-messages.ts';

const at = (seconds: number): Date => new Date(Date.parse('2026-11-22T12:00:00Z') + seconds * 1_000);
const message = (size: number, links: string[] = []): OpenMessage => ({
  header: { subject: '', from: '', envelopeFrom: '', tags: [], ownTo: false, minimumTransport: 'plain' },
  content: Buffer.alloc(size),
  plan: { version: 'letter', source: { subject: '', html: null, text: null, missing: 'refuse' }, links } as never,
  letter: null,
});

test('many small messages take no more than may be held: the oldest go', () => {
  const held = holdOpenedMessages(1_000_000);
  for (let n = 0; n < 10_000; n++) held.keep(`${n}`, message(100), at(n));
  assert.ok(held.bytes() <= 1_000_000);
  const there = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => held.get(`${n}`) !== undefined);
  assert.ok(there.length < 250 && there.length > 100, `${there.length} are held`);
  assert.equal(there.at(-1), 9_999);
  assert.equal(there.length, 10_000 - (there[0] ?? 0));
});

test('one that is larger than all that may be held is not held, and neither is one of very many links', () => {
  const held = holdOpenedMessages(100_000);
  held.keep('large', message(100_001), at(0));
  held.keep('links', message(10, Array(1_000).fill('https://clinic.example/')), at(0));
  assert.deepEqual([held.get('large'), held.get('links'), held.bytes()], [undefined, undefined, 0]);
});

test('what nobody asked for lately is gone, and what was kept anew stays', () => {
  const held = holdOpenedMessages(100_000);
  held.keep('a', message(10), at(0));
  held.keep('b', message(10), at(0));
  held.keep('a', message(10), at(50));
  held.dropBefore(at(30));
  assert.deepEqual([held.get('a') !== undefined, held.get('b')], [true, undefined]);
  held.dropBefore(at(60));
  assert.equal(held.bytes(), 0);
});

test('an erased message, and one of a single recipient, is not held for others', () => {
  const many = { recipientCount: 2, erasedAt: null, keySealed: Buffer.alloc(1) };
  assert.equal(isAskedAgain(many), true);
  assert.equal(isAskedAgain({ ...many, recipientCount: 1 }), false);
  assert.equal(isAskedAgain({ ...many, erasedAt: at(0) }), false);
  assert.equal(isAskedAgain({ ...many, keySealed: null }), false);
});
