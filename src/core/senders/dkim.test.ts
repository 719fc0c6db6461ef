import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { instrument, prepareHeaders, readMessage, render } from '../message/index.ts';
import { type DkimKey, dkimSignatures } from './dkim.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-dkim-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const domain = 'clinic.example';
const keys: DkimKey[] = [
  { algorithm: 'rsa-sha256', domain, selector: 'r1', privateKey: rsa.privateKey },
  { algorithm: 'ed25519-sha256', domain, selector: 'e1', privateKey: ed25519.privateKey },
];
const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });
const records: Readonly<Record<string, string>> = {
  'r1._domainkey.clinic.example': `v=DKIM1; k=rsa; p=${spki(rsa.publicKey).toString('base64')}`,
  'e1._domainkey.clinic.example': `v=DKIM1; k=ed25519; p=${spki(ed25519.publicKey).subarray(-32).toString('base64')}`,
};
const signedAt = new Date();

const head = [
  'From: Clinic <care@clinic.example>',
  'To: ana@example.org',
  'Subject: Hello',
  'Date: Sun, 22 Nov 2026 11:00:00 +0000',
  'Message-ID: <1@clinic.example>',
  'MIME-Version: 1.0',
];
const mail = (fields: readonly string[], body: string, encoding: BufferEncoding = 'utf8'): Buffer =>
  Buffer.from(`${[...head, ...fields].join('\r\n')}\r\n\r\n${body}`, encoding);
const textType = 'Content-Type: text/plain; charset=utf-8';

function instrumented(): Buffer {
  const source = mail(
    ['Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable'],
    '<html><body><p>Gr=C3=BC=C3=9Fe</p><a href=3D"https://clinic.example/a?b=3D1&amp;c=3D2">more</a></body></html>\r\n',
  );
  const message = readMessage(source);
  assert.ok(message.kind === 'message');
  const headers = prepareHeaders(message);
  assert.ok(headers.kind === 'headers');
  const plan = instrument(message, {
    ...{ opens: true, clicks: true, plainText: true, honeypot: false, headers: headers.edits, ownUrls: [] },
    urlOctetsMax: () => 300,
  });
  return Buffer.from(
    render(source, plan, {
      openUrl: 'https://t.clinic.example/o/abc',
      clickUrl: (link) => `https://t.clinic.example/c/${link}`,
      fields: [
        ['List-Unsubscribe', `<https://t.clinic.example/u/${'x'.repeat(104)}>`],
        ['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'],
        ['Feedback-ID', '0123456789abcdef:marketing:0123456789abcdef:waxwing'],
      ],
    }),
  );
}

