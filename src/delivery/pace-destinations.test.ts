import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claimed } from './claim-store.ts';
import { openPacing } from './pace-destinations.ts';

let nowMs = 1_000_000;
const open = (behindRelay = false) =>
  openPacing({
    now: () => new Date(nowMs),
    mostPerDestination: 4,
    mostOfRelay: behindRelay ? 4 : null,
    ...{ mostUnheard: 8, mostAside: 6 },
  });

let ids = 0;
function copy(domainId: number): Claimed {
  ids += 1;
  const at = new Date(nowMs);
  return {
    ...{ accountId: 'a', messageId: 'm', recipientId: `r${ids}`, domainId, campaignId: 0, attempts: 0 },
    ...{ firstDueAt: at, leaseEnd: at },
  };
}
const copies = (count: number, domainId = 1) => Array.from({ length: count }, () => copy(domainId));

test('a destination takes so many at once, and the others come back one after another', () => {
  const pacing = open();
  const answers = copies(7).map((one) => pacing.admit(one));
  assert.deepEqual(answers.slice(0, 4), ['go', 'go', 'go', 'go']);
  const turns = answers.slice(4).map((answer) => (answer === 'go' ? 0 : answer.getTime()));
  assert.ok(turns.every((turn) => turn > nowMs));
  assert.deepEqual(
    turns.toSorted((one, other) => one - other),
    turns,
  );
  assert.equal(new Set(turns).size, 3);
  assert.equal(pacing.admit(copy(2)), 'go', 'another destination is free');
});

test('a place is free again when its copy has left, and only once', () => {
  const pacing = open();
  const [first, ...others] = copies(4);
  assert.ok(first);
  for (const one of [first, ...others]) pacing.admit(one);
  pacing.left(first);
  pacing.left(first);
  assert.equal(pacing.admit(copy(1)), 'go');
  assert.notEqual(pacing.admit(copy(1)), 'go');
});

test('domains that the same host serves are one destination once that was seen', () => {
  const pacing = open();
  for (const one of [copy(1), copy(2)])
    pacing.answered(one, { kind: 'took', tookMs: 10, host: `mx${ids}.host.example` });
  const answers = [...copies(3, 1), ...copies(3, 2)].map((one) => pacing.admit(one));
  assert.equal(answers.filter((answer) => answer === 'go').length, 4);
});

test('a destination that asks for less gets half, and one that refuses even one copy is left alone', () => {
  const pacing = open();
  const throttled = { kind: 'throttled', tookMs: 10, host: 'mx.host.example' } as const;
  const atMost: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    nowMs += 2_000;
    pacing.answered(copy(1), throttled);
    atMost.push(pacing.paceOf({ accountId: 'a', domainId: 1 }).atMost);
  }
  assert.deepEqual(atMost, [2, 1, 1]);
  const { pausedUntil } = pacing.paceOf({ accountId: 'a', domainId: 1 });
  const answer = pacing.admit(copy(1));
  assert.ok(pausedUntil !== null && answer !== 'go' && answer >= pausedUntil);
});

test('what a destination takes is divided among processes, what a relay takes is not', () => {
  const [direct, relayed] = [open(), open(true)];
  for (const pacing of [direct, relayed]) pacing.shareWith(2);
  const going = (pacing: typeof direct) => copies(6).filter((one) => pacing.admit(one) === 'go').length;
  assert.equal(going(direct), 2);
  assert.equal(going(relayed), 4);
});

test('destinations that never answered share a part of the places, and one that did answer is not held up by them', () => {
  const pacing = open();
  for (const domain of [1, 2, 3]) for (const one of copies(4, domain)) pacing.admit(one);
  assert.notEqual(pacing.admit(copy(4)), 'go', 'three hold what two may');
  const heard = copy(5);
  pacing.answered(heard, { kind: 'took', tookMs: 10, host: 'mx.healthy.example' });
  assert.equal(pacing.admit(heard), 'go');
});

test('copies whose destination is silent for ten seconds stand aside, so many and no more, and their places are free', () => {
  const pacing = open();
  const [first, second] = [copies(4, 1), copies(4, 2)];
  for (const one of [...first, ...second]) assert.equal(pacing.admit(one), 'go');
  nowMs += 9_999;
  assert.deepEqual(
    pacing.standAside(() => true),
    [],
  );
  assert.notEqual(pacing.admit(copy(3)), 'go');
  nowMs += 1;
  assert.deepEqual(
    pacing.standAside((id) => id === first[0]?.recipientId),
    [first[0]?.recipientId],
    'only what has set out',
  );
  assert.equal(pacing.standAside(() => true).length, 5);
  assert.equal(pacing.standAside(() => true).length, 0);
  assert.equal(pacing.admit(copy(3)), 'go');
  assert.notEqual(pacing.admit(copy(1)), 'go', 'the silent one itself gets no more');
  for (const one of first) pacing.left(one);
  assert.equal(pacing.admit(copy(1)), 'go', 'one that was silent is tried again');
});

test('an answer of any kind makes a destination heard, and its copies keep their places', () => {
  const pacing = open();
  const four = copies(4, 1);
  for (const one of four) pacing.admit(one);
  nowMs += 8_000;
  const [first] = four;
  assert.ok(first);
  pacing.answered(first, { kind: 'other', tookMs: 100, host: 'mx.other.example' });
  nowMs += 8_000;
  assert.deepEqual(
    pacing.standAside(() => true),
    [],
  );
});

test('copies of a destination that takes long to answer stand aside at once, at most half of all that may', () => {
  const pacing = open();
  for (const [domainId, tookMs] of [
    [1, 300],
    [2, 50],
  ] as const)
    pacing.answered(copy(domainId), { kind: 'took', tookMs, host: `mx${domainId}.host${domainId}.example` });
  const [slow, quick] = [copies(4, 1), copies(4, 2)];
  for (const one of [...slow, ...quick]) assert.equal(pacing.admit(one), 'go');
  const aside = pacing.standAside(() => true);
  assert.deepEqual(
    aside,
    slow.slice(0, 3).map((one) => one.recipientId),
  );
  assert.deepEqual(
    pacing.standAside(() => true),
    [],
  );
  assert.notEqual(pacing.admit(copy(1)), 'go', 'the slow one itself gets no more for it');
  for (const one of slow) pacing.left(one);
  assert.equal(pacing.admit(copy(1)), 'go');
});

test('where all mail goes by one relay its copies keep their places, however long they take', () => {
  const pacing = open(true);
  const four = copies(4);
  for (const one of four) pacing.admit(one);
  for (const one of four.slice(1))
    pacing.answered(one, { kind: 'took', tookMs: 3_000, host: 'relay.example', relay: { id: null } });
  assert.deepEqual(
    pacing.standAside(() => true),
    [],
  );
});
