import assert from 'node:assert/strict';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openToken, sealToken, type TokenKeyring } from '../token.ts';
import { openUnsubscribeToken, sealUnsubscribeToken, unsubscribeUrl } from './unsubscribe-token.ts';

const ring = (...ids: readonly number[]): TokenKeyring => ({
  currentId: ids.at(-1) ?? 1,
  byId: new Map(ids.map((id) => [id, keyOf(id)])),
});
const made = new Map<number, ReturnType<typeof createSecretKey>>();
function keyOf(id: number) {
  const key = made.get(id) ?? createSecretKey(randomBytes(32));
  made.set(id, key);
  return key;
}
const subject = { accountId: randomUUID(), messageId: randomUUID(), recipientId: randomUUID() };
const seal = (keys = ring(1)): string => sealUnsubscribeToken(keys, randomBytes(12), subject);

test('a token comes back as whose copy it was in, is another each time, and shows no id', () => {
  const [one, other] = [seal(), seal()];
  assert.notEqual(one, other);
  for (const token of [one, other]) {
    assert.match(token, /^[A-Za-z0-9_-]{104}$/);
    assert.deepEqual(openUnsubscribeToken(ring(1), token), subject);
    const bytes = Buffer.from(token, 'base64url');
    for (const id of Object.values(subject)) assert.ok(!bytes.includes(Buffer.from(id.replaceAll('-', ''), 'hex')));
  }
});

test('a token of an older key goes on working, and one of a key that is not there says nothing', () => {
  const old = seal(ring(1));
  assert.deepEqual(openUnsubscribeToken(ring(1, 2), old), subject);
  assert.deepEqual(openUnsubscribeToken(ring(1, 2), seal(ring(1, 2))), subject);
  assert.equal(openUnsubscribeToken(ring(2), old), undefined);
});

test('no altered, shortened, lengthened or invented token opens', () => {
  const token = seal();
  const bytes = Buffer.from(token, 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const altered = Buffer.from(bytes);
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(openUnsubscribeToken(ring(1), altered.toString('base64url')), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < token.length; length++)
    assert.equal(openUnsubscribeToken(ring(1), token.slice(0, length)), undefined);
  for (const more of ['A', '=', '==', '\n', ' ', '%00', '/', token])
    assert.equal(openUnsubscribeToken(ring(1), token + more), undefined);
  for (let n = 0; n < 5_000; n++) {
    const invented = Buffer.concat([Buffer.of(1), randomBytes(77)]).toString('base64url');
    assert.equal(openUnsubscribeToken(ring(1), invented), undefined);
  }
});

test('neither kind of token opens as the other, even under one key', () => {
  const content = { kind: 'open', accountId: subject.accountId, subject: { level: 'identified', ...subject } } as const;
  const open = sealToken(ring(1), randomBytes(8), randomBytes(12), content);
  assert.equal(openUnsubscribeToken(ring(1), open), undefined);
  assert.notEqual(openToken(ring(1), seal()).kind, 'valid');
});

test('the address is the tracking host’s, with the token as its last segment', () => {
  const url = unsubscribeUrl(ring(1), randomBytes(12), 'https://t.clinic.example/', subject);
  assert.match(url, /^https:\/\/t\.clinic\.example\/u\/[A-Za-z0-9_-]{104}$/);
});
