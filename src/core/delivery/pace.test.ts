import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterAnswer, destinationGroup, newPace, type Pace, paceAnswerOf, slotsOf, turnAfter } from './pace.ts';

const limits = { start: 16, most: 32 };
const answer = (kind: 'took' | 'throttled' | 'other', atMs: number, tookMs = 100) => ({
  kind,
  atMs,
  tookMs,
  chance: 0.5,
});

function after(pace: Pace, ...answers: ReturnType<typeof answer>[]): Pace {
  return answers.reduce((now, one) => afterAnswer(now, one, limits), pace);
}

test('a round that is taken adds one copy at once, up to the most', () => {
  const round = Array.from({ length: 17 }, (_, n) => answer('took', n));
  assert.equal(slotsOf(after(newPace(limits), ...round), limits), 17);
  const many = Array.from({ length: 5_000 }, (_, n) => answer('took', n));
  assert.equal(slotsOf(after(newPace(limits), ...many), limits), 32);
});

test('being told to slow down halves it, once for all that were under way together', () => {
  const together = Array.from({ length: 16 }, (_, n) => answer('throttled', 10_000 + n));
  assert.equal(slotsOf(after(newPace(limits), ...together), limits), 8);
  assert.equal(slotsOf(after(newPace(limits), answer('throttled', 10_000), answer('throttled', 11_500)), limits), 4);
});

test('where one copy is too much it is left alone, twice as long each time, at most some minutes', () => {
  let pace: Pace = { ...newPace(limits), slots: 1 };
  let atMs = 0;
  const pauses: number[] = [];
  for (let n = 0; n < 10; n += 1) {
    pace = after(pace, answer('throttled', atMs));
    pauses.push(pace.pausedUntilMs - atMs);
    atMs = pace.pausedUntilMs + 2_000;
  }
  assert.deepEqual(pauses.slice(0, 4), [5_000, 10_000, 20_000, 40_000]);
  assert.equal(pauses.at(-1), 300_000);
  assert.equal(after(pace, answer('took', atMs)).pauses, 0);
});

test('421 and the temporary replies about policy or congestion ask for less, others speak of the recipient', () => {
  const kind = (code: number, text: string) => paceAnswerOf({ code, text });
  assert.equal(kind(421, '421 busy'), 'throttled');
  assert.equal(kind(450, '450 4.7.1 too fast'), 'throttled');
  assert.equal(kind(451, '451-4.7.650 rate limited\n451 4.7.650 later'), 'throttled');
  assert.equal(kind(452, '452 4.4.5 congested'), 'throttled');
  assert.equal(kind(450, '450 4.2.1 mailbox busy'), 'other');
  assert.equal(kind(450, '450 later'), 'other');
  assert.equal(kind(550, '550 5.7.1 refused'), 'other');
  assert.equal(kind(250, '250 2.0.0 ok'), 'took');
  assert.equal(paceAnswerOf(null), 'other');
});

test('turns of copies that wait follow each other a little faster than the destination was measured', () => {
  const pace: Pace = { ...newPace(limits), slots: 10, copyMs: 300 };
  let lastTurnMs = 0;
  const turns = Array.from({ length: 1_000 }, () => {
    lastTurnMs = turnAfter(pace, limits, { nowMs: 0, lastTurnMs, chance: 0.5 });
    return lastTurnMs;
  });
  assert.ok((turns[0] ?? 0) >= 200);
  assert.equal(Math.round((turns[999] ?? 0) - (turns[0] ?? 0)), Math.round((999 * 300) / 10 / 1.25));
});

test('a turn beyond an hour is drawn from its second half, and none comes before a pause ends', () => {
  const paused: Pace = { ...newPace(limits), pausedUntilMs: 60_000 };
  assert.ok(turnAfter(paused, limits, { nowMs: 0, lastTurnMs: 0, chance: 0 }) >= 60_000);
  const far = turnAfter(newPace(limits), limits, { nowMs: 0, lastTurnMs: 9_000_000, chance: 0 });
  assert.equal(far, 1_800_000);
});

test('hosts under one registered name are one destination', () => {
  assert.equal(destinationGroup('alt1.aspmx.l.google.com'), 'google.com');
  assert.equal(destinationGroup('ASPMX.L.GOOGLE.COM.'), 'google.com');
  assert.equal(destinationGroup('clinic-example.mail.protection.outlook.com'), 'outlook.com');
  assert.equal(destinationGroup('mx1.hospital.co.uk'), 'hospital.co.uk');
  assert.equal(destinationGroup('mx.example'), 'mx.example');
  assert.equal(destinationGroup('192.0.2.7'), '192.0.2.7');
  assert.equal(destinationGroup('2001:db8::1'), '2001:db8::1');
});
