import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyOf, lines, octetsOf, planOf, readOk, textOf } from './fixtures/kit.ts';
import { type PreparedHeaders, prepareHeaders } from './prepare-headers.ts';
import { render } from './render.ts';

function prepare(...fields: string[]): PreparedHeaders {
  const prepared = prepareHeaders(readOk(octetsOf(lines(...fields, '', 'x'))));
  assert.ok(prepared.kind === 'headers', prepared.kind === 'refused' ? prepared.code : '');
  return prepared;
}

function refusal(...fields: string[]): string {
  const prepared = prepareHeaders(readOk(octetsOf(lines(...fields, '', 'x'))));
  return prepared.kind === 'refused' ? prepared.code : 'taken';
}

const from = 'From: Ana <ana@example.org>';

describe('the fields that servers add on the way', () => {
  it('are counted: a message that more than a hundred have passed on goes in a circle', () => {
    const passedOn = (times: number): string[] => Array.from({ length: times }, (_, n) => `Received: from a by b${n}`);
    assert.equal(refusal(...passedOn(100), from), 'taken');
    assert.equal(refusal(...passedOn(101), from), 'message.mail_loop');
  });
});

describe('the fields that steer Waxwing', () => {
  it('are read past folds and encoded words', () => {
    const prepared = prepare(
      from,
      'X-WAXWING-Campaign: =?utf-8?Q?Herbst_f=C3=BCr?=',
      ' =?utf-8?Q?_alle?=',
      'x-waxwing-tags: grippe, =?utf-8?Q?=C3=BCber_65?=,,',
      ' grippe',
      'X-Waxwing-Track : Clicks',
    );
    assert.equal(prepared.campaign, 'Herbst für alle');
    assert.deepEqual(prepared.tags, ['grippe', 'über 65']);
    assert.deepEqual(prepared.track, { opens: false, clicks: true });
  });

  it('ask for nothing when absent or empty', () => {
    const prepared = prepare(from, 'X-Waxwing-Track:', 'X-Waxwing-Campaign: ');
    assert.deepEqual([prepared.track, prepared.campaign, prepared.tags], [null, null, []]);
  });

  it('are the strictest when given twice, and refused when unknown', () => {
    const prepared = prepare(from, 'X-Waxwing-Track: opens, clicks', 'X-Waxwing-Track: off');
    assert.deepEqual(prepared.track, { opens: false, clicks: false });
    assert.equal(refusal(from, 'X-Waxwing-Track: sometimes'), 'message.track_header_unknown');
    assert.equal(refusal(from, 'X-Waxwing-Track: off, opens'), 'message.track_header_unknown');
  });

  it('go, with Bcc, and every other octet stays', () => {
    const octets = octetsOf(
      lines(
        'Received: from x',
        'X-Waxwing-Campaign: a',
        '  b',
        'SUBJECT:  odd   spacing ',
        'X-Waxwing-Other: stays',
        from,
        'Bcc: bea@example.org,',
        '\tcarla@example.org',
        'X-Waxwing-Track: off',
        'Subject: twice',
        'X-Waxwing-Tags: c',
        'Resent-Bcc: dora@example.org',
        'Date: x',
        'Message-Id: <y@example.org>',
        '',
        'body',
      ),
    );
    assert.equal(
      copyOf(octets),
      lines(
        'Received: from x',
        'SUBJECT:  odd   spacing ',
        'X-Waxwing-Other: stays',
        from,
        'Subject: twice',
        'Date: x',
        'Message-Id: <y@example.org>',
        '',
        'body',
      ),
    );
  });
});

describe('the author of a message', () => {
  it('is read from the one From field', () => {
    assert.equal(prepare('From: =?utf-8?Q?J=C3=BCrg?= <j@example.org>').from.name, 'Jürg');
  });

  it('is refused when missing, doubled, several or malformed', () => {
    assert.equal(refusal('Subject: x'), 'message.no_from');
    assert.equal(refusal('From:'), 'message.no_from');
    assert.equal(refusal('From: Undisclosed:;'), 'message.no_from');
    assert.equal(refusal(from, from), 'message.multiple_from');
    assert.equal(refusal('From: ana@example.org, bea@example.org'), 'message.multiple_from');
    assert.equal(refusal('From: Ana'), 'message.from_malformed');
  });
});

describe('fields of a recipient’s copy', () => {
  const values = {
    clickUrl: null,
    openUrl: null,
    date: 'Sun, 22 Nov 2026 10:00:00 +0000',
    messageId: '<m@example.org>',
  };

  it('are added after the last one when Date and Message-ID are missing, and only then', () => {
    const octets = octetsOf(lines(from, 'DATE: today', '', 'x'));
    assert.equal(
      textOf(render(octets, planOf(octets), values)),
      lines(from, 'DATE: today', 'Message-ID: <m@example.org>', '', 'x'),
    );
  });

  it('are added to a message that is nothing but a header', () => {
    const octets = octetsOf(`${from}\r\nMessage-ID: <a@example.org>`);
    assert.equal(
      textOf(render(octets, planOf(octets), values)),
      `${from}\r\nMessage-ID: <a@example.org>\r\nDate: ${values.date}\r\n`,
    );
  });

  it('name one recipient in place of every To', () => {
    const octets = octetsOf(lines('To: ana@example.org,', ' bea@example.org', from, 'To: carla@example.org', '', 'x'));
    const plan = planOf(octets);
    assert.equal(
      textOf(render(octets, plan, { clickUrl: null, openUrl: null, to: 'bea@example.org' })),
      lines('To: bea@example.org', from, '', 'x'),
    );
    assert.equal(textOf(render(octets, plan, { clickUrl: null, openUrl: null })), textOf(octets));
  });

  it('never carry a line break of their caller', () => {
    const octets = octetsOf(lines(from, '', 'x'));
    assert.throws(() => render(octets, planOf(octets), { clickUrl: null, openUrl: null, to: 'a\r\nBcc: b' }));
  });
});
