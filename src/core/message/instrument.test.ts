import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import PostalMime from 'postal-mime';
import {
  both,
  clickUrl,
  copyOf,
  html,
  leftIn,
  lines,
  linksIn,
  octetsOf,
  openUrl,
  planOf,
  readOk,
  single,
  textOf,
  tracked,
} from './fixtures/kit.ts';
import { pixelMarkup } from './pixel.ts';
import type { Plan } from './plan.ts';
import { render } from './render.ts';

const folder = new URL('./fixtures/', import.meta.url);

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`${name}.eml`, folder));
}

/** What a mail client decodes, with our additions taken out again. */
async function undone(octets: Uint8Array, plan: Plan): Promise<unknown> {
  const email = await PostalMime.parse(render(octets, plan, tracked));
  const restore = (text: string | undefined) =>
    plan.links
      .reduceRight((undo, _, link) => undo.replaceAll(clickUrl(link), `link-${link}`), text ?? '')
      .replace(pixelMarkup(openUrl), '');
  return { ...email, html: restore(email.html), text: restore(email.text), headers: undefined, headerLines: undefined };
}

async function original(octets: Uint8Array, plan: Plan): Promise<unknown> {
  const same = await PostalMime.parse(render(octets, plan, { clickUrl: (link) => `link-${link}`, openUrl: null }));
  return { ...same, html: same.html ?? '', text: same.text ?? '', headers: undefined, headerLines: undefined };
}

describe('real-world messages', () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    'apple-mail': ['https://example.org/album/1?x=1&y=2', 'https://example.org/noch'],
    'broken-html': [
      'https://praxis.example/eins',
      'https://praxis.example/ohne-abstand',
      'https://praxis.example/drei',
      'https://praxis.example/vier',
      'https://praxis.example/o"f',
      'https://praxis.example/mit leerzeichen?q=a b',
      'https://praxis.example/entitaet?a=1&b=2&lt=3&copy=4&',
    ],
    'calendar-invite': ['https://kalender.example/event?id=1&do=view'],
    flowed: [],
    forwarded: ['https://example.org/mehr'],
    'gmail-style': ['https://example.org/frage'],
    'iso-2022-jp': ['https://shinryo.example/yoyaku?id=3', 'https://shinryo.example/jikan'],
    'mailchimp-style': [
      'https://news.example/track/click?u=30245&id=af6b0&e=5d1',
      'https://praxis.example/grippe?utm_source=brief&utm_medium=email&utm_campaign=herbst',
      'https://praxis.example/anmeldung/%C3%BC65',
      'https://praxis.example/buchen?wann=montag&wo=z%C3%BCrich',
    ],
    'outlook-buttons': [
      'https://praxis.example/termin?id=7&art=kontrolle',
      'https://praxis.example/anfahrt',
      'https://praxis.example/nur-outlook',
      'https://praxis.example/team/?a=1&copy=2',
      'https://praxis.example/karte',
    ],
    'pgp-inline': [],
    'pgp-mime': [],
    'smime-enveloped': [],
    'smime-signed': [],
    'thunderbird-related': ['https://example.org/grüße'],
    'utf-16-base64': ['https://breit.example/ä?x=1&y=2'],
    'windows-1252-base64': ['https://laden.example/größe?farbe=grün', 'https://laden.example/b'],
  };
  const sealed = new Map([
    ['pgp-inline', 'pgp-inline'],
    ['pgp-mime', 'encrypted'],
    ['smime-enveloped', 'encrypted'],
    ['smime-signed', 'signed'],
  ]);

  it('are all listed here', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.eml'));
    assert.deepEqual(names.map((name) => name.slice(0, -4)).toSorted(), Object.keys(expected).toSorted());
  });

  for (const [name, links] of Object.entries(expected)) {
    it(`${name}: redirects its links and nothing else`, async () => {
      const octets = fixture(name);
      const plan = planOf(octets);
      assert.deepEqual(plan.links, links);
      assert.equal(plan.untouched, sealed.get(name) ?? null);
      assert.equal(plan.pixel === null, sealed.has(name) || name === 'flowed');
      assert.deepEqual(await undone(octets, plan), await original(octets, plan));
    });

    it(`${name}: keeps every line within its limit`, () => {
      const octets = fixture(name);
      const copy = textOf(render(octets, planOf(octets), tracked)).split('\r\n');
      const isShort = !textOf(octets)
        .split('\r\n')
        .some((line) => line.length > 76);
      const max = isShort && !planOf(octets).leaves.some((leaf) => leaf.encoding === 'raw') ? 76 : 998;
      for (const line of copy) assert.ok(line.length <= max, line);
    });
  }

  it('that are sealed keep every octet but the fields that steer us', () => {
    for (const name of sealed.keys()) {
      const octets = fixture(name);
      const copy = textOf(render(octets, planOf(octets), tracked));
      assert.equal(copy, textOf(octets).replace(/X-Waxwing-Campaign: .*\r\n/, ''));
    }
  });

  it('keep attachments, embedded messages and calendars octet for octet', () => {
    for (const name of ['forwarded', 'calendar-invite', 'gmail-style']) {
      const octets = fixture(name);
      const copy = render(octets, planOf(octets, { ...both, plainText: true }), tracked);
      const parts = (bytes: Uint8Array) =>
        readOk(bytes)
          .root.children.slice(1)
          .map((part) => textOf(bytes.subarray(part.start, part.bodyEnd)));
      assert.deepEqual(parts(copy), parts(octets));
    }
  });
});

