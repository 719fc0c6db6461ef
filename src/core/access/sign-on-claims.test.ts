/** What is believed of an identity provider's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainOf, googleIssuer, hasSecondFactor, judgeAddress, judgePlace, nameOf } from './sign-on-claims.ts';

const terms = {
  issuer: 'https://idp.example',
  domains: ['clinic.example'],
  trustsAddresses: false,
  secondFactor: null,
  roleClaim: 'groups',
  roleRules: [
    { value: 'nurses', role: 'sender', departmentId: 'ward' },
    { value: 'staff', role: 'viewer', departmentId: null },
  ],
  otherwise: null,
} as const;
const email = 'ana@clinic.example';

test('an address is believed with the provider’s word for it, in whichever form', () => {
  for (const verified of [true, 'true'])
    assert.deepEqual(judgeAddress({ email, email_verified: verified }, terms), { kind: 'verified', email });
  for (const verified of [false, 'false', undefined, 1, 'yes', null])
    assert.equal(judgeAddress({ email, email_verified: verified }, terms).kind, 'refused', String(verified));
});

test('trust stands for a missing word, never against a no', () => {
  const trusting = { ...terms, trustsAddresses: true };
  assert.equal(judgeAddress({ email }, trusting).kind, 'verified');
  for (const verified of [false, 'false', null])
    assert.equal(judgeAddress({ email, email_verified: verified }, trusting).kind, 'refused');
});

test('what is no address, or one of another domain, is refused', () => {
  for (const wrong of [
    undefined,
    1,
    '',
    'ana',
    '@clinic.example',
    'a b@clinic.example',
    'x@y@clinic.example',
    `${'a'.repeat(300)}@clinic.example`,
  ])
    assert.deepEqual(judgeAddress({ email: wrong, email_verified: true }, terms), {
      kind: 'refused',
      why: 'unverified',
    });
  for (const other of ['ana@other.example', 'ana@sub.clinic.example', 'ana@clinic.example.evil.example'])
    assert.deepEqual(judgeAddress({ email: other, email_verified: true }, terms), {
      kind: 'refused',
      why: 'not_served',
    });
  assert.equal(domainOf('Ana@CLINIC.example'), 'clinic.example');
});

test('a Google account counts only where the domain’s owner manages it', () => {
  const google = { ...terms, issuer: googleIssuer };
  const judge = (hd?: string) =>
    judgeAddress({ email, email_verified: true, ...(hd === undefined ? {} : { hd }) }, google).kind;
  assert.deepEqual([judge(), judge('other.example'), judge('Clinic.example')], ['refused', 'refused', 'verified']);
});

test('the second factor is found in a list or alone, and only as asked for', () => {
  const asking = { secondFactor: { claim: 'amr', value: 'mfa' } } as const;
  assert.ok(hasSecondFactor({}, { secondFactor: null }));
  assert.ok(hasSecondFactor({ amr: ['pwd', 'mfa'] }, asking));
  for (const amr of [undefined, [], ['pwd'], 'pwd', { mfa: true }, ['MFA']])
    assert.ok(!hasSecondFactor({ amr }, asking));
  assert.ok(hasSecondFactor({ acr: 'gold' }, { secondFactor: { claim: 'acr', value: 'gold' } }));
});

test('the first rule that fits gives the place; a claim may lie deep or have dots in its name', () => {
  const place = (claims: object, over: object = {}) => judgePlace(claims as never, { ...terms, ...over });
  assert.deepEqual(place({ groups: ['staff', 'nurses'] }), {
    kind: 'place',
    place: { role: 'sender', departmentId: 'ward' },
  });
  assert.deepEqual(place({ groups: 'staff' }), { kind: 'place', place: { role: 'viewer', departmentId: null } });
  assert.deepEqual(place({ groups: ['cooks'] }), { kind: 'refused', why: 'no_rule_fits' });
  assert.deepEqual(place({}), { kind: 'refused', why: 'no_rule_fits' });
  assert.equal(place({ realm_access: { roles: ['staff'] } }, { roleClaim: 'realm_access.roles' }).kind, 'place');
  assert.equal(
    place({ 'https://x.example/groups': ['staff'] }, { roleClaim: 'https://x.example/groups' }).kind,
    'place',
  );
  assert.equal(place({}, { roleClaim: '__proto__.constructor' }).kind, 'refused');
  const otherwise = { role: 'viewer', departmentId: null };
  assert.deepEqual(place({ groups: ['staff'] }, { roleClaim: null, otherwise }), { kind: 'place', place: otherwise });
});

test('somebody new has a name, whatever the provider calls it', () => {
  assert.equal(nameOf({ name: ' Ana Lopez ' }, email), 'Ana Lopez');
  assert.equal(nameOf({ given_name: 'Ana', family_name: 'Lopez' }, email), 'Ana Lopez');
  assert.equal(nameOf({ name: '', preferred_username: 'ana' }, email), 'ana');
  assert.equal(nameOf({ name: 5 }, email), 'ana');
  assert.equal(nameOf({ name: 'x'.repeat(500) }, email).length, 100);
});
