import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { parseAddressList } from './addresses.ts';
import { clickUrl, honeypotUrl, octetsOf, openUrl, textOf, trapped } from './fixtures/kit.ts';
import { decodeHeaderText } from './header-text.ts';
import { honeypotMarkup } from './honeypot.ts';
import { instrument } from './instrument.ts';
import { asciiView } from './octets.ts';
import { pixelMarkup } from './pixel.ts';
import { honeypotEdit, lineBreakEdit, type Plan } from './plan.ts';
import { prepareHeaders } from './prepare-headers.ts';
import { type Part, type ReadMessage, readMessage } from './read-message.ts';
import { render } from './render.ts';

const options = { opens: true, clicks: true, plainText: false, honeypot: true, urlOctetsMax: () => 170 };
const ours = { ...trapped, clickUrl: (link: number) => `${clickUrl(link)}!` };

/** HTML of pieces that matter to a tokenizer, well formed or not. */
const markup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<a href="https://example.org/1?x=1&amp;y=2">eins</a>',
        '<a class=x href=\'https://example.org/2\' title="a > b">zwei</a>',
        '<a href=https://example.org/3>drei</a>',
        '<!--[if mso]><v:rect href="https://example.org/4"></v:rect><![endif]-->',
        '<a href=" https://example.org/5\r\n?a=b ">fünf</a>',
        '<a data-waxwing-track=off href="https://example.org/6">x</a>',
        '<a href="https://example.org/grüße">sieben</a>',
        '<area href="https://example.org/8" alt="x">',
        '<a href="mailto:x@example.org">m</a>',
        '<!-- </body> -->',
        '<style>a{}</style>',
        '<title></title>',
        '<p title="1 = 1">',
        '</body>',
        '</html>',
        '<html><body>',
        '\r\n',
        ' ',
        '\t\r\n',
        '.',
        '--b0',
        '=',
        '=3D',
        'From ',
        '<',
        '>',
        '"',
        "'",
        '&',
        '<a href="',
        '<!--',
        '-->',
        '<textarea>',
        '</textarea>',
        '€ü',
        'x'.repeat(70),
      ),
      fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, '')),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(''));

type Encoding = '8bit' | 'quoted-printable' | 'base64';

function encodeBody(body: string, encoding: Encoding, width: number): string {
  if (encoding === 'base64')
    return (
      Buffer.from(body)
        .toString('base64')
        .match(new RegExp(`.{1,${width}}`, 'g')) ?? []
    ).join('\r\n');
  if (encoding === '8bit') return body.replace(/[^\r\n]{900}/g, '$&\r\n').replaceAll('\0', '');
  return body
    .split('\r\n')
    .map((line) => quotedPrintable(line, width))
    .join('\r\n');
}

function quotedPrintable(line: string, width: number): string {
  let encoded = '';
  let column = 0;
  for (const [index, octet] of [...Buffer.from(line)].entries()) {
    const isPlain = octet > 0x20 && octet < 0x7f && octet !== 0x3d;
    const isInnerBlank = (octet === 0x20 || octet === 0x09) && index < line.length - 1 && column + 2 < width;
    const hex = octet.toString(16).padStart(2, '0');
    const piece = isPlain || isInnerBlank ? String.fromCharCode(octet) : `=${width % 2 ? hex : hex.toUpperCase()}`;
    if (column + piece.length >= width) {
      encoded += '=\r\n';
      column = 0;
    }
    encoded += piece;
    column += piece.length;
  }
  return encoded;
}

const leaf = fc
  .record({
    type: fc.constantFrom(
      'text/html',
      'text/html',
      'text/plain',
      'text/calendar',
      'text/x-amp-html',
      'message/rfc822',
      'image/png',
    ),
    disposition: fc.constantFrom('', '', 'inline', 'attachment; filename="a.html"'),
    encoding: fc.constantFrom<Encoding>('8bit', 'quoted-printable', 'base64'),
    width: fc.integer({ min: 20, max: 76 }),
    body: markup,
  })
  .map(({ type, disposition, encoding, width, body }) =>
    [
      `Content-Type: ${type}; charset=utf-8`,
      `Content-Transfer-Encoding: ${encoding}`,
      ...(disposition === '' ? [] : [`Content-Disposition: ${disposition}`]),
      '',
      encodeBody(body, encoding, width),
    ].join('\r\n'),
  );

interface Tree {
  readonly tree: string;
}

const { tree } = fc.letrec<Tree>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc
      .record({
        type: fc.constantFrom('mixed', 'alternative', 'related', 'x-other'),
        boundary: fc.constantFrom('b0', 'b0b', '=_x', 'a b'),
        children: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
        isClosed: fc.boolean(),
      })
      .map(({ type, boundary, children, isClosed }) =>
        [
          `Content-Type: multipart/${type}; boundary="${boundary}"`,
          '',
          ...children.flatMap((child) => [`--${boundary}`, child]),
          isClosed ? `--${boundary}--` : '',
        ].join('\r\n'),
      ),
  ),
}));

