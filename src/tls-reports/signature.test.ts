/** Signatures of mailed reports: made by dkimpy and by our own signer, checked with keys from a real DNS server. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { newReporter, type Reporter } from '../../test/kit/signed-report.ts';
import { writeReportMail } from '../core/tls-reports/write-mail.ts';
import { type LookUp, openLookUp } from '../platform/look-up.ts';
import { checkSignature, type SignatureCheck } from './check-signature.ts';

const domain = 'company-x.example';
const at = new Date('2026-11-22T09:00:00Z');
const python = '/usr/bin/python3';
let dns: DnsServer;
let look: LookUp;
let reporter: Reporter;
let folder: string;

before(async () => {
  dns = await startDnsServer({});
  look = openLookUp([dns.address]);
  reporter = newReporter(dns, domain);
  folder = mkdtempSync(join(tmpdir(), 'waxwing-report-signatures-'));
});
after(async () => {
  await dns.close();
  rmSync(folder, { recursive: true, force: true });
});

const mailFrom = (contact = `tlsrpt@${domain}`): Buffer =>
  Buffer.from(
    writeReportMail({
      ...{ id: 'r1', day: '2026-11-21', contact, domain: 'clinic.example', to: 'tlsrpt@bounces.clinic.example' },
      ...{ messageId: 'm1', at, boundary: 'b1', packedBase64: Buffer.from('{"a": 1}').toString('base64') },
    }),
  );
const check = (octets: Buffer, author = domain, now = at): Promise<SignatureCheck> =>
  checkSignature({ octets, author }, look, now);
const kindOf = async (octets: Buffer, author = domain): Promise<string> => (await check(octets, author)).kind;
const changed = (mail: Buffer, from: string, to: string): Buffer => {
  const text = mail.toString('latin1');
  assert.ok(text.includes(from), from);
  return Buffer.from(text.replace(from, to), 'latin1');
};

const dkimpy = `
import dkim, json, sys
for job in json.load(sys.stdin):
    mail = open(job['mail'], 'rb').read()
    head = dkim.sign(mail, b'r1', job['domain'].encode(), open(job['key'], 'rb').read(), length=job['length'],
        canonicalize=tuple(one.encode() for one in job['forms']), signature_algorithm=b'rsa-sha256',
        include_headers=[b'from', b'subject', b'date', b'tls-report-domain'])
    open(job['mail'], 'wb').write(head + mail)
`;

interface Job {
  readonly mail: string;
  readonly key: string;
  readonly domain: string;
  readonly length: boolean;
  readonly forms: readonly string[];
}

test('what dkimpy signs counts in every form, and neither changed, nor with a length, nor by another’s key', {
  skip: process.env.CI !== 'true' && spawnSync(python, ['-c', 'import dkim']).status !== 0 && 'no python3-dkim here',
}, async () => {
  const other = newReporter(dns, 'other.example');
  const keyFile = (name: string, { privateKey }: Reporter): string => {
    const path = join(folder, name);
    writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs1' } as never) as unknown as string);
    return path;
  };
  const keys = { mine: keyFile('mine.pem', reporter), other: keyFile('other.pem', other) };
  const forms = [
    ['relaxed', 'relaxed'],
    ['simple', 'simple'],
    ['relaxed', 'simple'],
    ['simple', 'relaxed'],
  ];
  const job = (place: number, changes: Partial<Job> = {}): Job => {
    const mail = join(folder, `${place}.eml`);
    writeFileSync(mail, mailFrom());
    return { mail, key: keys.mine, domain, length: false, forms: ['relaxed', 'relaxed'], ...changes };
  };
  const jobs = [
    ...forms.map((form, place) => job(place, { forms: form })),
    job(4, { length: true }),
    job(5, { domain: 'other.example', key: keys.other }),
    job(6, { key: keys.other }),
  ];
  const { status, stderr } = spawnSync(python, ['-c', dkimpy], { input: JSON.stringify(jobs) });
  assert.equal(status, 0, String(stderr));
  const [signed, simple, ...more] = jobs.map(({ mail }) => readFileSync(mail));
  const [mixed, reversed, cut, others, forged] = more;
  for (const mail of [signed, simple, mixed, reversed]) {
    const found = await check(mail as Buffer);
    assert.deepEqual(
      [found.kind, found.kind === 'signed' && found.by, found.kind === 'signed' && [...found.fields].toSorted()],
      ['signed', domain, ['date', 'from', 'subject', 'tls-report-domain']],
    );
    assert.equal(await kindOf(changed(mail as Buffer, 'eyJ', 'eyK')), 'unsigned', 'another body');
    assert.equal(
      await kindOf(changed(mail as Buffer, 'Submitter: comp', 'Submitter: cOmp')),
      'unsigned',
      'another field',
    );
  }
  for (const mail of [cut, others, forged]) assert.equal(await kindOf(mail as Buffer), 'unsigned');
  assert.equal(await kindOf(others as Buffer, 'other.example'), 'unsigned', 'the field From names who is meant');
});

test('a signature counts of the domain in From or of one above it', async () => {
  const mail = mailFrom(`tlsrpt@mta.${domain}`);
  assert.equal(await kindOf(await reporter.sign(mail, at), `mta.${domain}`), 'signed');
  const below = newReporter(dns, `mta.${domain}`);
  assert.equal(await kindOf(await below.sign(mail, at), `mta.${domain}`), 'signed');
  assert.equal(await kindOf(await below.sign(mailFrom(), at)), 'unsigned');
});

test('a second author, in a field or beside the first, makes it nobody’s', async () => {
  const signed = await reporter.sign(mailFrom(), at);
  assert.equal(await kindOf(Buffer.concat([Buffer.from('From: tlsrpt@other.example\r\n'), signed])), 'unsigned');
  const two = changed(mailFrom(), `From: tlsrpt@${domain}`, `From: tlsrpt@${domain}, tlsrpt@other.example`);
  assert.equal(await kindOf(await reporter.sign(two, at)), 'unsigned');
  assert.equal(await kindOf(signed, ''), 'unsigned');
});

test('the key says what it is for: reports or everything, not mail alone, no test, and withdrawn is withdrawn', async () => {
  const kinds = new Map<string, string>();
  for (const tags of ['s=tlsrpt;', 's=email:tlsrpt;', 's=*;', 's=email;', 't=y;', 't=s;', 'h=sha1;', 'k=ed25519;']) {
    const one = newReporter(dns, domain, tags, 'services');
    kinds.set(tags, await kindOf(await one.sign(mailFrom(), at)));
  }
  assert.deepEqual(
    [...kinds.entries()],
    [
      ['s=tlsrpt;', 'signed'],
      ['s=email:tlsrpt;', 'signed'],
      ['s=*;', 'signed'],
      ['s=email;', 'unsigned'],
      ['t=y;', 'unsigned'],
      ['t=s;', 'signed'],
      ['h=sha1;', 'unsigned'],
      ['k=ed25519;', 'unsigned'],
    ],
  );
  const gone = newReporter(dns, domain, '', 'gone');
  dns.tell(gone.name, { txt: ['v=DKIM1; p='] });
  assert.equal(await kindOf(await gone.sign(mailFrom(), at)), 'unsigned');
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' });
  dns.tell(gone.name, { txt: [`p=${short.toString('base64')}`] });
  assert.equal(await kindOf(await gone.sign(mailFrom(), at)), 'unsigned', 'another key than it was signed by');
});

test('a key that nobody answers for now is asked for another time; one that is not there is not', async () => {
  const one = newReporter(dns, domain, '', 'broken');
  dns.tell(one.name, { broken: true });
  assert.equal(await kindOf(await one.sign(mailFrom(), at)), 'no-answer');
  dns.tell(one.name, {});
  assert.equal(await kindOf(await one.sign(mailFrom(), at)), 'unsigned');
});

test('of strangers’ domains no key is asked, of the reporter’s no more than three, and none where there are too many', async () => {
  const other = newReporter(dns, 'stranger.example');
  const both = await other.sign(await reporter.sign(mailFrom(), at), at);
  assert.equal(await kindOf(both), 'signed');
  assert.equal(dns.asked(other.name), 0);
  const many = (count: number): Promise<Buffer> =>
    Array.from({ length: count }, (_, place) => newReporter(dns, domain, 't=y;', `many${count}-${place}`)).reduce(
      async (mail, one) => one.sign(await mail, at),
      Promise.resolve(mailFrom()),
    );
  const askedOf = (count: number): number =>
    Array.from({ length: count }, (_, place) => dns.asked(`many${count}-${place}._domainkey.${domain}`)).reduce(
      (sum, one) => sum + one,
      0,
    );
  assert.equal(await kindOf(await many(8)), 'unsigned');
  assert.equal(askedOf(8), 3);
  assert.equal(await kindOf(await many(11)), 'unsigned');
  assert.equal(askedOf(11), 0);
});

test('a head that is made to hurt is not looked at, and the largest that is costs little', async () => {
  const signed = await reporter.sign(mailFrom(), at);
  const [begun] = process.hrtime();
  assert.equal(
    await kindOf(changed(signed, 'MIME-Version', `X: ${'\r\n x'.repeat(1_000)}\r\nMIME-Version`)),
    'unsigned',
  );
  assert.equal(await kindOf(changed(signed, 'MIME-Version', `X: ${'x'.repeat(65_536)}\r\nMIME-Version`)), 'unsigned');
  assert.equal(await kindOf(Buffer.from('\t\n'.repeat(250_000))), 'unsigned');
  const names = 'a:'.repeat(28_000);
  const long = `DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=r1; bh=AA==; b=AA==; h=from:${names}from\r\n`;
  assert.equal(await kindOf(Buffer.concat([Buffer.from(long), signed])), 'signed');
  const [ended] = process.hrtime();
  assert.ok(ended - begun < 5, `${ended - begun} s`);
});

test('a signature counts until it says that it expires', async () => {
  const privateKey = reporter.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  const expires = new Date(at.getTime() + 60_000);
  const { signatures } = await dkimSign(mailFrom(), {
    ...{ signTime: at, expires },
    ...{ signingDomain: domain, selector: 'r1', privateKey },
    signatureData: [{ signingDomain: domain, selector: 'r1', privateKey }],
  });
  const signed = Buffer.concat([Buffer.from(signatures), mailFrom()]);
  assert.equal((await check(signed)).kind, 'signed');
  assert.equal((await check(signed, domain, new Date(at.getTime() + 61_000))).kind, 'unsigned');
});
