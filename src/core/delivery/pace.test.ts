import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  admissionOf,
  afterAnswer,
  destinationGroup,
  newPace,
  type Pace,
  type PaceAnswer,
  paceAnswerOf,
  placesOf,
  slotsOf,
  standingOf,
  turnAfter,
} from './pace.ts';

const limits = { start: 16, most: 32 };
const idle = { inFlight: 0, waitingSinceMs: null };
const answer = (kind: PaceAnswer, atMs: number, tookMs = 100) => ({
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
  const kind = (code: number, text: string) =>
    paceAnswerOf({ reply: { code, text }, end: { kind: 'refused', stage: 'rcpt', code }, tookMs: 60_000 });
  assert.equal(kind(421, '421 busy'), 'throttled');
  assert.equal(kind(450, '450 4.7.1 too fast'), 'throttled');
  assert.equal(kind(451, '451-4.7.650 rate limited\n451 4.7.650 later'), 'throttled');
  assert.equal(kind(452, '452 4.4.5 congested'), 'throttled');
  assert.equal(kind(450, '450 4.2.1 mailbox busy'), 'other');
  assert.equal(kind(450, '450 later'), 'other');
  assert.equal(kind(550, '550 5.7.1 refused'), 'other');
  assert.equal(kind(250, '250 2.0.0 ok'), 'took');
});

test('a timeout is silence, and so is any failure that was waited for; one that shows at once is not', () => {
  const failed = (why: 'connection.timeout' | 'connection.lost', tookMs: number) =>
    paceAnswerOf({ reply: null, end: { kind: 'failed', why }, tookMs });
  assert.equal(failed('connection.timeout', 5), 'silent');
  assert.equal(failed('connection.lost', 10_000), 'silent');
  assert.equal(failed('connection.lost', 9_999), 'failed');
});

test('silence halves what a destination gets that answers others, and pauses one that answers nobody', () => {
  const heard = after(newPace(limits), answer('took', 50_000));
  const halved = after(heard, answer('silent', 60_000, 30_000));
  assert.equal(slotsOf(halved, limits), 8);
  assert.equal(halved.pausedUntilMs, 0);
  const dead = after(heard, answer('silent', 80_001, 30_000));
  assert.deepEqual([slotsOf(dead, limits), dead.pausedUntilMs], [1, 85_001]);
  assert.deepEqual(after(dead, answer('silent', 80_002, 30_000)), dead, 'once for all that waited together');
});

test('who is not known to answer gets four copies at once, and silence none beside those it has', () => {
  const fresh = newPace(limits);
  const at = (inFlight: number, waitingSinceMs: number | null, nowMs: number, isCrowded = false) => ({
    ...{ inFlight, waitingSinceMs, nowMs, isCrowded },
  });
  assert.equal(admissionOf(fresh, limits, at(3, 0, 9_999)), 'go');
  assert.equal(admissionOf(fresh, limits, at(4, 0, 9_999)), 'full');
  assert.equal(admissionOf(fresh, limits, at(3, 0, 10_000)), 'silent');
  assert.equal(admissionOf(fresh, limits, at(0, null, 10_000, true)), 'crowded');
  const heard = after(fresh, answer('other', 10_000));
  assert.equal(admissionOf(heard, limits, at(15, 10_000, 10_001, true)), 'go');
  assert.equal(admissionOf(heard, limits, at(16, 10_000, 10_001)), 'full');
  assert.equal(admissionOf(heard, limits, at(1, 10_000, 20_000)), 'silent');
  assert.equal(standingOf(heard, idle, 310_000), 'unheard', 'what was heard long ago is not known any more');
  assert.equal(standingOf(after(fresh, answer('failed', 1)), idle, 2), 'unheard', 'a refused connection is no answer');
  assert.equal(placesOf(heard, limits, 'heard'), 16);
  assert.equal(placesOf({ ...heard, slots: 2 }, limits, 'unheard'), 2);
  const throttled: Pace = { ...heard, pausedUntilMs: 20_000 };
  assert.equal(admissionOf(throttled, limits, at(0, null, 19_999)), 'paused');
});

test('what waits for a silent destination comes back after as long as it has been silent, at most some minutes', () => {
  const turn = (nowMs: number) =>
    turnAfter(newPace(limits), limits, { inFlight: 4, waitingSinceMs: 0, nowMs, lastTurnMs: 0, chance: 0 }) - nowMs;
  assert.ok(turn(9_999) < 300);
  assert.ok(turn(20_000) >= 20_000 && turn(20_000) < 20_100);
  assert.ok(turn(900_000) < 300_100);
});

test('turns of copies that wait follow each other a little faster than the destination was measured', () => {
  const pace: Pace = { ...newPace(limits), slots: 10, copyMs: 300 };
  let lastTurnMs = 0;
  const turns = Array.from({ length: 1_000 }, () => {
    lastTurnMs = turnAfter(pace, limits, { ...idle, nowMs: 0, lastTurnMs, chance: 0.5 });
    return lastTurnMs;
  });
  assert.ok((turns[0] ?? 0) >= 200);
  assert.equal(Math.round((turns[999] ?? 0) - (turns[0] ?? 0)), Math.round((999 * 300) / 10 / 1.25));
});

test('a turn beyond an hour is drawn from its second half, and none comes before a pause ends', () => {
  const paused: Pace = { ...newPace(limits), pausedUntilMs: 60_000 };
  assert.ok(turnAfter(paused, limits, { ...idle, nowMs: 0, lastTurnMs: 0, chance: 0 }) >= 60_000);
  const far = turnAfter(newPace(limits), limits, { ...idle, nowMs: 0, lastTurnMs: 9_000_000, chance: 0 });
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
