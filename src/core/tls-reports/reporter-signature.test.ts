import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyForReports, reportedDomain, speaksFor } from './reporter-signature.ts';

test('a domain speaks for itself and for those under it, and for no other', () => {
  assert.ok(speaksFor('company-x.example', 'company-x.example'));
  assert.ok(speaksFor('company-x.example', 'mail.company-x.example'));
  for (const signer of ['mail.company-x.example', 'y.example', 'any-x.example', 'example', ''])
    assert.ok(!speaksFor(signer, 'company-x.example'), signer);
});

test('a key counts that is for everything or for reports, and is handed on without its list', () => {
  assert.equal(keyForReports('v=DKIM1; p=AAAA'), 'v=DKIM1; p=AAAA');
  assert.equal(keyForReports('v=DKIM1; s=tlsrpt; p=AAAA'), 'v=DKIM1; p=AAAA');
  assert.equal(keyForReports('v=DKIM1;S = email : TLSRPT ;p=AAAA'), 'v=DKIM1;p=AAAA');
  assert.equal(keyForReports('v=DKIM1; s=*; p=AAAA'), 'v=DKIM1; p=AAAA');
  for (const services of ['email', '', 'tlsrpt2', 'email:other'])
    assert.equal(keyForReports(`v=DKIM1; s=${services}; p=AAAA`), null, services);
});

test('whom a report is about is read from fields that stand there once and are signed', () => {
  const domain = { name: 'tls-report-domain', value: ' Clinic.Example. ' };
  const subject = {
    name: 'subject',
    value: 'Report Domain: clinic.example Submitter: x.example Report-ID: <1@x.example>',
  };
  const other = { name: 'tls-report-domain', value: 'other.example' };
  const both = new Set(['tls-report-domain', 'subject']);
  assert.equal(reportedDomain([domain], both), 'clinic.example');
  assert.equal(reportedDomain([domain], new Set(['subject'])), null);
  assert.equal(reportedDomain([other, subject], new Set(['subject'])), 'clinic.example');
  assert.equal(reportedDomain([other, domain], both), null);
  assert.equal(reportedDomain([other, domain, subject], both), 'clinic.example');
  assert.equal(reportedDomain([{ name: 'subject', value: 'Report for clinic.example' }], both), null);
});
