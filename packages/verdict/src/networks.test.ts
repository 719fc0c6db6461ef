import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockOf, canonical, parseAddress } from './address.ts';
import { buildNetworks, builtInLists, builtInNetworks, type NetworkList, withBuiltIn } from './index.ts';

const names = (ip: string, lists: readonly NetworkList[]): string[] =>
  buildNetworks(lists)
    .lookup(ip)
    .map((match) => match.list);

test('an address is found in every list that holds it, nested or overlapping', () => {
  const lists: NetworkList[] = [
    { name: 'wide', class: 'microsoft', prefixes: ['40.0.0.0/8'] },
    { name: 'narrow', class: 'microsoft-mail', prefixes: ['40.94.0.0/16', '40.94.7.0/24'] },
  ];
  assert.deepEqual(names('40.94.7.1', lists), ['wide', 'narrow']);
  assert.deepEqual(names('40.94.255.255', lists), ['wide', 'narrow']);
  assert.deepEqual(names('40.95.0.0', lists), ['wide']);
  assert.deepEqual(names('41.0.0.0', lists), []);
  assert.deepEqual(names('39.255.255.255', lists), []);
});

test('the whole address space and single addresses are prefixes too', () => {
  const all: NetworkList = { name: 'all', class: 'data-centre', prefixes: ['0.0.0.0/0', '::/0'] };
  assert.deepEqual(names('255.255.255.255', [all]), ['all']);
  assert.deepEqual(names('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', [all]), ['all']);
  const one: NetworkList = { name: 'one', class: 'cisco', prefixes: ['192.0.2.7', '2001:db8::7'] };
  assert.deepEqual(names('192.0.2.7', [one]), ['one']);
  assert.deepEqual(names('192.0.2.8', [one]), []);
  assert.deepEqual(names('2001:DB8:0::7', [one]), ['one']);
});

test('IPv4 written as IPv6 is the same address', () => {
  const list: NetworkList = { name: 'eop', class: 'microsoft-mail', prefixes: ['40.107.0.0/16'] };
  for (const text of [
    '40.107.1.2',
    '::ffff:40.107.1.2',
    '::FFFF:286b:0102',
    '0:0:0:0:0:ffff:40.107.1.2',
    '[::ffff:40.107.1.2]',
  ]) {
    assert.deepEqual(names(text, [list]), ['eop'], text);
  }
});

test('what is no address is in no network and never throws', () => {
  for (const text of [
    '',
    'x',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1..2.3',
    ':::',
    '1::2::3',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:8:9',
  ]) {
    assert.deepEqual(builtInNetworks.lookup(text), [], text);
  }
  assert.deepEqual(builtInNetworks.lookup(undefined as unknown as string), []);
});

test('malformed prefixes are counted and left out', () => {
  const prefixes = ['40.0.0.0/8', '40.0.0.0/33', 'x/8', '1.2.3.4/', '2001:db8::/129', '2001:db8::/32'];
  const networks = buildNetworks([{ name: 'list', class: 'cisco', prefixes }]);
  assert.equal(networks.prefixCount, 2);
  assert.deepEqual(networks.rejected, [{ list: 'list', count: 4 }]);
});

test('every built-in prefix is well-formed and is found again', () => {
  assert.deepEqual(builtInNetworks.rejected, []);
  for (const list of builtInLists) {
    for (const prefix of list.prefixes) {
      const [first = ''] = prefix.split('/');
      assert.ok(
        builtInNetworks.lookup(first).some((match) => match.class === list.class),
        `${list.name} ${prefix}`,
      );
    }
  }
});

test('a refreshed list takes the place of the built-in one of its name', () => {
  const lists = withBuiltIn([
    { name: 'apple-egress', class: 'apple-egress', prefixes: ['192.0.2.0/24'], fetchedAt: '2026-01-02T00:00:00Z' },
  ]);
  const networks = buildNetworks(lists);
  assert.deepEqual(networks.lookup('172.225.30.8'), []);
  assert.deepEqual(networks.lookup('192.0.2.1'), [
    { class: 'apple-egress', list: 'apple-egress', fetchedAtMs: Date.UTC(2026, 0, 2) },
  ]);
  assert.equal(lists.length, builtInLists.length);
});

test('addresses share a block by /24 and by /48', () => {
  const block = (text: string): string => {
    const address = parseAddress(text);
    assert.ok(address);
    return canonical(blockOf(address));
  };
  assert.equal(block('198.51.100.7'), block('198.51.100.250'));
  assert.notEqual(block('198.51.100.7'), block('198.51.101.7'));
  assert.equal(block('2001:db8:7:1::1'), block('2001:db8:7:ffff::9'));
  assert.notEqual(block('2001:db8:7::1'), block('2001:db8:8::1'));
});

test('the table agrees with looking at every prefix one by one', () => {
  const v4 = fc.tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 255 }),
  );
  const prefix = fc
    .tuple(v4, fc.integer({ min: 0, max: 32 }))
    .map(([[a, b, c], length]) => `${a % 4}.${b}.${c}.0/${length}`);
  const lists = fc.array(fc.array(prefix, { maxLength: 6 }), { maxLength: 4 });
  const ip = v4.map(([a, b, c]) => [a % 4, b, c, a] as const);
  fc.assert(
    fc.property(lists, ip, (prefixLists, parts) => {
      const value = parts.reduce((sum, part) => sum * 256 + part, 0);
      const holds = (text: string): boolean => {
        const [address = '', length = ''] = text.split('/');
        const size = 2 ** (32 - Number(length));
        const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
        return Math.floor(start / size) === Math.floor(value / size);
      };
      const expected = prefixLists.flatMap((list, index) => (list.some(holds) ? [`l${index}`] : []));
      const built = prefixLists.map(
        (prefixes, index): NetworkList => ({ name: `l${index}`, class: 'cisco', prefixes }),
      );
      assert.deepEqual(names(parts.join('.'), built), expected);
    }),
  );
});

/** Full lists of one day, for whoever has them at hand; never part of this package. */
const snapshots = process.env.WAXWING_TEST_NETWORKS ?? '';
test('full lists are taken whole, and every prefix of them is found', {
  skip: !existsSync(`${snapshots}/apple-proxy-ipv6.txt`),
}, () => {
  const read = (name: string): string[] => readFileSync(`${snapshots}/${name}.txt`, 'utf8').trim().split('\n');
  const list = (name: string, kind: NetworkList['class']): NetworkList => {
    return { name, class: kind, prefixes: [...read(`${name}-ipv4`), ...read(`${name}-ipv6`)] };
  };
  const lists = [
    list('apple-proxy', 'apple-egress'),
    list('google', 'google'),
    list('microsoft', 'microsoft'),
    list('amazon', 'data-centre'),
  ];
  const networks = buildNetworks(lists);
  assert.deepEqual(networks.rejected, []);
  for (const { class: kind, prefixes } of lists) {
    for (const prefix of prefixes)
      assert.ok(
        networks.lookup(prefix.split('/')[0] ?? '').some((match) => match.class === kind),
        prefix,
      );
  }
});
