/** What counts as having shown that a domain is one's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterLook, type DomainStanding, endOfWarning, isLookDue, sightOf } from './domain-proof.ts';

const dayMs = 86_400_000;
const at = (day: number): Date => new Date(Date.UTC(2026, 10, 1) + day * dayMs);
const fresh: DomainStanding = { claimedAt: at(0), provedAt: null, lostAt: null, checkedAt: null, lastSeen: null };

test('a record counts whoever else has records there, and silence is no answer', () => {
  assert.equal(
    sightOf({ kind: 'found', records: ['v=spf1 -all', ' waxwing-sign-on=a '] }, 'waxwing-sign-on=a'),
    'right',
  );
  assert.equal(sightOf({ kind: 'found', records: ['waxwing-sign-on=ab'] }, 'waxwing-sign-on=a'), 'wrong');
  assert.equal(sightOf({ kind: 'none' }, 'waxwing-sign-on=a'), 'missing');
  assert.equal(sightOf({ kind: 'failed' }, 'waxwing-sign-on=a'), 'unanswered');
});

test('a domain is proved by one look, and a record that is gone warns for seven days before that ends', () => {
  const proved = afterLook(fresh, 'right', at(1));
  assert.deepEqual([proved.news, proved.standing.provedAt], ['proved', at(1)]);
  const missed = afterLook(proved.standing, 'missing', at(2));
  assert.deepEqual([missed.news, missed.standing.provedAt, missed.standing.lostAt], ['missed', at(1), at(2)]);
  assert.deepEqual(endOfWarning(at(2)), at(9));
  const still = afterLook(missed.standing, 'wrong', at(8.9));
  assert.deepEqual([still.news, still.standing.provedAt, still.standing.lostAt], [null, at(1), at(2)]);
  const over = afterLook(still.standing, 'missing', at(9));
  assert.deepEqual([over.news, over.standing.provedAt, over.standing.lostAt], ['over', null, null]);
});

test('a record that comes back in time ends the warning', () => {
  const missed = afterLook(afterLook(fresh, 'right', at(1)).standing, 'missing', at(2)).standing;
  const back = afterLook(missed, 'right', at(5));
  assert.deepEqual([back.news, back.standing.provedAt, back.standing.lostAt], ['seen_again', at(1), null]);
});

test('a DNS that does not answer takes nothing away, however long, and gives nothing', () => {
  const proved = afterLook(fresh, 'right', at(1)).standing;
  assert.deepEqual(afterLook(proved, 'unanswered', at(90)).standing.provedAt, at(1));
  const missed = afterLook(proved, 'missing', at(2)).standing;
  const silent = afterLook(missed, 'unanswered', at(30));
  assert.deepEqual([silent.news, silent.standing.provedAt], [null, at(1)]);
  assert.equal(afterLook(fresh, 'unanswered', at(1)).standing.provedAt, null);
});

test('what another account has is not proved here', () => {
  assert.deepEqual(afterLook(fresh, 'claimed', at(1)).standing.provedAt, null);
});

test('a domain is looked at often while it is waited for or missed, and daily otherwise', () => {
  const after = (minutes: number): Date => new Date(at(1).getTime() + minutes * 60_000);
  assert.equal(isLookDue(fresh, at(0)), true);
  const looked = { ...fresh, checkedAt: at(1) };
  assert.deepEqual(
    [9, 10].map((one) => isLookDue(looked, after(one))),
    [false, true],
  );
  const forgotten = { ...looked, claimedAt: at(-3) };
  assert.deepEqual(
    [60, 1440].map((one) => isLookDue(forgotten, after(one))),
    [false, true],
  );
  const proved = { ...looked, provedAt: at(1) };
  assert.deepEqual(
    [60, 1440].map((one) => isLookDue(proved, after(one))),
    [false, true],
  );
  const lost = { ...proved, lostAt: at(1) };
  assert.deepEqual(
    [59, 60].map((one) => isLookDue(lost, after(one))),
    [false, true],
  );
});