describe('a link', () => {
  it('is found in whatever way its attribute is written', () => {
    const u = 'https://example.org/a';
    for (const tag of [
      `<a href="${u}">`,
      `<A HREF='${u}'>`,
      `<a href=${u}>`,
      `<a\thref\n=\n"${u}" x>`,
      `<a class=x href="${u}"/>`,
      `<area href="${u}">`,
      `<a title='a > b' href="${u}">`,
      `<a href=" ${u} ">`,
      `<a href="https://exam\nple.org/a">`,
      `<a href="https&#58;//example.org/a">`,
      `<a href="${u}" href="https://example.org/b">`,
    ])
      assert.deepEqual(linksIn(tag.replaceAll('\n', '\r\n')), [u], tag);
  });

  it('is found in conditional comments and VML, and nowhere else in comments', () => {
    const a = '<a href="https://example.org/a">x</a>';
    for (const text of [
      `<!--[if mso]>${a}<![endif]-->`,
      `<!-- [if (gte mso 9)|(IE)]>${a}<![endif]-->`,
      `<![if !mso]>${a}<![endif]>`,
      `<!--[if !mso]><!-->${a}<!--<![endif]-->`,
      `<!--[if mso]><v:rect HREF='https://example.org/a'></v:rect><![endif]-->`,
      `<!--[if mso]><!-- x -->${a}<![endif]-->`,
      `<![CDATA[x>${a}]]>`,
      `<![CDATA[x>${a}`,
    ])
      assert.deepEqual(linksIn(text), ['https://example.org/a'], text);
    for (const text of [
      `<!-- ${a} -->`,
      `<!--[endif] ${a} -->`,
      `<script>${a}</script>`,
      `<style>${a}</style>`,
      `<title>${a}</title>`,
      `<textarea>${a}</textarea>`,
      `<!-- ${a}`,
      '<a href="https://example.org/a',
      '<link href="https://example.org/a">',
      '<a data-href="https://example.org/a">x</a>',
    ])
      assert.deepEqual(linksIn(text), [], text);
  });

  it('stays where it is no absolute web address', () => {
    for (const url of [
      'mailto:a@example.org',
      'tel:1',
      'sms:1',
      'cid:x',
      '#top',
      '/path',
      '//example.org',
      'ftp://example.org',
      'javascript:x',
      'data:,x',
      '',
      'httpx://example.org',
    ])
      assert.notEqual(leftIn(`<a href="${url}">x</a>`), 'tracked', url);
    for (const url of ['http://', 'https:example.org', 'https://exa mple.org/', 'https://example.org/&#1;x'])
      assert.equal(leftIn(`<a href="${url}">x</a>`), 'malformed', url);
    assert.equal(leftIn(`<a href="https://example.org/${'x'.repeat(600)}${'&amp;'.repeat(50)}">x</a>`), 'line-full');
  });

  it('stays when it is marked off, in any case and quoting, before or after the address', () => {
    for (const mark of [
      'data-waxwing-track="off"',
      "DATA-Waxwing-Track='OFF'",
      'data-waxwing-track=off',
      'data-waxwing-track=" Off "',
    ])
      for (const tag of [`<a ${mark} href="https://example.org/a">`, `<a href="https://example.org/a" ${mark}>`])
        assert.equal(leftIn(`${tag}x</a>`), 'marked-off', tag);
    assert.equal(leftIn('<a data-waxwing-track="on" href="https://example.org/a">x</a>'), 'tracked');
  });

  it('stays when List-Unsubscribe names it, when it is ours, and beyond the limit', () => {
    const body =
      '<a href="https://example.org/a?b=1&amp;c=2">x</a><a href="https://t.example/c/x">y</a><a href="https://example.org/3">z</a>';
    const octets = octetsOf(
      lines(
        'From: ana@example.org',
        'List-Unsubscribe: <mailto:x@example.org>,',
        ' <https://example.org/a?b=1&c=2>',
        'Content-Type: text/html',
        '',
        body,
      ),
    );
    const plan = planOf(octets, { ...both, ownUrls: ['https://t.example/'] });
    assert.deepEqual(plan.links, ['https://example.org/3']);
    assert.deepEqual(plan.left, [
      { reason: 'unsubscribe', count: 1 },
      { reason: 'own-url', count: 1 },
    ]);
    assert.deepEqual(planOf(octets, { ...both, linksMax: 1 }).left.at(-1), { reason: 'over-limit', count: 1 });
  });

  it('is numbered by destination, in order', () => {
    assert.deepEqual(
      linksIn('<a href="https://b.example">x</a><a href="https://a.example">y</a><a href=" https://b.example">z</a>'),
      ['https://b.example', 'https://a.example'],
    );
  });

  it('that was put in cannot leave its attribute', () => {
    const evil = `https://t.example/"'<>& \`=x\u00e9`;
    for (const body of [
      '<a href="https://example.org/a" x>',
      "<a href='https://example.org/a' x>",
      '<a href=https://example.org/a x>',
    ]) {
      const copy = copyOf(html(body), both, { clickUrl: () => evil, openUrl: null });
      assert.ok(copy.includes('https://t.example/&#34;&#39;&#60;&#62;&amp;&#32;&#96;=x&#233;'), copy);
    }
  });
});

