import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { blockOf, canonical, parseAddress } from './address.ts';
import {
  autonomousSystems,
  buildNetworks,
  builtInLists,
  builtInNetworks,
  classOfAsn,
  type NetworkList,
  type Networks,
  withBuiltIn,
} from './index.ts';

setFlagsFromString('--expose-gc');

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

test('ranges of an AS table are networks too, and may overlap as they like', () => {
  const lists: NetworkList[] = [
    {
      name: 'one',
      class: 'cisco',
      prefixes: [],
      ranges: [
        ['192.0.2.10', '192.0.2.20'],
        ['192.0.2.15', '192.0.2.40'],
      ],
    },
    { name: 'two', class: 'google', prefixes: ['192.0.2.18'], ranges: [['2001:db8::1', '2001:db8:0:1::']] },
  ];
  assert.deepEqual(names('192.0.2.9', lists), []);
  assert.deepEqual(names('192.0.2.10', lists), ['one']);
  assert.deepEqual(names('192.0.2.18', lists), ['one', 'two']);
  assert.deepEqual(names('192.0.2.40', lists), ['one']);
  assert.deepEqual(names('192.0.2.41', lists), []);
  assert.deepEqual(names('2001:db8::', lists), []);
  assert.deepEqual(names('2001:db8:0:1::', lists), ['two']);
  assert.deepEqual(names('2001:db8:0:1::1', lists), []);
});

test('ranges end where the address space ends', () => {
  const all: NetworkList = {
    name: 'all',
    class: 'cisco',
    prefixes: [],
    ranges: [
      ['224.0.0.0', '255.255.255.255'],
      ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ],
  };
  assert.deepEqual(names('255.255.255.255', [all]), ['all']);
  assert.deepEqual(names('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', [all]), ['all']);
  assert.deepEqual(names('223.255.255.255', [all]), []);
  assert.deepEqual(names('::1:0:0:0', [all]), []);
});

test('malformed ranges are counted and left out', () => {
  const ranges = [
    ['192.0.2.9', '192.0.2.1'],
    ['192.0.2.1', '2001:db8::1'],
    ['x', '192.0.2.1'],
    ['192.0.2.1'],
    [1, 2],
    'x',
    null,
    ['192.0.2.1', '192.0.2.1'],
  ] as unknown as NetworkList['ranges'];
  const networks = buildNetworks([{ name: 'list', class: 'cisco', prefixes: ['x'], ...(ranges && { ranges }) }]);
  assert.equal(networks.prefixCount, 1);
  assert.deepEqual(networks.rejected, [{ list: 'list', count: 8 }]);
});

test('a table of prefixes and ranges agrees with looking at each of them, in both families', () => {
  const byte = fc.integer({ min: 0, max: 15 });
  const v4 = fc.tuple(byte, byte).map(([high, low]) => ({ text: `10.0.${high}.${low}`, value: high * 256 + low }));
  const v6 = fc.tuple(byte, byte).map(([high, low]) => ({
    text: `2001:db8::${high.toString(16)}:${low.toString(16)}`,
    value: 1_000_000 + high * 65_536 + low,
  }));
  const ends = fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6));
  const range = ends.map(([one, other]) => (one.value <= other.value ? [one, other] : [other, one]) as (typeof one)[]);
  const lists = fc.array(fc.array(range, { maxLength: 7 }), { maxLength: 5 });
  fc.assert(
    fc.property(lists, fc.oneof(v4, v6), (rangeLists, wanted) => {
      const holds = ([from, to]: readonly { value: number }[]): boolean =>
        (from?.value ?? 0) <= wanted.value && wanted.value <= (to?.value ?? 0);
      const expected = rangeLists.flatMap((list, index) => (list.some(holds) ? [`l${index}`] : []));
      const built = rangeLists.map((list, index): NetworkList => {
        const ranges = list.map(([from, to]) => [from?.text ?? '', to?.text ?? ''] as const);
        return { name: `l${index}`, class: 'cisco', prefixes: [], ranges };
      });
      assert.deepEqual(names(wanted.text, built), expected);
    }),
    { numRuns: 500 },
  );
});

test('lists as long as the longest published ones weigh less than 40 MB together', async () => {
  const collect = runInNewContext('gc') as () => void;
  /** What is let go of by arrays is given back a moment after the collection. */
  const held = async (): Promise<number> => {
    for (let round = 0; round < 3; round += 1) {
      collect();
      await new Promise(setImmediate);
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const build = (): Networks => buildNetworks(fullSizeLists());
  const before = await held();
  const networks = build();
  const weight = (await held()) - before;
  assert.equal(networks.prefixCount, 42_000 + 250_000 + 120_000);
  assert.ok(weight < 40_000_000, `${Math.round(weight / 1e6)} MB`);
  assert.deepEqual(networks.lookup('9.9.9.9'), []);
});

/** Apple's list, line for line as long as it is, and a table of the AS numbers of interest; in no order, and overlapping. */
function fullSizeLists(): NetworkList[] {
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  const v4 = (low: number): string => {
    const number = random();
    return `${11 + (number % 200)}.${(number >>> 8) & 255}.${(number >>> 16) & 255}.${low}`;
  };
  const v6 = (): string => `2a02:26f7:${(random() >>> 16).toString(16)}:${(random() >>> 16).toString(16)}::/64`;
  const prefixes = [...Array.from({ length: 42_000 }, () => `${v4(0)}/31`), ...Array.from({ length: 250_000 }, v6)];
  const ranges = Array.from({ length: 120_000 }, () => {
    const from = v4(0);
    return [from, from.replace(/0$/, '255')] as const;
  });
  return [
    { name: 'apple-egress', class: 'apple-egress', prefixes, fetchedAt: '2026-11-20T00:00:00Z' },
    { name: 'asn', class: 'data-centre', prefixes: [], ranges, fetchedAt: '2026-11-20T00:00:00Z' },
  ];
}

test('every AS number of interest has one class, and all others have none', () => {
  const numbers = autonomousSystems.map((system) => system.asn);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const { asn, class: name } of autonomousSystems) assert.equal(classOfAsn(asn), name);
  for (const [asn, name] of [
    [8075, 'microsoft'],
    [22843, 'proofpoint'],
    [60492, 'mimecast'],
    [16417, 'cisco'],
    [30633, 'data-centre'],
  ] as const)
    assert.equal(classOfAsn(asn), name);
  for (const asn of [13335, 3320, 0, -1, Number.NaN]) assert.equal(classOfAsn(asn), undefined);
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
