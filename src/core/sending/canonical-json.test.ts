import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, saysEachNameOnce } from './canonical-json.ts';

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

test('a name that an object says twice is noticed, at any depth and in any spelling, and nothing else is', () => {
  const once = (text: string) => saysEachNameOnce(text, JSON.parse(text));
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":{"b":[{"c":1,"c":1}]}}',
    '{"a":1,"\\u0061":2}',
    '{"a" : 1, "a"\n: 2}',
    '{"__proto__":1,"__proto__":2}',
  ])
    assert.equal(once(text), false, text);
  for (const text of [
    '{}',
    '[]',
    '"a\\":"',
    '{"a":"b\\":","c":["d: e","\\\\"]}',
    '{"a":{"a":{"a":[{"a":1},{"a":1}]}}}',
    '{"__proto__":{"b":1}}',
  ])
    assert.equal(once(text), true, text);
});