describe('the encoded body', () => {
  it('of quoted-printable keeps soft breaks, cases and blanks around the edits', () => {
    const body = lines(
      '<p>a=20 =',
      '=c3=BC</p><a hr=',
      'ef=3d"https://exam=',
      'ple.org/a?b=3D1"  ',
      ' title=3D"=',
      'x">x</a>=',
    );
    const copy = copyOf(
      html(body, 'quoted-printable'),
      { opens: false, clicks: true },
      { clickUrl: () => 'https://t.example/c/=-x', openUrl: null },
    );
    assert.ok(
      copy.includes(
        lines(
          '<p>a=20 =',
          '=c3=BC</p><a hr=',
          'ef=3d"https://t.example/c/=3D-x"  ',
          ' title=3D"=',
          'x">x</a>=',
        ).trimEnd(),
      ),
      copy,
    );
  });

  it('of quoted-printable never grows beyond 76 and decodes to what was meant', async () => {
    for (let shift = 0; shift < 80; shift++) {
      const first = `${'y'.repeat(shift % 60)}<a href=3D"https://example.org/a">`;
      const octets = html(lines(`${first}${'z'.repeat(Math.max(0, 75 - first.length))}=`, '</a>'), 'quoted-printable');
      const copy = render(octets, planOf(octets), {
        clickUrl: () => `https://t.example/c/${'-='.repeat(shift)}`,
        openUrl,
      });
      for (const line of textOf(copy).split('\r\n')) assert.ok(line.length <= 76, line);
      const { html: decoded = '' } = await PostalMime.parse(copy);
      assert.ok(decoded.includes(`<a href="https://t.example/c/${'-='.repeat(shift)}">`), decoded);
    }
  });

  it('of base64 keeps the width of its lines and the white space around it', () => {
    const encoded = Buffer.from(`<a href="https://example.org/a">${'x'.repeat(100)}</a>`).toString('base64');
    const body = lines('', ...(encoded.match(/.{1,40}/g) ?? []), '', '');
    const copy = copyOf(html(body, 'BASE64'));
    const copied = copy.slice(copy.indexOf('\r\n\r\n') + 4);
    assert.match(copied, /^\r\n(?:[\w+/]{40}\r\n)+[\w+/]{1,40}={0,2}\r\n\r\n\r\n$/);
  });

  it('that is no base64, no known encoding or charset, or could be read two ways, stays', () => {
    const reasons: readonly (readonly [Uint8Array, string])[] = [
      [html('PGE+\r\n-- \r\nlist footer', 'base64'), 'base64-malformed'],
      [html('<a href="https://example.org/a">', 'x-uuencode'), 'transfer-encoding-unknown'],
      [html('+ADw-a href=+ACI-https://example.org/a+ACI-', '7bit', 'utf-7'), 'charset-unreadable'],
      [html('<a href="https://example.org/a">', '8bit', 'x-klingon'), 'charset-unreadable'],
      [html('<a href="https://example.org/a">', '8bit', 'utf-16'), 'charset-unreadable'],
      [
        octetsOf(
          lines(
            'From: a@example.org',
            'Content-Type: text/html',
            'Content-Type: text/plain',
            '',
            '<a href="https://example.org/a">',
          ),
        ),
        'ambiguous-structure',
      ],
    ];
    for (const [octets, reason] of reasons) {
      const plan = planOf(octets);
      assert.deepEqual(
        plan.left.map((left) => left.reason),
        [reason],
      );
      assert.equal(textOf(render(octets, plan, tracked)), textOf(octets));
    }
  });

  it('of long lines breaks inside the tag, or leaves the link', () => {
    const filler = 'x'.repeat(880);
    const room = () => 200;
    const copy = (body: string) => {
      const plan = planOf(html(body), { opens: false, clicks: true, urlOctetsMax: room });
      return {
        plan,
        text: textOf(
          render(html(body), plan, { clickUrl: () => `https://t.example/${'c'.repeat(180)}`, openUrl: null }),
        ),
      };
    };
    const broken = copy(`${filler}<a class="x" href="https://example.org/a">y</a>`);
    assert.ok(broken.text.includes('<a class="x"\r\nhref="https://t.example/'));
    const full = copy(`<a href=https://example.org/a>${filler}<a/href="https://example.org/a">y</a>`);
    assert.deepEqual(full.plan.left, [{ reason: 'line-full', count: 2 }]);
    const several = copy(`${'<a class="x" href="https://example.org/a">y</a>'.repeat(20)}`);
    assert.deepEqual(several.plan.left, []);
    for (const line of several.text.split('\r\n')) assert.ok(line.length <= 998);
  });

  it('hides the two-octet modes of ISO-2022 from the search for markup', () => {
    const esc = '\u001b';
    // In JIS X 0208 the octets `<a href="…">` are Chinese characters.
    const hidden = `${esc}$B<a href="https://example.org/a">${esc}(B<a href="https://example.org/b">x</a>`;
    assert.deepEqual(planOf(html(hidden, '7bit', 'ISO-2022-JP')).links, ['https://example.org/b']);
    const korean = `${esc}$)C\u000e<a href="https://example.org/a">\u000f<a href="https://example.org/b">x</a>`;
    assert.deepEqual(planOf(html(korean, '7bit', 'iso-2022-kr')).links, ['https://example.org/b']);
  });
});

