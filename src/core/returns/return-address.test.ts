import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { handleOfReturn, returnLocalPart } from './return-address.ts';

const key = createSecretKey(randomBytes(32));

test('a return address leads back to its recipient, whatever case it comes in', () => {
  for (let n = 0; n < 200; n += 1) {
    const handle = randomBytes(8);
    const local = returnLocalPart(key, handle);
    assert.match(local, /^b-[a-z2-7]{29}$/);
    assert.deepEqual(handleOfReturn(key, local), new Uint8Array(handle));
    assert.deepEqual(handleOfReturn(key, local.toUpperCase()), new Uint8Array(handle));
    assert.equal(returnLocalPart(key, handle), local);
  }
});

test('its octets show nothing of the handle', () => {
  const zero = returnLocalPart(key, new Uint8Array(8));
  const one = returnLocalPart(key, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1));
  assert.doesNotMatch(zero, /aaaaa/);
  assert.notEqual(zero.slice(2, 10), one.slice(2, 10));
});

test('an address with any letter changed, cut, lengthened, or made with another key is refused', () => {
  const local = returnLocalPart(key, randomBytes(8));
  for (let at = 2; at < local.length; at += 1) {
    const other = local[at] === 'q' ? 'r' : 'q';
    assert.equal(handleOfReturn(key, local.slice(0, at) + other + local.slice(at + 1)), undefined, String(at));
  }
  assert.equal(handleOfReturn(key, local.slice(0, -1)), undefined);
  assert.equal(handleOfReturn(key, `${local}a`), undefined);
  assert.equal(handleOfReturn(key, local.slice(2)), undefined);
  assert.equal(handleOfReturn(key, ''), undefined);
  assert.equal(handleOfReturn(key, 'postmaster'), undefined);
  assert.equal(handleOfReturn(createSecretKey(randomBytes(32)), local), undefined);
});

test('the last letter has one spelling only', () => {
  const local = returnLocalPart(key, randomBytes(8));
  const spellings = [...'abcdefghijklmnopqrstuvwxyz234567'].filter(
    (letter) => handleOfReturn(key, local.slice(0, -1) + letter) !== undefined,
  );
  assert.deepEqual(spellings, [local.at(-1)]);
});
