import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAudit } from './audit-dependencies.ts';

test('high and critical holes fail, smaller ones do not', () => {
  const of = (...severities: string[]) =>
    JSON.stringify({
      vulnerabilities: Object.fromEntries(severities.map((severity) => [`a-${severity}`, { severity }])),
    });
  assert.deepEqual(readAudit(of()), { kind: 'sound' });
  assert.deepEqual(readAudit(of('low', 'moderate')), { kind: 'sound' });
  assert.deepEqual(readAudit(of('low', 'high', 'critical')), {
    kind: 'holes',
    names: ['a-high (high)', 'a-critical (critical)'],
  });
});

test('a registry that is away, or answers no audits, is said and fails nothing', () => {
  assert.equal(readAudit('').kind, 'not-asked');
  assert.deepEqual(readAudit('{"message":"405 Method Not Allowed"}'), {
    kind: 'not-asked',
    why: '405 Method Not Allowed',
  });
});
