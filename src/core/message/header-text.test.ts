import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeHeaderText } from './header-text.ts';

describe('header text', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['=?utf-8?Q?Gr=C3=BC=C3=9Fe_an_alle?=', 'Grüße an alle'],
    ['=?UTF-8?b?R3LDvMOfZQ==?=', 'Grüße'],
    ['=?utf-8?B?R3LDvMOfZQ?=', 'Grüße'],
    ['=?iso-8859-1?q?caf=e9?= und =?windows-1252?q?=80?=', 'café und €'],
    ['=?utf-8?Q?a?= =?utf-8?Q?b?=\r\n =?utf-8?Q?c?= d', 'abc d'],
    ['=?utf-8?B?w7zD?= =?utf-8?B?vA==?=', 'üü'],
    ['=?iso-2022-jp?B?GyRCTT1McxsoQg==?=', '予約'],
    ['=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=', 'Grüße'],
    ['=?x-nobody-knows?Q?ok?=', 'ok'],
    ['=?utf-8?X?no?= =?utf-8?Q?open', '=?utf-8?X?no?= =?utf-8?Q?open'],
    ['=?utf-8?Q?a=0D=0ABcc:_x=00?=', 'a Bcc: x'],
    ['folded\r\n text', 'folded text'],
  ];
  for (const [value, expected] of cases)
    it(`reads ${JSON.stringify(value)}`, () => assert.equal(decodeHeaderText(value), expected));

  it('is read in linear time', () => {
    const start = performance.now();
    for (const piece of ['=?', '=?a?q?', '=?utf-8?q?a?= ', '=?a?q', '?=']) decodeHeaderText(piece.repeat(50_000));
    assert.ok(performance.now() - start < 3_000);
  });
});
