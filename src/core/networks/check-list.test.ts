import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressRange, mergeRanges, readPrefix } from './address-ranges.ts';
import { checkList, type ListFault } from './check-list.ts';

const ranges = (prefixes: readonly string[]): AddressRange[] => prefixes.flatMap((prefix) => readPrefix(prefix) ?? []);
/** Every other /24, so that none of them merge. */
const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `17.${n >> 7}.${(n & 127) * 2}.0/24`);
const verdict = (prefixes: readonly string[], before?: readonly string[]): ListFault | 'fine' => {
  const check = checkList({
    ranges: ranges(prefixes),
    unreadable: prefixes.length - ranges(prefixes).length,
    atLeast: 3,
    before: before && mergeRanges(ranges(before)),
  });
  return check.kind === 'fine' ? 'fine' : check.code;
};

test('a list of public networks is fine', () => {
  assert.equal(verdict(['17.0.0.0/8', '2a02::/16', '2606:54c0::/32']), 'fine');
});

test('a list with more than one unreadable entry in a hundred is refused', () => {
  assert.equal(verdict([...many(99), 'oops']), 'fine');
  assert.equal(verdict([...many(97), 'oops', 'oops']), 'unreadable');
  assert.equal(verdict([]), 'unreadable');
});

test('a list of too few networks is refused', () => assert.equal(verdict(many(2)), 'too_few'));

test('a list with the whole address space, or half of it, is refused', () => {
  for (const wide of ['0.0.0.0/0', '::/0', '128.0.0.0/1', '16.0.0.0/7', '2000::/15'])
    assert.equal(verdict([...many(3), wide]), 'too_wide', wide);
});

test('a list that covers everything in small pieces is refused', () => {
  assert.equal(verdict(Array.from({ length: 33 }, (_, n) => `${n + 30}.0.0.0/8`)), 'too_wide');
});

test('a list with private, local or reserved addresses is refused', () => {
  for (const inner of [
    '10.1.2.0/24',
    '192.168.0.0/16',
    '172.31.0.0/16',
    '127.0.0.1',
    '169.254.1.1',
    '100.64.0.0/24',
    '224.0.0.1',
    '255.255.255.255',
    'fe80::/64',
    'fd00::/48',
    '::1',
    '64:ff9b::/96',
  ])
    assert.equal(verdict([...many(3), inner]), 'not_public', inner);
});

test('a list that lost more than thirty percent is refused, by addresses or by networks', () => {
  assert.equal(verdict(many(70), many(100)), 'fine');
  assert.equal(verdict(many(69), many(100)), 'shrunken');
  assert.equal(
    verdict([...many(60), '18.0.0.0/9'], [...many(100), '18.0.0.0/9']),
    'shrunken',
    'most networks are gone',
  );
  assert.equal(verdict(many(100), [...many(100), '18.0.0.0/9']), 'shrunken', 'most addresses are gone');
  const v6 = ['2a02:26f7::/32', '2606:54c0::/32'];
  assert.equal(verdict([...many(10), '2a02:26f7::/32'], [...many(10), ...v6]), 'shrunken', 'half of IPv6 is gone');
});

test('a list that says the same in fewer lines has not shrunk', () => {
  const pieces = Array.from({ length: 256 }, (_, n) => `17.5.${n}.0/24`);
  assert.equal(verdict(['17.5.0.0/17', '17.5.128.0/17', '17.5.0.0/24'], pieces), 'fine');
  assert.equal(verdict(['17.0.0.0/16', '17.1.0.0/16', '17.0.0.0/24'], many(200)), 'fine', 'gaps were filled');
});
