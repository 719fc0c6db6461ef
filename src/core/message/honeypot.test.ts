import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { both, clickUrl, copyOf, honeypotUrl, html, lines, octetsOf, planOf, single, trapped } from './fixtures/kit.ts';
import { honeypotMarkup } from './honeypot.ts';
import { readsNeighbours } from './style-neighbours.ts';

const wanted = { ...both, honeypot: true };
const markup = honeypotMarkup(honeypotUrl);
const a = (path: string): string => `<a href="https://example.org/${path}">${path}</a>`;

/** The body of a copy in which every link is tracked and the trap is wanted. */
const trap = (body: string): string =>
  copyOf(html(body), { ...wanted, opens: false, urlOctetsMax: () => 170 }, trapped)
    .split('\r\n\r\n')[1]
    ?.replaceAll('\r\n', ' ') ?? '';
const linked = (link: number, text: string): string => `<a href="${clickUrl(link)}">${text}</a>`;

describe('the link that nobody can see', () => {
  it('is an empty element out of sight, out of the tab order and out of the accessibility tree, for Outlook too', () => {
    assert.equal(
      markup,
      `<a href="${honeypotUrl}" aria-hidden="true" tabindex="-1" style="display:none!important;visibility:hidden;mso-hide:all"></a>`,
    );
  });

  it('stands behind the first link that another one follows', () => {
    assert.equal(
      trap(`<p>${a('x')}, ${a('y')}, ${a('z')}</p>`).trim(),
      `<p>${linked(0, 'x')}${markup}, ${linked(1, 'y')}, ${linked(2, 'z')}</p>`,
    );
  });

  it('stands behind an only link', () => {
    assert.equal(trap(`<p>${a('x')}.</p>`).trim(), `<p>${linked(0, 'x')}${markup}.</p>`);
  });

  it('stands behind no link from which only a blank parts the next one', () => {
    const blank = (text: string): string =>
      trap(text)
        .split(markup)[0]
        ?.replaceAll(/<[^>]*>/g, '')
        .trim() ?? '';
    assert.equal(blank(`<p>${a('x')} ${a('y')} and ${a('z')}</p>`), 'x y');
    assert.equal(blank(`<p>${a('x')} ${a('y')}</p>`), 'x y');
    assert.ok(!trap(`<p>${a('x')} <i>or</i></p>`).includes(markup));
    assert.ok(!trap(`<p>${a('x')}<!-- or --> <i>or</i></p>`).includes(markup));
  });

  it('is no link of the plan: neither counted nor numbered', () => {
    const body = html(`${a('x')} ${a('y')}`);
    assert.deepEqual(planOf(body, wanted).links, planOf(body, both).links);
    assert.deepEqual(planOf(body, wanted).left, planOf(body, both).left);
  });

  const without: Readonly<Record<string, string>> = {
    'no link': '<p>Hello</p>',
    'no tracked link':
      '<a href="mailto:x@example.org">m</a> <a data-waxwing-track="off" href="https://example.org/">x</a>',
    'links that only Outlook reads': '<!--[if mso]><a href="https://example.org/">x</a><![endif]-->',
    'links without an end': '<a href="https://example.org/">x',
    'areas of a map': '<map><area href="https://example.org/" alt="x"></map>',
  };
  for (const [what, body] of Object.entries(without))
    it(`is not in a mail with ${what}`, () => {
      assert.ok(!copyOf(html(body), wanted, trapped).includes(honeypotUrl));
    });

  it('is in no copy whose links are not redirected, and in none that is given no address for it', () => {
    const octets = html(`${a('x')} ${a('y')}`);
    assert.ok(!copyOf(octets, { opens: true, clicks: false, honeypot: true }, trapped).includes(honeypotUrl));
    assert.ok(!copyOf(octets, wanted, { ...trapped, clickUrl: null }).includes(honeypotUrl));
    assert.ok(!copyOf(octets, wanted, { ...trapped, honeypotUrl: null }).includes('display:none'));
  });

  it('is never in plain text, and once where HTML comes in several parts', () => {
    const octets = octetsOf(
      lines(
        'From: ana@example.org',
        'Content-Type: multipart/mixed; boundary=b',
        ...['', '--b', 'Content-Type: text/plain', '', 'https://example.org/x https://example.org/y'],
        ...['--b', 'Content-Type: text/html', '', `${a('x')} ${a('y')}`],
        ...['--b', 'Content-Type: text/html', '', `${a('x')} ${a('z')}`, '--b--'],
      ),
    );
    const copy = copyOf(octets, { ...wanted, plainText: true, urlOctetsMax: () => 170 }, trapped);
    assert.deepEqual(
      copy.split('--b').map((part) => part.split(honeypotUrl).length - 1),
      [0, 0, 1, 0, 0],
    );
    assert.ok(copy.includes(`text/plain\r\n\r\n${clickUrl(0)} ${clickUrl(1)}\r\n`));
  });

  it('is not in what is signed or encrypted', () => {
    const signed = single(
      'multipart/signed; boundary=b; protocol="application/pgp-signature"',
      '7bit',
      lines(
        '--b',
        'Content-Type: text/html',
        '',
        `${a('x')} ${a('y')}`,
        '--b',
        'Content-Type: application/pgp-signature',
        '',
        'x',
        '--b--',
      ),
    );
    assert.ok(!copyOf(signed, wanted, trapped).includes(honeypotUrl));
  });

  it('keeps within the lines of every encoding, and takes none of the room of real links', () => {
    const full = `<p>${'x'.repeat(560)}${a('1')}${'y'.repeat(180)}${a('2')}</p>`;
    const options = { ...wanted, urlOctetsMax: () => 170 };
    assert.deepEqual(planOf(html(full), options).links, planOf(html(full), { ...options, honeypot: false }).links);
    for (const encoding of ['8bit', 'quoted-printable', 'base64']) {
      const body =
        encoding === 'base64'
          ? Buffer.from(full).toString('base64').replace(/.{76}/g, '$&\r\n')
          : full.replaceAll('=', encoding === '8bit' ? '=' : '=3D');
      const copy = copyOf(html(body, encoding), options, trapped);
      for (const line of copy.split('\r\n')) assert.ok(line.length <= 998, `${encoding}: ${line.length}`);
    }
  });
});

describe('a style sheet', () => {
  const reads = (css: string): boolean => readsNeighbours(`<html><style type="text/css">${css}</style><p>1 + 1</p>`);

  it('that looks at what stands beside a link keeps the trap out', () => {
    for (const css of [
      'a:last-child { color: red }',
      'p > a:nth-child(2n+1){}',
      '.button + .text { margin: 0 }',
      'a.x+a { margin: 0 }',
      '@media (max-width: 600px) { span:only-child { width: 100% } }',
      'p:has(a) {}',
      `${'x'.repeat(400)} {}`,
      '/* a */ div:last-of-type{}',
    ])
      assert.equal(reads(css), true, css);
    assert.ok(!trap(`<style>.a + .b {}</style>${a('x')} ${a('y')}`).includes(honeypotUrl));
  });

  it('that looks elsewhere does not', () => {
    for (const css of [
      'a { color: red } a:hover, a:first-child {}',
      'u + #body a, u + .body a { color: inherit }',
      'td:last-child, tr:nth-child(2n + 1), li + li {}',
      'a + p { margin: 0 } * + p {}',
      '[class~="x+y"] { width: calc(1px + 2px) }',
      '/* a.x + b */ p { margin: 0 }',
      '@media (min-width: 1px) { .x { margin: 0 } }',
      'p ~ p {}',
    ])
      assert.equal(reads(css), false, css);
  });
});