describe('the pixel', () => {
  const place = (body: string): string => {
    const copy = copyOf(html(body), both, { clickUrl: null, openUrl });
    return copy.slice(copy.indexOf('\r\n\r\n') + 4, -2).replace(pixelMarkup(openUrl), '●');
  };

  it('stands before the last real end of the body', () => {
    assert.equal(place('<html><body>x</body></html>'), '<html><body>x●</body></html>');
    assert.equal(
      place('<body>x<!-- </body> --><style></body></style></BODY ></html>'),
      '<body>x<!-- </body> --><style></body></style>●</BODY ></html>',
    );
    assert.equal(place('<body>x<body>y</body></body>'), '<body>x<body>y</body>●</body>');
    assert.equal(place('<p>x</html>'), '<p>x●</html>');
    assert.equal(place('<p>x</p>  '), '<p>x</p>●  ');
    assert.equal(place('x'), 'x●');
  });

  it('stands before what never ends, where it would be text or nothing', () => {
    for (const open of [
      '<!-- x',
      '<textarea>x',
      '<style>x',
      '<a href="x',
      '</di',
      '<',
      '<title>x',
      '<plaintext>x',
      '<script>x</b',
      '<!--[if mso]>x',
    ])
      assert.equal(place(`<p>y</p>${open}`), `<p>y</p>●${open}`);
  });

  it('is one for a message, in the HTML that is shown', () => {
    const part = (type: string, body: string) => ['--b', `Content-Type: ${type}`, '', body];
    const message = (type: string, ...parts: string[][]) =>
      copyOf(
        octetsOf(lines('From: ana@example.org', `Content-Type: ${type}; boundary=b`, '', ...parts.flat(), '--b--')),
      );
    const alternative = message(
      'multipart/alternative',
      part('text/html', '<p>1'),
      part('text/x-amp-html', '<p>2'),
      part('text/html', '<p>3'),
    );
    assert.deepEqual(alternative.match(/<p>\d(?=<img)/g), ['<p>3']);
    const mixed = message(
      'multipart/mixed',
      part('text/html; name=a.html', '<p>1'),
      part('text/html', '<p>2'),
      part('text/html', '<p>3'),
    );
    assert.deepEqual(mixed.match(/<p>\d(?=<img)/g), ['<p>2']);
    const related = message('multipart/related', part('text/html', '<p>1'), part('text/html', '<p>2'));
    assert.deepEqual(related.match(/<p>\d(?=<img)/g), ['<p>1']);
    assert.equal(message('multipart/report', part('text/html', '<p>1')).includes('<img'), false);
  });

  it('takes lines of its own where the line is full', () => {
    const copy = copyOf(html('x'.repeat(960)), both, { clickUrl: null, openUrl });
    for (const line of copy.split('\r\n')) assert.ok(line.length <= 998);
    assert.ok(copy.includes(pixelMarkup(openUrl, '\r\n')));
  });

  it('is absent when not asked for, and not a single octet changes without links either', () => {
    const octets = html('<body><a href="https://example.org/a">x</a></body>');
    assert.equal(copyOf(octets, { opens: false, clicks: false }), textOf(octets));
    assert.equal(planOf(octets, { opens: false, clicks: false }).untouched, 'not-asked');
    assert.equal(copyOf(octets, both, { clickUrl: null, openUrl: null }), textOf(octets));
  });
});

