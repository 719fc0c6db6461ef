import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lines, octetsOf, readOk, textOf } from './fixtures/kit.ts';
import { type Part, readMessage } from './read-message.ts';

function refusal(text: string): string {
  const message = readMessage(octetsOf(text));
  return message.kind === 'refused' ? message.code : 'message';
}

function outline(part: Part): string {
  const children = part.children.map(outline);
  return children.length > 0 ? `${part.type}[${children.join(' ')}]` : part.type;
}

const head = ['From: ana@example.org'];

describe('the structure of a message', () => {
  it('is read with quoted boundaries, comments, folds and parameters in pieces', () => {
    const octets = octetsOf(
      lines(
        ...head,
        'Content-Type: multipart/mixed (a comment; boundary="no");',
        '\tboundary*0="out er";',
        ' boundary*1="=1"',
        '',
        'preamble --out er=1',
        '--out er=1  ',
        'Content-Type: Multipart/Alternative; boundary=in',
        '',
        '--in',
        '',
        'text',
        '--in',
        'content-type : text/html; charset="utf-8"',
        '',
        '<p>',
        '--in--',
        'epilogue',
        '--out er=1',
        'Content-Type: message/rfc822',
        '',
        'Content-Type: multipart/mixed; boundary=x',
        '',
        '--x',
        '',
        '--x--',
        '--out er=1--',
        'epilogue',
      ),
    );
    assert.equal(
      outline(readOk(octets).root),
      'multipart/mixed[multipart/alternative[text/plain text/html] message/rfc822]',
    );
  });

  it('gives every leaf its octets without the line end of the delimiter', () => {
    const octets = octetsOf(
      lines(...head, 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'one', '--b', '', '', '--b--'),
    );
    const bodies = readOk(octets).root.children.map((part) => textOf(octets.subarray(part.bodyStart, part.bodyEnd)));
    assert.deepEqual(bodies, ['one', '']);
  });

  it('reaches to the end of the message where close delimiters are missing', () => {
    const octets = octetsOf(lines(...head, 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'one', 'two'));
    const [part] = readOk(octets).root.children;
    assert.equal(part && textOf(octets.subarray(part.bodyStart, part.bodyEnd)), 'one\r\ntwo\r\n');
  });

  it('takes an outer delimiter as the end of inner multiparts that were not closed', () => {
    const text = lines(
      ...head,
      'Content-Type: multipart/mixed; boundary=out',
      '',
      '--out',
      'Content-Type: multipart/mixed; boundary=in',
      '',
      '--in',
      'Content-Type: text/html',
      '--out',
      'Content-Type: text/csv',
      '',
      '--in',
      '--out--',
    );
    assert.equal(outline(readOk(octetsOf(text)).root), 'multipart/mixed[multipart/mixed[text/html] text/csv]');
  });

  it('is a leaf when a multipart names no boundary, and plain text when its type is unreadable', () => {
    assert.equal(
      outline(readOk(octetsOf(lines(...head, 'Content-Type: multipart/mixed', '', 'x'))).root),
      'multipart/mixed',
    );
    assert.equal(outline(readOk(octetsOf(lines(...head, 'Content-Type: html', '', 'x'))).root), 'text/plain');
  });

  it('is ambiguous where two fields or two boundaries contradict each other', () => {
    const twice = lines(...head, 'Content-Type: text/html', 'Content-Type: text/plain', '', 'x');
    assert.equal(readOk(octetsOf(twice)).root.isAmbiguous, true);
    const equal = lines(...head, 'Content-Type: text/html', 'Content-Type: TEXT/HTML', '', 'x');
    assert.equal(readOk(octetsOf(equal)).root.isAmbiguous, false);
    const boundaries = lines(...head, 'Content-Type: multipart/mixed; boundary=a; boundary=b', '', '--a', '', 'x');
    assert.equal(readOk(octetsOf(boundaries)).root.children[0]?.isAmbiguous, true);
  });

  it('needs no body and no empty line', () => {
    const message = readOk(octetsOf('From: ana@example.org\r\nSubject: x'));
    assert.deepEqual([message.headerEnd, message.root.bodyStart, message.root.bodyEnd], [33, 33, 33]);
  });
});

describe('hostile messages are refused at once', () => {
  it('with ten thousand parts', () => {
    const parts = Array.from({ length: 10_000 }, () => '--b\r\n\r\nx\r\n').join('');
    const text = `${lines(...head, 'Content-Type: multipart/mixed; boundary=b', '')}${parts}--b--\r\n`;
    assert.equal(refusal(text), 'message.too_many_parts');
  });

  it('with a thousand levels', () => {
    const levels = Array.from({ length: 1_000 }, (_, level) =>
      lines(`Content-Type: multipart/mixed; boundary=b${level}`, '', `--b${level}`),
    );
    assert.equal(refusal(lines(...head) + levels.join('')), 'message.nested_too_deep');
  });

  it('with 50 MB of header, by bytes or by lines, in parts as well', () => {
    const long = `X: ${'x'.repeat(900)}\r\n`.repeat(55_000);
    assert.equal(refusal(lines(...head) + long), 'message.headers_too_large');
    assert.equal(refusal(lines(...head) + 'X: y\r\n'.repeat(2_001)), 'message.headers_too_large');
    const part = lines(...head, 'Content-Type: multipart/mixed; boundary=b', '', '--b') + ' x\r\n'.repeat(2_001);
    assert.equal(refusal(part), 'message.headers_too_large');
  });

  it('with a bare carriage return or line feed, in header or body', () => {
    for (const text of [
      'From: a@b.example\n\r\n',
      'From: a@b.example\rX: y\r\n\r\n',
      'From: a@b.example\r\n\r\nx\ny\r\n',
      'From: a@b.example\r\n\r\nx\r',
    ])
      assert.equal(refusal(text), 'message.bare_newline');
  });

  it('with an octet of value zero, in header or body', () => {
    for (const text of ['From: a@b.example\r\nX: \0\r\n\r\n', 'From: a@b.example\r\n\r\nx\r\n\0.\r\n'])
      assert.equal(refusal(text), 'message.nul_octet');
  });

  it('with a line of 999 octets, while 998 are taken', () => {
    assert.equal(refusal(lines(...head, '', 'x'.repeat(999))), 'message.line_too_long');
    assert.equal(refusal(lines(...head, '', 'x'.repeat(998))), 'message');
  });

  it('with header lines that are none', () => {
    for (const line of ['no colon here', ': no name', 'Na me: x', 'Sübject: x'])
      assert.equal(refusal(lines(...head, line, '', 'x')), 'message.header_malformed');
    assert.equal(refusal(lines(' folded from nothing', ...head, '', 'x')), 'message.header_malformed');
  });

  it('and ten million lines that look like delimiters take linear time', () => {
    const inner = Array.from({ length: 19 }, (_, level) =>
      lines(`Content-Type: multipart/mixed; boundary=${'-'.repeat(40)}${level}`, '', `--${'-'.repeat(40)}${level}`),
    );
    const text = `${lines(...head)}${inner.join('')}\r\n${`${'-'.repeat(44)}\r\n`.repeat(500_000)}`;
    const octets = octetsOf(text);
    const start = performance.now();
    assert.equal(readMessage(octets).kind, 'message');
    assert.ok(performance.now() - start < 5_000);
  });
});
