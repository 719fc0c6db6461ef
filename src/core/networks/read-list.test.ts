import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeRanges, prefixesOf } from './address-ranges.ts';
import { readAsTable } from './read-as-table.ts';
import { readList } from './read-list.ts';

const read = (text: string): { prefixes: string[]; unreadable: number } | undefined => {
  const list = readList(text);
  return list && { prefixes: prefixesOf(mergeRanges(list.ranges)), unreadable: list.unreadable };
};
const both = { prefixes: ['17.0.0.0/24', '2a02:26f7::/32'], unreadable: 0 };

test('plain lines, with remarks, blank lines and either line end', () => {
  assert.deepEqual(read('# mine\r\n17.0.0.0/24\r\n\r\n2a02:26f7::/32 # and this\n'), both);
});

test('Apple’s lines of network, country, region and city', () => {
  assert.deepEqual(read('17.0.0.0/24,GB,GB-ENG,London,\n2a02:26f7::/32,US,US-CA,LOSANGELES,\n'), both);
});

test('Google’s JSON', () => {
  const prefixes = [{ ipv4Prefix: '17.0.0.0/24' }, { ipv6Prefix: '2a02:26f7::/32', service: 'x', scope: 'y' }];
  assert.deepEqual(read(JSON.stringify({ syncToken: '1', creationTime: '2026', prefixes })), both);
});

test('Amazon’s JSON', () => {
  const prefixes = [{ ip_prefix: '17.0.0.0/24', region: 'x', service: 'AMAZON' }];
  assert.deepEqual(read(JSON.stringify({ prefixes, ipv6_prefixes: [{ ipv6_prefix: '2a02:26f7::/32' }] })), both);
});

test('of the Microsoft 365 endpoints, those of Exchange Online Protection only', () => {
  const endpoints = [
    { id: 1, serviceArea: 'Exchange', urls: ['outlook.office.com'], ips: ['13.107.6.152/31'] },
    { id: 9, serviceArea: 'Exchange', urls: ['*.protection.outlook.com'], ips: ['17.0.0.0/24'] },
    {
      id: 10,
      serviceArea: 'Exchange',
      urls: ['*.mail.protection.outlook.com', '*.mx.microsoft'],
      ips: ['2a02:26f7::/32'],
    },
    { id: 46, serviceArea: 'Common', urls: ['evilprotection.outlook.com.example'], ips: ['18.0.0.0/24'] },
    { id: 56, serviceArea: 'Common' },
  ];
  assert.deepEqual(read(JSON.stringify(endpoints)), both);
});

test('Azure’s service tags', () => {
  const values = [
    { name: 'AzureCloud', properties: { addressPrefixes: ['17.0.0.0/24'] } },
    { name: 'ActionGroup', properties: { addressPrefixes: ['2a02:26f7::/32', '17.0.0.0/25'] } },
  ];
  assert.deepEqual(read(JSON.stringify({ changeNumber: 1, cloud: 'Public', values })), both);
});

test('JSON that is cut off or of no known kind is not a list', () => {
  for (const text of [
    '{"prefixes": [{"ipv4Prefix": "17.0.',
    '{"error": "no"}',
    '[]',
    '{}',
    '[1, null]',
    '{"prefixes": [null]}',
  ])
    assert.equal(read(text), undefined, text);
});

test('entries that are no networks are counted', () => {
  assert.deepEqual(read('<html>\n<body>Service unavailable</body>\n</html>'), { prefixes: [], unreadable: 3 });
  assert.equal(read('{"prefixes": [{"ipv4Prefix": "17.0.0.0/24"}, {"ipv4Prefix": 7}, null]}')?.unreadable, 2);
});

test('a table of autonomous systems gives the networks of those asked for, by commas or tabs', () => {
  const classOf = (asNumber: number): string | undefined => ({ 714: 'apple', 15169: 'google' })[asNumber];
  const table = [
    '17.0.0.0,17.0.1.255,714,"Apple, Inc."',
    '8.8.8.0\t8.8.8.255\t15169\tUS\tGOOGLE',
    '9.9.9.0,9.9.9.255,19281,Quad9',
    '2a02:26f7::,2a02:26f7:ffff:ffff:ffff:ffff:ffff:ffff,714,Apple',
    '10.0.0.0\t10.255.255.255\t0\tNone\tNot routed',
  ].join('\n');
  const { byClass, lines, unreadable } = readAsTable(Buffer.from(table), classOf);
  assert.deepEqual({ lines, unreadable }, { lines: 5, unreadable: 0 });
  assert.deepEqual(byClass.get('apple'), [
    '17.0.0.0-17.0.1.255',
    '2a02:26f7::-2a02:26f7:ffff:ffff:ffff:ffff:ffff:ffff',
  ]);
  assert.deepEqual(byClass.get('google'), ['8.8.8.0-8.8.8.255']);
});

test('a page instead of a table is told by its lines', () => {
  const { lines, unreadable } = readAsTable(Buffer.from('<html>\n<p>a, b</p>\n'), () => 'x');
  assert.deepEqual([lines, unreadable], [2, 2]);
});