describe('plain text', () => {
  it('is redirected only when asked for', () => {
    const octets = single('text/plain', '8bit', 'https://example.org/a');
    assert.equal(copyOf(octets), textOf(octets));
    assert.equal(
      copyOf(octets, { ...both, plainText: true }),
      textOf(octets).replace('https://example.org/a', clickUrl(0)),
    );
  });

  it('is redirected beside HTML, each in its place', () => {
    const octets = octetsOf(
      lines(
        'From: ana@example.org',
        'Content-Type: multipart/alternative; boundary=b',
        '',
        '--b',
        '',
        'https://example.org/a',
        '--b',
        'Content-Type: text/html',
        '',
        '<a href="https://example.org/a">x</a>',
        '--b--',
      ),
    );
    const copy = copyOf(octets, { opens: false, clicks: true, plainText: true });
    assert.equal(copy, textOf(octets).replaceAll('https://example.org/a', clickUrl(0)));
  });

  it('loses no punctuation, and no address whose end is unclear', () => {
    const texts: readonly (readonly [string, string])[] = [
      ['See https://example.org/a, or (https://example.org/b_(c)).', 'https://example.org/a https://example.org/b_(c)'],
      ['<https://example.org/a> "https://example.org/b"', 'https://example.org/a https://example.org/b'],
      ['<https://example.org/a\r\nb>', ''],
      ['https://example.org/ä', ''],
      ['xhttps://example.org/a svn+http://example.org', ''],
      ['Unsubscribe: https://example.org/u1', ''],
      ['https://example.org/unsubscribe?id=1 https://example.org/a?x=(1)!', 'https://example.org/a?x=(1)'],
    ];
    for (const [text, links] of texts)
      assert.equal(
        planOf(single('text/plain; charset=utf-8', '8bit', text), { ...both, plainText: true }).links.join(' '),
        links,
        text,
      );
  });

  it('of format=flowed with DelSp keeps addresses that may go on', () => {
    const text = 'https://example.org/on \r\ne https://example.org/done';
    const links = (type: string) => planOf(single(type, '7bit', text), { ...both, plainText: true }).links;
    assert.deepEqual(links('text/plain; format=flowed; delsp=yes'), ['https://example.org/done']);
    assert.deepEqual(links('text/plain; format=flowed'), ['https://example.org/on', 'https://example.org/done']);
  });
});