const messages = tree.map((body) =>
  octetsOf(`From: Ana <ana@example.org>\r\nTo: bea@example.org\r\nSubject: x\r\n${body}\r\n`),
);

function readOrNull(octets: Uint8Array): ReadMessage | null {
  const message = readMessage(octets);
  return message.kind === 'message' ? message : null;
}

/** The octets of everything but HTML leaves, in order. */
function otherOctets(octets: Uint8Array, part: Part): string[] {
  if (part.children.length > 0) return part.children.flatMap((child) => otherOctets(octets, child));
  if (part.type === 'text/html') return [];
  return [asciiView(octets.subarray(part.start, part.bodyEnd))];
}

/** HTML as a tree builder would see it, with our URLs back to the original ones. */
function withoutOurs(html: string, links: readonly string[]): string {
  const restored = links.reduceRight((text, url, link) => text.replaceAll(`${clickUrl(link)}!`, url), html);
  return ['', '\n', '\r\n'].reduce(
    (text, lineEnd) =>
      text.replace(pixelMarkup(openUrl, lineEnd), '').replace(honeypotMarkup(honeypotUrl, lineEnd), ''),
    restored,
  );
}

function checkSameElsewhere(octets: Uint8Array): void {
  const message = readOrNull(octets);
  if (!message) return;
  const plan = instrument(message, options);
  const copy = render(octets, plan, ours);
  const copied = readMessage(copy);
  assert.ok(copied.kind === 'message');
  assert.deepEqual(otherOctets(copy, copied.root), otherOctets(octets, message.root));
  assert.equal(copied.partCount, message.partCount);
}

async function checkUndone(octets: Uint8Array): Promise<void> {
  const message = readOrNull(octets);
  if (!message) return;
  const plan = instrument(message, options);
  const copy = await PostalMime.parse(render(octets, plan, ours));
  const plain = await PostalMime.parse(
    render(octets, plan, { clickUrl: (link) => `${plan.links[link]}`, openUrl: null }),
  );
  const before = await PostalMime.parse(octets);
  // Written as the plan's URL the reference and white space inside an address are gone; nothing else may differ.
  const isBroken = plan.leaves.some((leaf) => leaf.edits.some(([, , link]) => link === lineBreakEdit));
  const spellings = (html: string | undefined) => normal(html ?? '', isBroken);
  assert.equal(spellings(withoutOurs(copy.html ?? '', plan.links)), spellings(before.html));
  assert.equal(spellings(plain.html), spellings(before.html));
  // Beside HTML the parser makes text of it, images as blanks: octets of text parts are compared above.
  if (!before.html) assert.equal(copy.text, before.text);
  assert.deepEqual(copy.attachments, before.attachments);
}

/** One spelling for every way in which the generator writes an address; where a tag was broken, blanks are alike. */
function normal(html: string, isBroken: boolean): string {
  let text = html.replaceAll('&amp;', '&').replaceAll('&#252;', 'ü').replaceAll('&#223;', 'ß');
  text = text.replace(/ https:\/\/example\.org\/5\r?\n\?a=b /g, 'https://example.org/5?a=b');
  if (isBroken) text = text.replace(/\s+/g, ' ');
  return text.trim();
}

