import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keptCertificate } from './certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-certificate-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date('2026-11-22T12:00:00Z');

test('the certificate names the host, is signed by its own key and valid for years', () => {
  const certificate = new X509Certificate(keptCertificate(folder, 'mail.clinic.example', now).cert);
  assert.equal(certificate.subject, 'CN=mail.clinic.example');
  assert.equal(certificate.checkHost('mail.clinic.example'), 'mail.clinic.example');
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.validFromDate.toISOString(), '2026-11-21T12:00:00.000Z');
  assert.equal(certificate.validToDate.toISOString(), '2036-11-22T12:00:00.000Z');
});

test('it is kept, readable by its owner alone', () => {
  const first = keptCertificate(folder, 'mail.clinic.example', now);
  assert.deepEqual(keptCertificate(folder, 'mail.clinic.example', now), first);
  assert.equal(statSync(join(folder, 'submission-tls.pem')).mode & 0o777, 0o600);
});

test('an expired, foreign or broken file is replaced', () => {
  const first = keptCertificate(folder, 'mail.clinic.example', now);
  const later = keptCertificate(folder, 'mail.clinic.example', new Date('2040-01-01T00:00:00Z'));
  assert.notEqual(later.cert, first.cert);
  assert.notEqual(keptCertificate(folder, 'other.example', now).cert, later.cert);
  writeFileSync(join(folder, 'submission-tls.pem'), 'rubbish');
  assert.match(keptCertificate(folder, 'other.example', now).cert, /BEGIN CERTIFICATE/);
});

test('a certificate that reaches beyond 2049 is well formed', () => {
  const made = keptCertificate(join(folder, 'late'), 'late.example', new Date('2045-06-01T00:00:00Z'));
  assert.equal(new X509Certificate(made.cert).validToDate.toISOString(), '2055-06-01T00:00:00.000Z');
});
