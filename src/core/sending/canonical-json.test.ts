import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';

test('the order of fields makes no difference', () => {
  assert.equal(canonicalJson({ b: [1, { d: 2, c: 3 }], a: 'x' }), canonicalJson({ a: 'x', b: [1, { c: 3, d: 2 }] }));
});

test('the order of an array makes a difference', () => {
  assert.notEqual(canonicalJson(['a', 'b']), canonicalJson(['b', 'a']));
});

test('an absent field equals an undefined one and differs from null', () => {
  assert.equal(canonicalJson({ a: undefined }), canonicalJson({}));
  assert.notEqual(canonicalJson({ a: null }), canonicalJson({}));
});

test('the canonical text is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(JSON.parse(canonicalJson(plain)), plain);
    }),
  );
});
