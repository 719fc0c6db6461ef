import assert from 'node:assert/strict';
import { test } from 'node:test';
import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime from 'postal-mime';
import { parseAddressList } from './addresses.ts';
import { decodeHeaderText } from './header-text.ts';
import { headerWords, mailboxWords } from './header-words.ts';
import { readMessage } from './read-message.ts';
import { findLetterPlaces, writeLetter } from './write-letter.ts';

async function frame() {
  const part = () => ({ content: '–', contentTransferEncoding: 'quoted-printable' });
  const composer = new MailComposer({
    ...{ from: 'care@clinic.example', subject: '–', text: part(), html: part(), newline: '\r\n' },
    attachments: [{ filename: 'page.html', contentType: 'text/html', content: '<p>attached</p>' }],
  } as ConstructorParameters<typeof MailComposer>[0]);
  const octets = await composer.compile().build();
  const message = readMessage(octets);
  assert.ok(message.kind === 'message');
  return { octets, places: findLetterPlaces(message) };
}

test('words come out as they went in, whatever they are, and attachments stay as they are', async () => {
  const { octets, places } = await frame();
  const lines = [
    ...['.', '..', '--', '-', ' ends in a blank ', '\ttab\t', '=3D', '', 'ü'.repeat(100), `${'x'.repeat(75)}.`],
    ...['x'.repeat(76), 'x'.repeat(77), `${'x'.repeat(74)}ü`, '𝒜𝓃𝒶 '.repeat(40), 'From here on', `${'- '.repeat(60)}`],
  ];
  for (const text of [...lines, lines.join('\r\n'), lines.join('\n'), lines.join('\r')]) {
    const written = writeLetter(octets, places, { subject: text, html: `<p>${text}`, text });
    const mail = await PostalMime.parse(written);
    const expected = text.replace(/\r\n?/g, '\n');
    assert.equal((mail.text ?? '').replace(/\n$/, ''), expected);
    assert.equal((mail.html ?? '').replace(/\n$/, ''), `<p>${expected}`);
    assert.equal(String(mail.subject ?? '').trim(), expected.replace(/\p{Cc}+/gu, ' ').trim());
    assert.equal(Buffer.from(mail.attachments[0]?.content as ArrayBuffer).toString(), '<p>attached</p>');
    for (const line of Buffer.from(written).toString('latin1').split('\r\n')) {
      assert.ok(line.length <= 78, line);
      assert.ok(!line.startsWith('.'), 'no line that SMTP would have to stuff');
    }
  }
});

test('header text is one field whatever it holds, and reads as it was written', () => {
  const texts = ['Hello', '=?utf-8?q?x?=', 'Grüße – 𝒜', 'a\r\nBcc: x', 'word '.repeat(60).trim(), 'x'.repeat(500), ''];
  for (const text of texts) {
    const field = headerWords('Subject', text);
    assert.ok(
      field.split('\r\n').every((line, index) => line.length <= 78 && (index === 0 || /^ \S/.test(line))),
      field,
    );
    assert.equal(decodeHeaderText(field.slice('Subject:'.length)), text.replace(/\p{Cc}+/gu, ' '));
  }
});

test('a long subject is folded to its end, also with a colon far behind', () => {
  const text = `${'word '.repeat(300)}at ten: come ${'early '.repeat(50)}`.trim();
  const lines = headerWords('Subject', text).split('\r\n');
  assert.ok(lines.every((line) => line.length <= 78));
  assert.equal(lines.join(''), `Subject: ${text}`);
});

test('a long display name is folded, and is read as it was written', () => {
  const address = `${'a'.repeat(60)}@clinic.example`;
  for (const name of ['Ж'.repeat(300), 'x'.repeat(990), 'a b '.repeat(240).trim(), '"'.repeat(450), 'Ana Núñez', 'Ana'])
    for (const one of [address, 'a@b.example']) {
      const field = `To: ${mailboxWords(name, one)}`;
      assert.ok(
        field.split('\r\n').every((line, index) => line.length <= 78 && (index === 0 || /^ \S/.test(line))),
        field,
      );
      const read = parseAddressList(field.slice('To: '.length).replaceAll('\r\n', ''));
      assert.ok(read.kind === 'addresses');
      assert.deepEqual(
        read.mailboxes.map((mailbox) => [mailbox.name, mailbox.address]),
        [[name, one]],
      );
    }
});

test('a display name never becomes a second mailbox', () => {
  assert.equal(mailboxWords('', 'a@b.example'), 'a@b.example');
  assert.equal(mailboxWords('A "B" \\ <x@y.example>,', 'a@b.example'), '"A \\"B\\" \\\\ <x@y.example>," <a@b.example>');
  assert.match(mailboxWords('Ana Núñez', 'a@b.example'), /^=\?UTF-8\?B\?[\w+/=]+\?= <a@b\.example>$/);
});