const messages: Readonly<Record<string, () => Buffer>> = {
  'plain 7-bit text': () => mail([textType], 'Hello\r\nAna\r\n'),
  'an 8-bit body': () => mail([textType, 'Content-Transfer-Encoding: 8bit'], 'Grüße aus Zürich\r\n'),
  'a body in latin-1': () => mail(['Content-Type: text/plain; charset=iso-8859-1'], 'Grüße\r\n', 'latin1'),
  'long lines': () => mail([textType], `${'word '.repeat(180)}\r\n${'x'.repeat(998)}\r\n`),
  'an empty body': () => mail([textType], ''),
  'a body of empty lines': () => mail([textType], '\r\n\r\n\r\n'),
  'a body of white space': () => mail([textType], ' \t \r\n'),
  'trailing empty lines': () => mail([textType], 'Hello\r\n\r\n\r\n\r\n'),
  'trailing lines of white space': () => mail([textType], 'Hello \t \r\n   \r\n\t\r\n'),
  'no line end at the end': () => mail([textType], 'Hello'),
  'white space everywhere': () => mail([textType], '  a \t b  \r\n\r\n c\t\r\n'),
  'lines that begin with dots': () => mail([textType], '.\r\n..\r\n.dot\r\n'),
  'fields in UTF-8': () => mail(['X-Note: Grüße', 'Keywords: Zürich', textType], 'Hello\r\n'),
  'folded fields': () =>
    mail(
      ['References: <1@a.example>\r\n\t<2@a.example>\r\n   <3@a.example>', `${textType};\r\n format=flowed`],
      'Hello\r\n',
    ),
  'fields that come twice': () => mail(['Cc: bo@example.org', 'Cc:  cy@example.org ', textType], 'Hello\r\n'),
  'an empty field': () => mail(['Reply-To:', 'Sender:   ', textType], 'Hello\r\n'),
  'white space before a colon': () => mail(['In-Reply-To : <1@a.example>', textType], 'Hello\r\n'),
  'unsubscribe fields': () =>
    mail(
      [
        'List-Unsubscribe: <https://t.clinic.example/u/x>',
        'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
        textType,
      ],
      'Hello\r\n',
    ),
  'HTML with tracking': instrumented,
  'a bare attachment': () =>
    mail(
      ['Content-Type: application/pdf; name="a.pdf"', 'Content-Transfer-Encoding: base64'],
      `${Buffer.alloc(5_000, 7).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
    ),
};

const signed = async (message: Buffer): Promise<Buffer> =>
  Buffer.concat([Buffer.from(await dkimSignatures(message, keys, signedAt)), message]);

const dkimpy = `
import dkim, json, sys
records = json.load(open(sys.argv[1]))
def txt(name, timeout=5):
    found = records.get((name.decode() if isinstance(name, bytes) else name).rstrip('.'))
    return None if found is None else found.encode()
for path in sys.argv[2:]:
    verifier = dkim.DKIM(open(path, 'rb').read())
    print(verifier.verify(0, dnsfunc=txt), verifier.verify(1, dnsfunc=txt))
`;

const isMissing = (program: string, ...args: readonly string[]): boolean =>
  process.env.CI !== 'true' && spawnSync(program, args).status !== 0;
const python = '/usr/bin/python3';

test('dkimpy accepts both signatures of every kind of mail, and neither when a byte is changed', {
  skip: isMissing(python, '-c', 'import dkim, nacl') && 'no python3-dkim with python3-nacl here',
}, async () => {
  writeFileSync(join(folder, 'records.json'), JSON.stringify(records));
  writeFileSync(join(folder, 'verify.py'), dkimpy);
  // dkimpy takes no message with white space before a colon (RFC 5322 §4.5.8).
  const names = Object.keys(messages).filter((name) => name !== 'white space before a colon');
  const paths: string[] = [];
  for (const [place, name] of names.entries()) {
    const message = await signed(messages[name]?.() ?? Buffer.alloc(0));
    const changed = Buffer.from(message.toString('latin1').replace('Subject: Hello', 'Subject: Hallo'), 'latin1');
    writeFileSync(join(folder, `${place}.eml`), message);
    writeFileSync(join(folder, `${place}-changed.eml`), changed);
    paths.push(join(folder, `${place}.eml`), join(folder, `${place}-changed.eml`));
  }
  const { stdout, stderr } = spawnSync(python, [join(folder, 'verify.py'), join(folder, 'records.json'), ...paths]);
  const verdicts = stdout.toString().trim().split('\n');
  assert.deepEqual(
    verdicts,
    names.flatMap(() => ['True True', 'False False']),
    `${names.join()}\n${verdicts.join('\n')}\n${stderr}`,
  );
});

/**
 * The library under opendkim-testmsg, which itself takes keys from the machine's own DNS only; here it reads them from a file
 * (dkim.h: DKIM_OP_SETOPT 1, DKIM_OPTS_QUERYMETHOD 6, DKIM_OPTS_QUERYINFO 7, DKIM_QUERY_FILE 1).
 */
const opendkim = `
import ctypes, sys
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p, sizeof
lib = ctypes.CDLL('libopendkim.so.11')
lib.dkim_init.restype = lib.dkim_verify.restype = c_void_p
lib.dkim_getresultstr.restype = c_char_p
lib.dkim_init.argtypes = [c_void_p, c_void_p]
lib.dkim_options.argtypes = [c_void_p, c_int, c_int, c_void_p, c_size_t]
lib.dkim_verify.argtypes = [c_void_p, c_char_p, c_void_p, c_void_p]
lib.dkim_chunk.argtypes = [c_void_p, c_char_p, c_size_t]
lib.dkim_eom.argtypes = [c_void_p, c_void_p]
lib.dkim_free.argtypes = [c_void_p]
handle, method, keys = lib.dkim_init(None, None), c_int(1), sys.argv[1].encode()
assert lib.dkim_options(handle, 1, 6, byref(method), sizeof(method)) == 0
assert lib.dkim_options(handle, 1, 7, keys, len(keys) + 1) == 0
for path in sys.argv[2:]:
    octets = open(path, 'rb').read()
    message = lib.dkim_verify(handle, b'1', None, byref(c_int()))
    lib.dkim_chunk(message, octets, len(octets))
    lib.dkim_chunk(message, b'', 0)
    print(lib.dkim_getresultstr(lib.dkim_eom(message, None)).decode())
    lib.dkim_free(message)
`;

test('OpenDKIM accepts the RSA signature of every kind of mail, and not when a field or the body is changed', {
  skip: isMissing(python, '-c', 'import ctypes; ctypes.CDLL("libopendkim.so.11")') && 'no opendkim-tools here',
}, async () => {
  const file = join(folder, 'opendkim-keys');
  writeFileSync(
    file,
    Object.entries(records)
      .map((pair) => `${pair.join(' ')}\n`)
      .join(''),
  );
  writeFileSync(join(folder, 'opendkim.py'), opendkim);
  const rsaOnly = keys.filter(({ algorithm }) => algorithm === 'rsa-sha256'); // OpenDKIM 2.11 knows no Ed25519
  // A body whose last line has no end is none on the wire (RFC 5321 §4.1.1.4), and OpenDKIM takes none.
  const names = Object.keys(messages).filter((name) => name !== 'no line end at the end');
  const paths: string[] = [];
  for (const [place, name] of names.entries()) {
    const source = messages[name]?.() ?? Buffer.alloc(0);
    const message = Buffer.concat([Buffer.from(await dkimSignatures(source, rsaOnly, signedAt)), source]);
    const changed = message.toString('latin1').replace('Subject: Hello', 'Subject: Hallo');
    for (const octets of [message, Buffer.from(changed, 'latin1'), Buffer.concat([message, Buffer.from('more\r\n')])]) {
      paths.push(join(folder, `opendkim-${place}-${paths.length}.eml`));
      writeFileSync(paths.at(-1) ?? '', octets);
    }
  }
  const { stdout, stderr } = spawnSync(python, [join(folder, 'opendkim.py'), file, ...paths]);
  const verdicts = stdout.toString().trim().split('\n');
  assert.deepEqual(
    verdicts,
    names.flatMap(() => ['Success', 'Bad signature', 'Bad signature']),
    `${names.join()}\n${stderr}`,
  );
});

async function mailauthSays(message: Buffer): Promise<string[]> {
  const resolver = async (name: string): Promise<string[][]> => {
    const found = records[name];
    if (found === undefined) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    return [[found]];
  };
  const { results } = await dkimVerify(message, { resolver });
  return results.map((one: { status: { result: string } }) => one.status.result);
}

for (const [name, make] of Object.entries(messages))
  test(`mailauth accepts both signatures of ${name}`, async () => {
    assert.deepEqual(await mailauthSays(await signed(make())), ['pass', 'pass']);
  });

test('mail to which somebody adds a second Subject, From or unsubscribe field is refused', async () => {
  for (const added of ['Subject: Buy now', 'From: bo@example.org', 'List-Unsubscribe: <https://evil.example>']) {
    const message = Buffer.concat([Buffer.from(`${added}\r\n`), await signed(mail([textType], 'Hello\r\n'))]);
    assert.deepEqual(await mailauthSays(message), ['fail', 'fail'], added);
  }
});

test('both unsubscribe fields and the Feedback-ID that we add are covered by every signature', async () => {
  const message = await signed(instrumented());
  const names = message.toString().match(/\bh=([^;]+);/g) ?? [];
  assert.equal(names.length, keys.length);
  for (const list of names) {
    const signedNames = list.replace(/\s/g, '').slice(2, -1).split(':');
    for (const name of ['list-unsubscribe', 'list-unsubscribe-post', 'feedback-id'])
      assert.equal(signedNames.filter((one) => one === name).length, 2, name);
  }
  for (const field of ['/u/', '=One-Click', ':marketing:']) {
    const altered = Buffer.from(message.toString().replace(field, `${field}x`));
    assert.deepEqual(await mailauthSays(altered), ['fail', 'fail'], field);
  }
});

test('what is added to the end of a signed body is refused', async () => {
  const message = Buffer.concat([await signed(mail([textType], 'Hello\r\n')), Buffer.from('more\r\n')]);
  assert.deepEqual(await mailauthSays(message), ['neutral', 'neutral']);
  assert.doesNotMatch(message.toString(), /\bl=\d/);
});

test('a lone line feed is signed as the line end that it becomes on the way', async () => {
  const message = Buffer.from(mail([textType], 'one\r\ntwo\r\n').toString().replaceAll('\r\n', '\n'));
  const arrived = Buffer.concat([
    Buffer.from(await dkimSignatures(message, keys, signedAt)),
    mail([textType], 'one\r\ntwo\r\n'),
  ]);
  assert.deepEqual(await mailauthSays(arrived), ['pass', 'pass']);
});

test('lines of a signature keep within 78 characters', async () => {
  const fields = await dkimSignatures(messages['folded fields']?.() ?? Buffer.alloc(0), keys, signedAt);
  for (const line of fields.split('\r\n')) assert.ok(line.length <= 78, line);
});
