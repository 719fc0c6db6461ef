import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUsable, type Tlsa } from './dane.ts';
import { namesHost, readStsPolicy, readStsRecord, type StsState } from './mta-sts.ts';
import { type HopFacts, meetsDemand, planHop, rungOf, strictestFloor, type TlsFacts } from './transport.ts';

const enforced: StsState = {
  ...{ kind: 'policy', id: '1', fault: null },
  policy: { mode: 'enforce', mx: ['mx.example.org'], maxAgeSeconds: 86_400 },
};
const record: Tlsa = { usage: 3, selector: 1, matchingType: 1, data: 'ab'.repeat(32) };
const usable = { kind: 'usable', records: [record], names: ['mx.example.org'] } as const;
const unusable = { kind: 'unusable', records: [{ ...record, usage: 1 }], base: 'mx.example.org' } as const;
const host = (facts: Partial<HopFacts> = {}): HopFacts => ({
  ...{
    host: 'mx.example.org',
    floor: 'opportunistic',
    sts: { kind: 'none' },
    dane: { kind: 'off' },
    pin: null,
    ...facts,
  },
});

test('without a policy anywhere the floor alone decides', () => {
  assert.deepEqual(planHop(host({ floor: 'plain' })), { kind: 'connect', tls: 'if-offered', grounds: 'floor' });
  assert.deepEqual(planHop(host()), { kind: 'connect', tls: 'if-offered', grounds: 'floor' });
  assert.deepEqual(planHop(host({ floor: 'verified' })), { kind: 'connect', tls: 'verified', grounds: 'floor' });
  assert.deepEqual(planHop(host({ floor: 'authenticated' })), {
    ...{ kind: 'barred', why: 'tls.no_authenticated_route', grounds: 'floor' },
  });
});

test('an enforced policy raises every floor, bars hosts that it does not name and meets the highest', () => {
  for (const floor of ['plain', 'opportunistic', 'verified', 'authenticated'] as const)
    assert.deepEqual(planHop(host({ floor, sts: enforced })), { kind: 'connect', tls: 'verified', grounds: 'mta-sts' });
  const other = planHop(host({ floor: 'plain', sts: enforced, host: 'evil.example' }));
  assert.deepEqual(other, { kind: 'barred', why: 'mta_sts.host_not_listed', grounds: 'mta-sts' });
});

test('a policy that is tested, withdrawn or was never fetched changes nothing and meets nothing', () => {
  for (const mode of ['testing', 'none'] as const) {
    const sts: StsState = { ...enforced, policy: { ...enforced.policy, mode } };
    assert.equal(planHop(host({ sts })).grounds, 'floor');
    assert.equal(planHop(host({ sts, floor: 'authenticated' })).kind, 'barred');
  }
  const unknown: StsState = { kind: 'unknown', fault: 'sts-policy-fetch-error' };
  assert.equal(planHop(host({ sts: unknown, floor: 'authenticated' })).kind, 'barred');
});

test('DANE wins over MTA-STS, and a pin over both', () => {
  const both = planHop(host({ sts: enforced, dane: usable, host: 'not-listed.example' }));
  assert.equal(both.grounds, 'dane');
  assert.equal(planHop(host({ sts: enforced, dane: usable, pin: 'ab' })).grounds, 'pin');
});

test('what DNSSEC finds bogus bars the host at any floor', () => {
  const plan = planHop(host({ floor: 'plain', dane: { kind: 'bogus' } }));
  assert.deepEqual(plan, { kind: 'barred', why: 'dane.bogus', grounds: 'dane' });
});

test('records that cannot be used ask for encryption, and never for less than the floor', () => {
  const dane = unusable;
  assert.deepEqual(planHop(host({ floor: 'plain', dane })), {
    kind: 'connect',
    tls: 'encrypted',
    grounds: 'dane-unusable',
  });
  assert.deepEqual(planHop(host({ floor: 'verified', dane })), { kind: 'connect', tls: 'verified', grounds: 'floor' });
  assert.equal(planHop(host({ floor: 'authenticated', dane })).kind, 'barred');
  assert.equal(planHop(host({ sts: enforced, dane })).grounds, 'mta-sts');
});

test('a demand is met by its own proof only, and by nothing below TLS 1.2', () => {
  const facts: TlsFacts = { protocol: 'TLSv1.3', cipher: 'x', verified: true, proof: null, certificate: null };
  const dane = { kind: 'dane', records: [record], names: [] } as const;
  const pin = { kind: 'pin', spkiSha256: 'ab' } as const;
  assert.equal(meetsDemand(dane, facts), false, 'a certificate of the web’s authorities is no proof here');
  assert.equal(meetsDemand(dane, { ...facts, verified: false, proof: 'dane' }), true);
  assert.equal(meetsDemand(dane, { ...facts, proof: 'pin' }), false);
  assert.equal(meetsDemand(pin, { ...facts, proof: 'pin' }), true);
  assert.equal(meetsDemand(pin, { ...facts, proof: 'pin', protocol: 'TLSv1.1' }), false);
  assert.equal(meetsDemand('encrypted', { ...facts, verified: false }), true);
  assert.equal(meetsDemand('encrypted', { ...facts, protocol: 'TLSv1' }), false);
  assert.equal(meetsDemand('encrypted', null), false);
  assert.equal(rungOf('if-offered', 'floor', null), 'plain');
  assert.equal(rungOf('if-offered', 'floor', { ...facts, verified: false }), 'opportunistic');
  assert.equal(rungOf('if-offered', 'floor', facts), 'verified');
  assert.equal(rungOf('verified', 'mta-sts', facts), 'authenticated');
});

