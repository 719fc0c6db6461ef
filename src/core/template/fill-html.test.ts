import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHtmlFiller } from './fill-html.ts';
import { fillSubject, fillText } from './fill-text.ts';
import { markOf, type Value, ValueFault, withoutMarks } from './marks.ts';

const value = (text: string, more: Partial<Value> = {}): Value => ({
  ...{ text, source: '{{ v }}', isEncoded: false, breaksLines: false, ...more },
});
/** `◆` stands for the value. */
const skeleton = (template: string, text: string, more: Partial<Value> = {}) => ({
  text: template.replaceAll('◆', markOf(0, 0)),
  values: [value(text, more)],
});
const fill = (template: string, text: string, more: Partial<Value> = {}) =>
  openHtmlFiller()(skeleton(template, text, more));

const hostile = `"'><script>alert(1)</script>&amp; \u0000`;

test('in text and in quoted attributes a value stays text', () => {
  assert.equal(
    fill('<p>◆</p>', hostile).text,
    '<p>&#34;&#39;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#38;amp; </p>',
  );
  for (const template of ['<p title="◆">', "<p title='◆'>", '<title>◆</title>', '<textarea>◆</textarea>']) {
    const filled = fill(template, hostile).text;
    assert.ok(!/<script|"'>/.test(filled), filled);
  }
});

test('an attribute without quotes takes no value: an empty one would make the next attribute its own', () => {
  for (const text of ['', 'a b/onclick=x']) assert.throws(() => fill('<p title=◆ class=x>', text), ValueFault);
});

test('within an address a value is one part of it; as a whole address only kinds that mail opens', () => {
  assert.equal(
    fill('<a href="https://x.example/?n=◆&amp;m=1">', 'A & B/ü').text,
    '<a href="https://x.example/?n=A%20%26%20B%2F%C3%BC&amp;m=1">',
  );
  assert.equal(
    fill('<a href="◆">', 'https://x.example/a b?q="x"').text,
    '<a href="https://x.example/a%20b?q=%22x%22">',
  );
  for (const address of ['javascript:alert(1)', ' JaVa\tscript:alert(1)', 'data:text/html,x', '//evil.example', '/x'])
    for (const attribute of ['href', 'ping', 'lowsrc', 'manifest'])
      assert.throws(() => fill(`<a ${attribute}="◆">`, address), ValueFault, address);
  for (const template of [
    '<a href="javascript:f(◆)">',
    '<a href="java&#x73;cript:◆">',
    '<a href="&#106;avascript:◆">',
    '<a href="data:text/html,◆">',
  ])
    assert.throws(() => fill(template, 'x'), ValueFault, template);
});

test('what was percent-encoded by the template is not encoded again', () => {
  assert.equal(
    fill('<a href="https://x.example/?n=◆">', 'A+%26', { isEncoded: true }).text,
    '<a href="https://x.example/?n=A+%26">',
  );
  assert.match(fill('<a href="https://x.example/?n=◆">', 'A "', { isEncoded: true }).text, /n=A%20%22/);
});

test('scripts, handlers, names of tags and attributes take no value', () => {
  for (const template of [
    ...[
      '<script>◆</script>',
      '<p onclick="◆">',
      '<◆>',
      '<p ◆>',
      '<p ◆="x">',
      '<iframe srcdoc="◆">',
      '<img srcset="◆">',
    ],
    ...['<meta http-equiv="refresh" content="0;url=◆">', '<svg><a><set attributeName="href" to="◆"/></a></svg>'],
    ...['<svg><animate attributeName="href" values="◆"/></svg>', '<param name="movie" value="◆">'],
    ...['<◆◆ src=x>', '<!doctype ◆>', '<xmp>◆</xmp>', '<script src=x>◆', '<style>p{color:◆}</style>'],
  ])
    assert.throws(() => fill(template, 'red;x:expression(alert(1))'), ValueFault, template);
});

test('a style takes plain values only, and a comment none', () => {
  assert.equal(fill('<p style="width: ◆">', '50%').text, '<p style="width: 50%">');
  assert.throws(() => fill('<p style="width: ◆">', '1px;background:url(x)'), ValueFault);
  assert.equal(fill('<!-- ◆ -->x', 'secret').text, '<!--  -->x');
  assert.equal(fill('</◆>x', 'script').text, '</>x', 'a browser reads this as a comment too');
});

test('what Outlook alone reads is filled as it is for everybody', () => {
  const filled = fill('<!--[if mso]><v:rect href="https://x.example/?n=◆">◆</v:rect><![endif]-->', 'A & "B"');
  assert.equal(
    filled.text,
    '<!--[if mso]><v:rect href="https://x.example/?n=A%20%26%20%22B%22">A &#38; &#34;B&#34;</v:rect><![endif]-->',
  );
  assert.equal(filled.names.get('https://x.example/?n=A%20%26%20%22B%22'), 'https://x.example/?n={{ v }}');
});

test('a value cannot be a mark', () => {
  const forged = withoutMarks(markOf(0, 0));
  assert.ok(!fill('<p>◆</p>', forged).text.includes('<p><p>'));
  assert.ok(!/[\uE000\uE001]/.test(forged));
});

test('line ends become elements where the template asks for it, in text alone', () => {
  assert.equal(fill('<p>◆</p>', 'a\r\n<b>', { breaksLines: true }).text, '<p>a<br>\n&#60;b&#62;</p>');
});

test('an address in plain text is percent-encoded, named as written, and other words stay as they are', () => {
  const filled = fillText(skeleton('Dear ◆, see https://x.example/?n=◆.', 'Ana B'));
  assert.equal(filled.text, 'Dear Ana B, see https://x.example/?n=Ana%20B.');
  assert.equal(filled.nameOf('https://x.example/?n=Ana%20B'), 'https://x.example/?n={{ v }}');
  assert.equal(filled.nameOf('https://other.example/'), undefined);
  const whole = fillText(skeleton('(◆)', 'https://x.example/a'));
  assert.equal(whole.text, '(https://x.example/a)');
});

test('a subject is one line whatever its values hold', () => {
  assert.equal(fillSubject(skeleton('Hello ◆', 'a\r\nBcc: x\u2028y\u0085z')), 'Hello a Bcc: x y z');
});

test('no value makes another host of a link whose host the template begins', () => {
  const links = (address: string): ((text: string) => string)[] => [
    (text) => fill(`<a href="${address}">x</a>`, text).text,
    (text) => fillText(skeleton(`Look: ${address}`, text)).text,
  ];
  const refused: [string, string][] = [
    ['https://acme.example◆', '.evil.example'],
    ['https://acme.example◆/visit', 's'],
    ['https://acme.example◆◆?x=1', '.evil.example'],
    ['https://acme.example◆:8443/', '.evil.example'],
    ['https://user@acme.example◆', '.evil.example'],
    ['https://acme.example:◆', '80.evil.example'],
    ['https://acme.◆/', 'evil.example'],
    ['https://acme◆', '.evil.example'],
    ['https://acme◆.example/', '.evil'],
    ['HTTPS://acme.example◆#x', '%2Eevil.example'],
  ];
  for (const [address, text] of refused)
    for (const link of links(address)) assert.throws(() => link(text), ValueFault, `${address} ${text}`);
  for (const address of [
    'https:&#47;&#47;acme.example◆',
    '//acme.example◆',
    'https:\\\\acme.example◆/',
    'ht\ntps://acme.example◆',
  ])
    assert.throws(() => fill(`<a href="${address}">x</a>`, '.evil.example'), ValueFault, address);
  const taken: [string, string, string][] = [
    ['https://acme.example◆', '', 'https://acme.example'],
    ['https://acme.example/◆', '.evil.example', 'https://acme.example/.evil.example'],
    ['https://acme.example?n=◆', '.evil.example', 'https://acme.example?n=.evil.example'],
    ['https://acme.◆/', 'example', 'https://acme.example/'],
    ['https://acme.example:◆/', '8443', 'https://acme.example:8443/'],
    ['https://shop-◆.acme.example/', '7', 'https://shop-7.acme.example/'],
    ['https://◆.acme.example/', 'north.shop', 'https://north.shop.acme.example/'],
  ];
  for (const [address, text, wanted] of taken)
    for (const link of links(address)) assert.ok(link(text).includes(wanted), `${address} ${text}: ${link(text)}`);
});

test('no value in front of a host that the template writes ends it, or becomes a part of its name', () => {
  const links = (address: string): ((text: string) => string)[] => [
    (text) => fill(`<a href="${address}">x</a>`, text).text,
    (text) => fillText(skeleton(`Look: ${address}`, text)).text,
    (text) => fill(`<a href="${address}">x</a>`, text, { isEncoded: true }).text,
  ];
  const ends = ['evil.example/', 'a@', 'evil.example?', 'evil.example#', 'evil.example\\', 'evil.example:80', ' ', '/'];
  const encoded = ['evil.example%2F', 'evil.example%2f.', 'evil.example%5C.', '%61.', 'a%40', 'evil.example%23.'];
  const wide = ['evil．example／', 'evil。example？.', 'evil.example＃.', 'evil.example＼.', 'a＠', 'a℀.', 'ü.'];
  for (const address of [
    'https://◆acme.example',
    'https://◆acme.example/visit',
    'https://◆.acme.example/',
    'https://acme.◆.shop.example/',
    'https://◆-shop.acme.example/',
    'https://user@◆acme.example',
    'https://◆acme.co.uk/',
  ])
    for (const text of [...ends, ...encoded, ...wide])
      for (const link of links(address)) assert.throws(() => link(text), ValueFault, `${address} ${text}`);
  for (const [address, text] of [
    ['https://◆acme.example', 'evil-'],
    ['https://◆acme.example', 'www.evil'],
    ['https://◆◆acme.example:8443/', 'evil'],
    ['https://◆acme.co.uk/', 'evil'],
    ['https://◆@acme.example/', 'evil.example/'],
    ['https://◆:x@acme.example/', 'evil.example?'],
    ['https://◆@acme.example/', 'evil.example／'],
    ['https://◆@acme.example/', 'evil.example%2F'],
  ] as const)
    for (const link of links(address)) assert.throws(() => link(text), ValueFault, `${address} ${text}`);
  for (const address of ['//◆acme.example', 'https:&#47;&#47;◆acme&#46;example', 'https:\\\\◆acme.example/'])
    assert.throws(() => fill(`<a href="${address}">x</a>`, 'evil.example/'), ValueFault, address);
  for (const [address, text, wanted] of [
    ['https://◆acme.example/', '', 'https://acme.example/'],
    ['https://◆acme.example/', 'www.', 'https://www.acme.example/'],
    ['https://◆.acme.example/', 'north_1.shop', 'https://north_1.shop.acme.example/'],
    ['https://◆-shop.acme.example/', 'north', 'https://north-shop.acme.example/'],
    ['https://◆.acme.co.uk/', 'north', 'https://north.acme.co.uk/'],
    ['https://◆/visit', 'clinic.example', 'https://clinic.example/visit'],
    ['https://◆).', 'clinic.example', 'https://clinic.example).'],
    ['https://◆**', 'clinic.example', 'https://clinic.example**'],
    ['https://◆:x@acme.example/', 'ana@example.org', 'https://ana%40example.org:x@acme.example/'],
    ['https://acme.example/◆acme.example', 'a@', 'https://acme.example/a%40acme.example'],
  ] as const)
    for (const link of links(address).slice(0, 2))
      assert.ok(link(text).includes(wanted), `${address} ${text}: ${link(text)}`);
});
