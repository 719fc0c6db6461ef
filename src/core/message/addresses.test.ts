import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { domainOf, normaliseAddress, parseAddressList } from './addresses.ts';

function read(value: string): string {
  const list = parseAddressList(value);
  if (list.kind === 'refused') return list.code;
  return list.mailboxes.map(({ name, address }) => (name === null ? address : `${name} | ${address}`)).join(' , ');
}

describe('an address list', () => {
  const good: readonly (readonly [string, string])[] = [
    ['ana@example.org', 'ana@example.org'],
    ['Ana Muster <ana@example.org>', 'Ana Muster | ana@example.org'],
    ['"Muster, Ana" <ana@example.org>, bea@example.org', 'Muster, Ana | ana@example.org , bea@example.org'],
    ['Dr. A. Muster <ana@example.org>', 'Dr. A. Muster | ana@example.org'],
    ['"a b"@example.org', '"a b"@example.org'],
    ['"ana"@example.org', 'ana@example.org'],
    ['"a\\"b\\\\"@example.org', '"a\\"b\\\\"@example.org'],
    ['(hello (nested \\) )) ana (x) @ (y) example . org (z)', 'ana@example.org'],
    [
      'Team: ana@example.org, Bea <bea@example.org>;, carla@example.org',
      'ana@example.org , Bea | bea@example.org , carla@example.org',
    ],
    ['=?utf-8?Q?J=C3=BCrg?= <j@example.org>', 'Jürg | j@example.org'],
    ['Jürg <jürg@bücher.example>', 'Jürg | jürg@bücher.example'],
    ['用户@例え.テスト', '用户@例え.テスト'],
    ['😀@example.org', '😀@example.org'],
    ['<@relay.example,@b.example:ana@example.org>', 'ana@example.org'],
    ['ana@[192.0.2.1], bea@[IPv6:2001:db8::1]', 'ana@[192.0.2.1] , bea@[IPv6:2001:db8::1]'],
    [',, ana@example.org ,', 'ana@example.org'],
    ['ana@example.org <ana@example.org>', 'ana@example.org | ana@example.org'],
    ["o'neil+news_1%x@sub.example.org", "o'neil+news_1%x@sub.example.org"],
    ['Ana\r\n Muster\r\n\t<ana@example.org>', 'Ana Muster | ana@example.org'],
  ];
  for (const [value, expected] of good) it(`takes ${JSON.stringify(value)}`, () => assert.equal(read(value), expected));

  const bad: readonly (readonly [string, string])[] = [
    ['', 'address.empty'],
    ['Team:;', 'address.empty'],
    ['ana', 'address.malformed'],
    ['@example.org', 'address.malformed'],
    ['ana@', 'address.malformed'],
    ['ana@example..org', 'address.malformed'],
    ['ana@-example.org', 'address.malformed'],
    ['ana@example.org.', 'address.malformed'],
    ['ana@exa mple.org', 'address.malformed'],
    ['ana muster@example.org', 'address.malformed'],
    ['.ana@example.org', 'address.malformed'],
    ['an..a@example.org', 'address.malformed'],
    ['ana@example.org bea@example.org', 'address.malformed'],
    ['Ana <ana@example.org', 'address.malformed'],
    ['Ana <>', 'address.malformed'],
    ['"Ana <ana@example.org>', 'address.malformed'],
    ['a: b: c@example.org;;', 'address.malformed'],
    ['ana@example.org\0', 'address.malformed'],
    ['"a\r\nBcc: x"@example.org\u0001', 'address.malformed'],
    ['ana@[300]', 'address.malformed'],
    ['ana\ud800@example.org', 'address.malformed'],
    ['"ana \udc00"@example.org', 'address.malformed'],
    [`${'x'.repeat(65)}@example.org`, 'address.too_long'],
    [`ana@${'x.'.repeat(130)}org`, 'address.too_long'],
    [`ana@${'x'.repeat(64)}.org`, 'address.malformed'],
  ];
  for (const [value, code] of bad)
    it(`refuses ${JSON.stringify(value.slice(0, 40))} as ${code}`, () => assert.equal(read(value), code));

  it('is read in linear time, whatever it holds', () => {
    const start = performance.now();
    for (const piece of ['(', '"', '<', 'a,', 'a.', 'a ', '@', '\\', ':', 'x:'])
      parseAddressList(piece.repeat(200_000));
    parseAddressList(`"${'x'.repeat(400_000)}" <ana@example.org>`);
    assert.ok(performance.now() - start < 3_000);
  });
});

describe('the index spelling of an address', () => {
  it('is one for every spelling of a mailbox', () => {
    for (const spelling of ['Ana@Example.ORG', ' ana@example.org ', '"ana"@example.org', 'Ana <ANA@example.org>'])
      assert.equal(normaliseAddress(spelling), 'ana@example.org');
    assert.equal(normaliseAddress('Ju\u0308rg@Bu\u0308cher.example'), 'jürg@bücher.example');
  });

  it('has a domain in lower case', () => {
    assert.equal(domainOf('"a@b"@Example.ORG'), 'example.org');
    assert.equal(domainOf('nobody'), '');
  });
});