test('of several floors the strictest holds and is named', () => {
  const account = { level: 'verified', from: 'account' } as const;
  const rule = { level: 'authenticated', from: 'domain_rule' } as const;
  assert.deepEqual(strictestFloor(account, rule, { level: 'plain', from: 'acceptance' }), rule);
  assert.deepEqual(strictestFloor(account, { level: 'verified', from: 'message' }), account);
});

test('TLSA records for the web, of unknown kinds or with half a digest cannot be used', () => {
  assert.equal(isUsable(record), true);
  assert.equal(isUsable({ ...record, usage: 2, matchingType: 2, data: 'ab'.repeat(64) }), true);
  for (const wrong of [
    { usage: 0 },
    { usage: 1 },
    { usage: 255 },
    { selector: 2 },
    { matchingType: 3 },
    { data: 'ab' },
  ])
    assert.equal(isUsable({ ...record, ...wrong }), false, JSON.stringify(wrong));
});

test('the record of MTA-STS is one, of version 1, with an id', () => {
  assert.equal(readStsRecord(['v=spf1 -all', 'v=STSv1; id=20260101T1;']), '20260101T1');
  assert.equal(readStsRecord(['v=STSv1;id=a']), 'a');
  assert.equal(readStsRecord(['v=STSv1; id=a; later=x y;']), 'a');
  for (const texts of [[], ['v=STSv1; id=a', 'v=STSv1; id=b'], ['v=STSv1'], ['v=STSv1; id=a-b'], ['v=STSv2; id=a']])
    assert.equal(readStsRecord(texts), null, texts.join('|'));
});

test('a policy of MTA-STS is read as it is written, and refused when it is not whole', () => {
  const text =
    'version: STSv1\r\nmode: enforce\r\nmx: MX.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\nlater: x\r\n';
  assert.deepEqual(readStsPolicy(text), {
    mode: 'enforce',
    mx: ['mx.example.org', '*.example.net'],
    maxAgeSeconds: 604_800,
  });
  assert.equal(readStsPolicy(text.replaceAll('\r\n', '\n'))?.mode, 'enforce');
  assert.equal(readStsPolicy('version: STSv1\nmode: none\nmax_age: 86400\n')?.mode, 'none');
  assert.equal(readStsPolicy(text.replace('604800', '9999999999'))?.maxAgeSeconds, 31_557_600);
  for (const wrong of [
    '',
    '<html>',
    text.replace('STSv1', 'STSv2'),
    text.replace('enforce', 'strict'),
    text.replace('604800', 'x'),
  ])
    assert.equal(readStsPolicy(wrong), null, wrong);
  assert.equal(readStsPolicy('version: STSv1\nmode: enforce\nmax_age: 1\n'), null, 'no host at all');
});

test('an asterisk stands for one label', () => {
  const policy = { mx: ['mx.example.org', '*.example.net'] };
  for (const name of ['mx.example.org', 'MX.example.org.', 'a.example.net']) assert.ok(namesHost(policy, name), name);
  for (const name of ['example.net', 'a.b.example.net', 'x.mx.example.org', 'evilexample.net'])
    assert.ok(!namesHost(policy, name), name);
});

test('a release lowers the floor and nothing else, and never further than was said', () => {
  const demandOf = (facts: Partial<HopFacts>) => {
    const plan = planHop(host(facts));
    return plan.kind === 'connect' ? plan.tls : plan.why;
  };
  for (const floor of ['verified', 'authenticated'] as const) {
    assert.equal(demandOf({ floor, released: 'opportunistic' }), 'encrypted');
    assert.equal(demandOf({ floor, released: 'plain' }), 'if-offered');
    assert.equal(demandOf({ floor, released: 'plain', sts: enforced }), 'verified');
    assert.equal(
      demandOf({ floor, released: 'plain', sts: enforced, host: 'evil.example' }),
      'mta_sts.host_not_listed',
    );
    assert.equal(demandOf({ floor, released: 'plain', dane: { kind: 'bogus' } }), 'dane.bogus');
    assert.equal(demandOf({ floor, released: 'plain', dane: unusable }), 'encrypted');
    assert.equal(planHop(host({ floor, released: 'plain', dane: usable })).grounds, 'dane');
    assert.equal(planHop(host({ floor, released: 'plain', pin: 'ab' })).grounds, 'pin');
  }
  for (const floor of ['plain', 'opportunistic'] as const)
    assert.deepEqual(planHop(host({ floor, released: 'opportunistic' })), planHop(host({ floor })));
});
