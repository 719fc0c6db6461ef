import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterTry, outcomeOfStatus, patienceMs, retryAfterOf, type Standing, type TryOutcome } from './after-try.ts';

const at = new Date('2026-11-22T12:00:00Z');
const before = (ms: number): Date => new Date(at.getTime() - ms);
const fresh: Standing = { tries: 0, firstTriedAt: null, failures: 0, failingSince: null };
const after = (outcome: TryOutcome, standing: Partial<Standing> = {}, retryAfterMs?: number) =>
  afterTry({ outcome, at, chance: 0.5, retryAfterMs }, { ...fresh, ...standing });

describe('what follows a try', () => {
  it('is nothing more after any 2xx', () => {
    for (const status of [200, 201, 204, 299]) assert.equal(outcomeOfStatus(status), 'delivered');
    assert.deepEqual(after('delivered'), { kind: 'delivered', endsOutage: false });
  });

  it('is the end of the endpoint after 410, and nothing else ends it at once', () => {
    assert.deepEqual(after(outcomeOfStatus(410)), { kind: 'disabled', because: 'gone' });
    for (const status of [400, 401, 404, 500, 302, 429, 503])
      assert.equal(after(outcomeOfStatus(status)).kind, 'again');
  });

  it('sets aside what failed alone, and goes on with the next', () => {
    assert.deepEqual(after('refused'), { kind: 'again', dueAt: new Date(at.getTime() + 5_000), pauseUntil: null });
  });

  it('leaves the endpoint alone after two failures in a row, for at most 15 minutes and a fifth', () => {
    const second = after('timed_out', { failures: 1, failingSince: before(1_000) });
    assert.ok(second.kind === 'again' && second.pauseUntil?.getTime() === at.getTime() + 30_000);
    const later = after('timed_out', {
      failures: 50,
      failingSince: before(3_600_000),
      tries: 50,
      firstTriedAt: before(1),
    });
    assert.ok(later.kind === 'again' && later.pauseUntil?.getTime() === at.getTime() + 15 * 60_000);
  });

  it('says that an outage is over', () => {
    assert.deepEqual(after('delivered', { failures: 2, failingSince: before(9) }), {
      kind: 'delivered',
      endsOutage: true,
    });
    assert.deepEqual(after('delivered', { failures: 1 }), { kind: 'delivered', endsOutage: false });
  });

  it('waits as long as it was asked to, up to a day', () => {
    const asked = after('busy', {}, 120_000);
    assert.ok(asked.kind === 'again' && asked.pauseUntil?.getTime() === at.getTime() + 120_000);
    assert.equal(asked.dueAt.getTime(), at.getTime() + 120_000);
    const long = after('busy', {}, 1e12);
    assert.ok(long.kind === 'again' && long.pauseUntil?.getTime() === at.getTime() + 86_400_000);
    const unasked = after('busy');
    assert.ok(unasked.kind === 'again' && unasked.pauseUntil !== null);
  });

  it('gives up what was tried for three days, and switches off an endpoint that failed for three', () => {
    assert.equal(after('refused', { firstTriedAt: before(patienceMs - 1), tries: 20 }).kind, 'again');
    assert.deepEqual(after('refused', { firstTriedAt: before(patienceMs), tries: 20 }), {
      kind: 'given_up',
      pauseUntil: null,
    });
    assert.deepEqual(after('refused', { failures: 40, failingSince: before(patienceMs) }), {
      kind: 'disabled',
      because: 'failing',
    });
  });

  it('comes again later and later, each wait a fifth shorter or longer by chance', () => {
    const due = (tries: number, chance: number): number => {
      const next = afterTry({ outcome: 'refused', at, chance }, { ...fresh, tries });
      return next.kind === 'again' ? next.dueAt.getTime() - at.getTime() : Number.NaN;
    };
    assert.equal(due(0, 0), 4_000);
    assert.ok(due(0, 0.999) < 6_000 && due(0, 0.999) > 5_900);
    const waits = Array.from({ length: 8 }, (_, tries) => due(tries, 0.5));
    assert.deepEqual(
      waits,
      [...waits].sort((one, other) => one - other),
    );
    assert.equal(due(7, 0.5), 4 * 3_600_000);
    assert.equal(due(99, 0.5), 4 * 3_600_000);
  });
});

describe('Retry-After', () => {
  it('is read as seconds or as a date, and anything else is not read', () => {
    assert.equal(retryAfterOf('120', at), 120_000);
    assert.equal(retryAfterOf('Sun, 22 Nov 2026 12:02:00 GMT', at), 120_000);
    assert.equal(retryAfterOf('Sun, 22 Nov 2026 11:00:00 GMT', at), 0);
    for (const odd of ['soon', '-5', '', undefined]) assert.ok((retryAfterOf(odd, at) ?? 0) === 0);
  });
});