describe('for every message', () => {
  it('all octets outside HTML bodies stay, and the structure with them', () => {
    fc.assert(fc.property(messages, checkSameElsewhere), { numRuns: 400 });
  });

  it('undoing the replacements gives what an independent parser read before', async () => {
    await fc.assert(fc.asyncProperty(messages, checkUndone), { numRuns: 400 });
  });

  it('without links and pixel the copy is the message', () => {
    fc.assert(
      fc.property(messages, (octets) => {
        const message = readOrNull(octets);
        if (!message) return;
        assert.equal(
          textOf(render(octets, instrument(message, options), { clickUrl: null, openUrl: null })),
          textOf(octets),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('no line grows beyond 998 octets, and none of quoted-printable beyond 76', () => {
    fc.assert(
      fc.property(messages, fc.boolean(), (octets, isTrapped) => {
        const message = readOrNull(octets);
        if (!message) return;
        const plan = instrument(message, options);
        const copy = render(octets, plan, isTrapped ? trapped : { clickUrl, openUrl });
        assert.equal(readMessage(copy).kind, 'message');
        const isEncoded = !asciiView(octets).includes('8bit');
        if (isEncoded) for (const line of asciiView(copy).split('\r\n')) assert.ok(line.length <= 76, line);
      }),
      { numRuns: 400 },
    );
  });
});

describe('the link that nobody can see', () => {
  const others = (plan: Plan): unknown => ({
    ...plan,
    leaves: plan.leaves.map(({ start, edits }) => ({
      start,
      edits: edits
        .filter(([, , link]) => link !== honeypotEdit && link !== lineBreakEdit)
        .map((edit) => edit.slice(0, 3)),
    })),
  });
  const traps = (plan: Plan): number =>
    plan.leaves.flatMap(({ edits }) => edits).filter(([, , link]) => link === honeypotEdit).length;

  it('stands at most once, only beside tracked links of HTML, and changes nothing else of the plan', () => {
    let met = 0;
    fc.assert(
      fc.property(messages, (octets) => {
        const message = readOrNull(octets);
        if (!message) return;
        const [plan, plain] = [instrument(message, options), instrument(message, { ...options, honeypot: false })];
        assert.deepEqual(others(plan), others(plain));
        assert.equal(traps(plain), 0);
        assert.ok(traps(plan) <= 1);
        if (traps(plan) === 1) met++;
        for (const { isMarkup, edits } of plan.leaves)
          if (edits.some(([, , link]) => link === honeypotEdit))
            assert.ok(isMarkup && edits.some(([, , link]) => link >= 0));
      }),
      { numRuns: 800 },
    );
    assert.ok(met > 20, `${met} of them had one`);
  });

  it('is nothing in a copy that has none, whatever else is put in', async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (octets) => {
        const message = readOrNull(octets);
        if (!message) return;
        const [plan, plain] = [instrument(message, options), instrument(message, { ...options, honeypot: false })];
        const [copy, expected] = [plan, plain].map((one) =>
          PostalMime.parse(render(octets, one, { clickUrl, openUrl })),
        );
        assert.equal((await copy)?.html?.replace(/\s+/g, ' '), (await expected)?.html?.replace(/\s+/g, ' '));
      }),
      { numRuns: 200 },
    );
  });
});

describe('garbage', () => {
  const heads = [
    '',
    'From: ana@example.org\r\n',
    'From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n',
    'From: a@b.example\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
    'From: a@b.example\r\nContent-Type: text/html; charset=iso-2022-jp\r\n\r\n',
  ];
  const octets = fc
    .record({
      head: fc.constantFrom(...heads),
      tail: fc.uint8Array({ maxLength: 2_000 }),
      pieces: fc.array(
        fc.constantFrom(
          '--b\r\n',
          '\r\n',
          '=\r\n',
          '<a href="https://x.example">',
          '\u001b$B',
          '<!--[if',
          ']>',
          '<',
          '=3',
          ';',
          '"',
          '(',
          '*0*=',
          'x',
        ),
      ),
    })
    .map(({ head, tail, pieces }) =>
      Uint8Array.from([
        ...octetsOf(head + pieces.join('')),
        ...tail.map((octet) => (octet === 10 || octet === 13 ? 32 : octet)),
      ]),
    );

  it('never throws: it is refused or instrumented', () => {
    fc.assert(
      fc.property(octets, (garbage) => {
        const message = readOrNull(garbage);
        if (!message) return;
        prepareHeaders(message);
        render(garbage, instrument(message, { ...options, plainText: true }), { clickUrl, openUrl });
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        parseAddressList(text);
        decodeHeaderText(text);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes linear time: two megabytes of anything hostile are done within seconds', () => {
    const head = (type: string) => `From: a@b.example\r\nContent-Type: ${type}\r\n\r\n`;
    const fill = (piece: string) => `${piece.repeat(Math.max(1, Math.floor(900 / piece.length)))}\r\n`.repeat(2_200);
    for (const piece of [
      '<',
      '<a ',
      '<a href="https://x.example/">',
      '<!--[if mso]>',
      '<!--',
      '"',
      '=',
      '= ',
      '=3D',
      ' ',
      '&amp',
      '<a href=',
      '<textarea>',
      '</body>',
      '\u001b$B',
      '\u000e',
      'https://',
      '://',
      '(https://x.example',
      '-----BEGIN PGP ',
      '<![if',
      '<title>',
    ]) {
      for (const type of [
        'text/html; charset=utf-8',
        'text/html; charset=iso-2022-jp',
        'text/html; charset=iso-2022-kr',
        'text/plain; format=flowed',
      ]) {
        const message = readOrNull(octetsOf(head(type) + fill(piece)));
        assert.ok(message);
        const start = performance.now();
        render(message.octets, instrument(message, { ...options, plainText: true }), { clickUrl, openUrl });
        const tookMs = performance.now() - start;
        assert.ok(tookMs < 3_000, `${piece} in ${type}: ${tookMs} ms`);
      }
    }
  });
});
