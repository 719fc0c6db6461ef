import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AddressRange,
  coverage,
  mergeRanges,
  prefixesOf,
  readPrefix,
  readRange,
  subtractRanges,
} from './address-ranges.ts';

const ranges = (...prefixes: string[]): AddressRange[] => prefixes.flatMap((prefix) => readPrefix(prefix) ?? []);
const merged = (...prefixes: string[]): string[] => prefixesOf(mergeRanges(ranges(...prefixes)));

test('prefixes that touch or nest become one, whatever their order', () => {
  assert.deepEqual(merged('17.0.1.0/24', '17.0.0.0/24', '17.0.0.7'), ['17.0.0.0/23']);
  assert.deepEqual(merged('2a02:26f7:8000::/33', '2a02:26f7::/33'), ['2a02:26f7::/32']);
  assert.deepEqual(merged('17.0.0.0/24', '17.0.2.0/24'), ['17.0.0.0/24', '17.0.2.0/24']);
});

test('host bits are cut off, and a lone address is a network of its own', () => {
  assert.deepEqual(merged('17.0.0.9/24'), ['17.0.0.0/24']);
  assert.deepEqual(merged('17.0.0.9'), ['17.0.0.9/32']);
  assert.deepEqual(merged('2001:db8::1'), ['2001:db8:0:0:0:0:0:1/128']);
});

test('what is no prefix is none', () => {
  for (const text of [
    '',
    '/',
    '1.2.3/8',
    '1.2.3.4/33',
    '1.2.3.04',
    '256.0.0.0/8',
    ':::/8',
    '1::2::3',
    '2001:db8::/129',
    'x/8',
    '1.2.3.4/',
    '12345::/16',
  ])
    assert.equal(readPrefix(text), undefined, text);
});

test('a range has its ends in order and of one kind', () => {
  assert.deepEqual(prefixesOf([readRange('17.0.0.0', '17.0.2.255') as AddressRange]), ['17.0.0.0/23', '17.0.2.0/24']);
  assert.equal(readRange('17.0.0.9', '17.0.0.0'), undefined);
  assert.equal(readRange('17.0.0.9', '2001::'), undefined);
});

test('IPv4 and IPv6 are covered separately', () => {
  assert.deepEqual(coverage(ranges('17.0.0.0/24', '2001:db8::/63')), { v4: 256, v6: 2 });
});

test('subtracting takes out the middle, the ends and the whole', () => {
  const less = (from: string[], without: string[]): string[] =>
    prefixesOf(subtractRanges(mergeRanges(ranges(...from)), mergeRanges(ranges(...without))));
  assert.deepEqual(less(['17.0.0.0/22'], ['17.0.1.0/24']), ['17.0.0.0/24', '17.0.2.0/23']);
  assert.deepEqual(less(['17.0.0.0/22'], ['17.0.0.0/23', '17.0.3.0/24']), ['17.0.2.0/24']);
  assert.deepEqual(less(['17.0.0.0/22', '18.0.0.0/24'], ['17.0.0.0/8']), ['18.0.0.0/24']);
  assert.deepEqual(less(['17.0.0.0/22'], ['16.0.0.0/8', '18.0.0.0/8']), ['17.0.0.0/22']);
});

/** A small world: addresses of one /24, so that everything can be looked at one by one. */
const small = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 })), { maxLength: 8 })
  .map((all) => all.map(([host, length]) => `17.0.0.${host}/${length}`));
const addressesOf = (of: readonly AddressRange[]): Set<bigint> => {
  const all = new Set<bigint>();
  for (const { from, to } of of) for (let at = from; at <= to; at += 1n) all.add(at);
  return all;
};

test('merging, subtracting and writing neither add nor lose an address', () => {
  fc.assert(
    fc.property(small, small, (one, other) => {
      const [left, right] = [mergeRanges(ranges(...one)), mergeRanges(ranges(...other))];
      assert.deepEqual(addressesOf(left), addressesOf(ranges(...one)));
      assert.deepEqual(addressesOf(ranges(...prefixesOf(left))), addressesOf(left));
      const rest = subtractRanges(left, right);
      const wanted = [...addressesOf(left)].filter((address) => !addressesOf(right).has(address));
      assert.deepEqual([...addressesOf(rest)], wanted);
    }),
  );
});
