import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRetryPolicy, retryAfterMs } from './backoff.ts';
import { type AttemptEnd, outcomeOf, type Stage } from './outcome.ts';
import { meetsDemand, stricter, type TlsFacts } from './transport.ts';

const young = { attempts: 1, ageMs: 1_000, chance: 0.5 };
const outcome = (end: AttemptEnd, age = young) => outcomeOf(end, age, defaultRetryPolicy);
const reply = (stage: Stage, code: number): AttemptEnd => ({ kind: 'refused', stage, code });

test('a message that was taken is delivered', () => {
  assert.deepEqual(outcome({ kind: 'taken' }), { kind: 'delivered', why: 'accepted' });
});

test('the first digit of a reply to the message decides between retry and bounce', () => {
  for (const stage of ['mail', 'rcpt', 'data', 'body'] as const) {
    for (const code of [421, 450, 451, 452, 499])
      assert.equal(outcome(reply(stage, code)).kind, 'retry', `${stage} ${code}`);
    for (const code of [500, 501, 550, 553, 554])
      assert.equal(outcome(reply(stage, code)).kind, 'bounce', `${stage} ${code}`);
  }
});

test('552 to RCPT TO means too many recipients and is tried again, 552 to the body bounces', () => {
  assert.equal(outcome(reply('rcpt', 552)).kind, 'retry');
  assert.equal(outcome(reply('body', 552)).kind, 'bounce');
});

test('a 5xx before the next hop has heard of the message never bounces it', () => {
  for (const stage of ['connect', 'greeting', 'hello', 'tls', 'auth'] as const)
    assert.equal(outcome(reply(stage, 554)).kind, 'retry', stage);
});

test('a refused login is our fault and never bounces a message, wherever it is said', () => {
  for (const code of [530, 534, 535, 538]) {
    const decided = outcome(reply('mail', code));
    assert.deepEqual([decided.kind, decided.why], ['retry', 'reply.bad_login']);
  }
});

test('a connection that breaks is tried again and keeps its reason', () => {
  assert.deepEqual(outcome({ kind: 'failed', why: 'connection.lost' }), {
    kind: 'retry',
    afterMs: 15_000,
    why: 'connection.lost',
  });
});

test('what can never succeed bounces at once with its reason', () => {
  assert.deepEqual(outcome({ kind: 'impossible', why: 'domain.no_mail' }), { kind: 'bounce', why: 'domain.no_mail' });
});

test('after five days a temporary failure bounces as expired, and the last wait ends on that day', () => {
  const dayMs = 86_400_000;
  const end = reply('rcpt', 451);
  assert.deepEqual(outcome(end, { attempts: 40, ageMs: 5 * dayMs, chance: 0.5 }), { kind: 'bounce', why: 'expired' });
  const last = outcome(end, { attempts: 40, ageMs: 5 * dayMs - 60_000, chance: 0.5 });
  assert.deepEqual(last, { kind: 'retry', afterMs: 60_000, why: 'reply.temporary' });
});

test('waits grow from seconds to four hours and spread by a fifth', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((attempts) =>
    retryAfterMs({ attempts, chance: 0.5 }, defaultRetryPolicy),
  );
  assert.deepEqual(
    waits,
    [15, 60, 300, 900, 1800, 3600, 7200, 14_400, 14_400].map((seconds) => seconds * 1000),
  );
  assert.equal(retryAfterMs({ attempts: 1, chance: 0 }, defaultRetryPolicy), 12_000);
  assert.equal(retryAfterMs({ attempts: 1, chance: 1 }, defaultRetryPolicy), 18_000);
});

test('the stricter of two floors holds', () => {
  assert.equal(stricter('plain', 'verified'), 'verified');
  assert.equal(stricter('authenticated', 'opportunistic'), 'authenticated');
});

test('verified is met only by TLS 1.2 or later with a certificate for the name', () => {
  const facts: TlsFacts = {
    ...{ protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    ...{ verified: true, proof: null, certificate: null },
  };
  assert.equal(meetsDemand('verified', facts), true);
  assert.equal(meetsDemand('verified', { ...facts, verified: false }), false);
  assert.equal(meetsDemand('verified', { ...facts, protocol: 'TLSv1.1' }), false);
  assert.equal(meetsDemand('verified', null), false);
  assert.equal(meetsDemand('if-offered', null), true);
});
