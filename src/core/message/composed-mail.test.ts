import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTransport, type SendMailOptions } from 'nodemailer';
import PostalMime from 'postal-mime';
import { both, clickUrl, openUrl, planOf, readOk, textOf, tracked } from './fixtures/kit.ts';
import { pixelMarkup } from './pixel.ts';
import { prepareHeaders } from './prepare-headers.ts';
import { render } from './render.ts';

const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

async function compose(options: SendMailOptions): Promise<Uint8Array> {
  const { message } = await transport.sendMail({
    from: 'Ana Müller <ana@example.org>',
    to: 'bea@example.org',
    ...options,
  });
  assert.ok(Buffer.isBuffer(message));
  return message;
}

const urls = [
  'https://example.org/?a=1&b=2',
  'https://example.org/grüße?x=ä',
  'https://example.org/lang/'.padEnd(400, 'x'),
];
const html = `<!DOCTYPE html><html><body><h1>Grüße – „Ana“</h1>${urls
  .map(
    (url) =>
      `<p style="margin: 0">Ein Absatz, der so lang ist, dass er umbrochen wird = so. <a class="b" href="${url.replaceAll('&', '&amp;')}">mehr</a></p>\r\n`,
  )
  .join('')}<a href="https://example.org/unsubscribe/1">Abmelden</a></body></html>`;
const attachments = [
  { filename: 'befund <1>.pdf', content: Buffer.from('%PDF <a href="https://example.org/x">') },
  { filename: 'seite.html', content: '<a href="https://example.org/x">x</a>', contentType: 'text/html' },
  {
    filename: 'bild.png',
    content: Buffer.from(Uint8Array.from({ length: 5_000 }, (_, i) => i & 255)),
    cid: 'bild@example.org',
  },
];

const variants: Readonly<Record<string, SendMailOptions>> = {
  'HTML alone': { html },
  'in quoted-printable': { html, text: 'Grüße', textEncoding: 'quoted-printable' },
  'in base64': { html, text: 'Grüße', textEncoding: 'base64' },
  'of ASCII in 7bit': { html: html.replace(/[^\0-\x7f]/g, 'e') },
  'with attachments and images': { html, text: 'Grüße', attachments },
  'with a calendar and AMP': {
    html,
    text: 'x',
    amp: '<!doctype html><html amp4email><a href="https://example.org/x">x</a></html>',
    icalEvent: { method: 'REQUEST', content: 'BEGIN:VCALENDAR\r\nURL:https://example.org/x\r\nEND:VCALENDAR' },
  },
};

describe('mail of a common composer', () => {
  for (const [name, options] of Object.entries(variants)) {
    it(`${name}: its HTML differs by addresses and pixel, all else is equal`, async () => {
      const octets = await compose(options);
      const plan = planOf(octets);
      assert.equal(plan.links.length, urls.length);
      const before = await PostalMime.parse(octets);
      const after = await PostalMime.parse(render(octets, plan, tracked));
      let restored = (after.html ?? '').replace(pixelMarkup(openUrl), '');
      for (const [link, url] of plan.links.entries())
        restored = restored.replace(clickUrl(link), url.replaceAll('&', '&amp;'));
      assert.equal(restored, before.html);
      assert.equal(after.text && options.text, before.text && options.text);
      assert.deepEqual(after.attachments, before.attachments);
      assert.deepEqual(after.headers, before.headers);
    });
  }

  it('keeps its header as written', async () => {
    const octets = await compose({
      html,
      subject: 'Grüße an alle, die einen sehr langen Betreff mögen und lesen wollen',
      list: { unsubscribe: 'https://example.org/u' },
    });
    const headerOf = (copy: Uint8Array) => textOf(copy.subarray(0, readOk(copy).headerEnd));
    assert.equal(headerOf(render(octets, planOf(octets, both), tracked)), headerOf(octets));
    const prepared = prepareHeaders(readOk(octets));
    assert.equal(
      prepared.kind === 'headers' && prepared.subject,
      'Grüße an alle, die einen sehr langen Betreff mögen und lesen wollen',
    );
  });
});
