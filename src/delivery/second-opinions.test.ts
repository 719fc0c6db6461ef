/** What Postfix with postfix-mta-sts-resolver makes of the same policies, records and servers, beside what we make of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newAuthority, newRsaCertificate, type TestCertificate } from '../../test/kit/certificates.ts';
import { postfixWouldSend, type StsDaemon, startStsDaemon, whatIsMissing } from '../../test/kit/mta-sts-daemon.ts';
import type { SmtpSink } from '../../test/kit/smtp-sink.ts';
import {
  type PolicyAnswer,
  type PolicyHost,
  stsPolicy as policy,
  type TransportStage,
  transportStage,
} from '../../test/kit/transport-stage.ts';

const missing = whatIsMissing();
const skip = missing !== false && process.env.CI !== 'true' ? missing : false;
let stage: TransportStage;
let host: PolicyHost;
let daemon: StsDaemon;
const sinks: Record<string, SmtpSink> = {};

before(async () => {
  if (skip !== false) return;
  assert.equal(missing, false);
  stage = await transportStage();
  host = await stage.policyHost();
  daemon = await startStsDaemon({ dnsPort: stage.dns.port, webPort: host.port, trusted: stage.authority.cert });
  const { authority, good } = stage;
  const stranger = await newAuthority();
  const shown: Record<string, TestCertificate | undefined> = {
    ...{ valid: good, inClear: undefined },
    wrongName: await authority.issue('other.elsewhere.example'),
    sibling: await authority.issue('sibling.clinic.example'),
    expired: await authority.issue('mx.clinic.example', { notAfter: new Date(Date.now() - 60_000) }),
    stranger: await stranger.issue('mx.clinic.example'),
    selfSigned: await newRsaCertificate('mx.clinic.example'),
  };
  for (const [name, tls] of Object.entries(shown)) sinks[name] = await stage.sink(tls === undefined ? {} : { tls });
});
after(async () => {
  await daemon?.close();
  await stage?.close();
});

interface Situation {
  readonly records?: readonly string[];
  readonly answer?: string | PolicyAnswer | null;
  /** Which server the mail host shows; `valid` unless told. */
  readonly shows?: string;
  readonly exchange?: string;
}

interface Opinion {
  /** The policy binds the sender. */
  readonly binds: boolean;
  readonly sends: boolean;
}

let situations = 0;

async function opinions(situation: Situation): Promise<{ ours: Opinion; theirs: Opinion; left: number }> {
  situations += 1;
  const { records = [`v=STSv1; id=${situations};`], answer = policy('enforce'), shows = 'valid' } = situation;
  const exchange = situation.exchange ?? 'mx.clinic.example';
  const domain = stage.domainAt({ mx: [{ preference: 1, exchange }] });
  stage.dns.tell(exchange, { a: ['127.0.0.1'] });
  stage.dns.tell(`_mta-sts.${domain}`, { txt: records });
  await host.tell(domain, answer);
  const target = sinks[shows];
  assert.ok(target !== undefined);
  const before = target.bodyBytes();
  const told = await stage.send(domain, target.port, { options: { mtaStsPort: host.port } });
  const left = target.bodyBytes() - before;
  const said = await daemon.ask(domain);
  return {
    ours: { binds: told.evidence?.mtaSts.state === 'enforced', sends: told.outcome === 'delivered' },
    theirs: {
      binds: said.startsWith('OK secure'),
      sends: await postfixWouldSend(said, target.port, stage.authority.cert),
    },
    left,
  };
}

const binding = (sends: boolean): Opinion => ({ binds: true, sends });
const free: Opinion = { binds: false, sends: true };
const text = (body: string): PolicyAnswer => ({ text: body });

const agreed: readonly (readonly [string, Situation, Opinion])[] = [
  ['a policy that names the host', {}, binding(true)],
  ['a pattern that fits', { answer: policy('enforce', '*.clinic.example') }, binding(true)],
  ['a name in capitals', { answer: policy('enforce', 'MX.Clinic.Example') }, binding(true)],
  ['one of two names', { answer: policy('enforce', 'a.example\r\nmx: mx.clinic.example') }, binding(true)],
  ['lines that end with LF alone', { answer: policy('enforce').replaceAll('\r\n', '\n') }, binding(true)],
  ['fields that nobody knows', { answer: `${policy('enforce')}later: x\r\n` }, binding(true)],
  ['fields in another order', { answer: policy('enforce').split('\r\n').reverse().join('\r\n') }, binding(true)],
  ['a record with a further field', { records: ['v=STSv1; id=1; later=x;'] }, binding(true)],
  ['a record beside others', { records: ['v=spf1 -all', 'v=STSv1; id=1'] }, binding(true)],
  [
    'another host than the policy names',
    { answer: policy('enforce', 'a.example'), shows: 'wrongName' },
    binding(false),
  ],
  ['no TLS', { shows: 'inClear' }, binding(false)],
  ['an expired certificate', { shows: 'expired' }, binding(false)],
  ['a certificate for another name', { shows: 'wrongName' }, binding(false)],
  ['a certificate by an authority that nobody knows', { shows: 'stranger' }, binding(false)],
  ['a certificate that signs for itself', { shows: 'selfSigned' }, binding(false)],
  ['a policy that is tested', { answer: policy('testing'), shows: 'inClear' }, free],
  ['a policy that is withdrawn', { answer: policy('none'), shows: 'inClear' }, free],
  [
    'a withdrawn policy without hosts',
    { answer: 'version: STSv1\nmode: none\nmax_age: 86400\n', shows: 'inClear' },
    free,
  ],
  ['no record', { records: [], shows: 'inClear' }, free],
  ['two records', { records: ['v=STSv1; id=1;', 'v=STSv1; id=2;'], shows: 'inClear' }, free],
  ['a record without an id', { records: ['v=STSv1;'], shows: 'inClear' }, free],
  ['a record of a later version', { records: ['v=STSv2; id=1;'], shows: 'inClear' }, free],
  ['a record that begins with its id', { records: ['id=1; v=STSv1;'], shows: 'inClear' }, free],
  ['no policy', { answer: null, shows: 'inClear' }, free],
  ['a policy somewhere else', { answer: { ...text(policy('enforce')), status: 302 }, shows: 'inClear' }, free],
  ['a policy with an error', { answer: { ...text(policy('enforce')), status: 500 }, shows: 'inClear' }, free],
  ['a policy as a web page', { answer: { ...text(policy('enforce')), type: 'text/html' }, shows: 'inClear' }, free],
  ['a policy of 65 kB', { answer: policy('enforce') + 'x: y\r\n'.repeat(11_000), shows: 'inClear' }, free],
  ['a policy of a later version', { answer: policy('enforce').replace('STSv1', 'STSv2'), shows: 'inClear' }, free],
  ['an unknown mode', { answer: policy('strict'), shows: 'inClear' }, free],
  ['no mode', { answer: policy('enforce').replace(/mode.*\r\n/, ''), shows: 'inClear' }, free],
  ['no host', { answer: policy('enforce').replace(/mx.*\r\n/, ''), shows: 'inClear' }, free],
  ['no time', { answer: policy('enforce').replace(/max_age.*\r\n/, ''), shows: 'inClear' }, free],
  ['a time that is no number', { answer: policy('enforce').replace('86400', 'a day'), shows: 'inClear' }, free],
  ['nothing', { answer: '', shows: 'inClear' }, free],
];

test('Postfix and we bind ourselves by the same policies and send to the same servers', { skip }, async (t) => {
  for (const [name, situation, expected] of agreed) {
    const { ours, theirs, left } = await opinions(situation);
    assert.deepEqual({ name, ours, theirs }, { name, ours: expected, theirs: expected });
    assert.equal(left > 0, expected.sends, `${name}: bytes of the message`);
  }
  t.diagnostic(`${agreed.length} situations, the same opinion of all`);
});

test('a web server whose certificate is not valid hands nobody a policy', { skip }, async () => {
  const { authority } = stage;
  const certificates: Record<string, (name: string) => Promise<TestCertificate>> = {
    expired: (name) => authority.issue(name, { notAfter: new Date(Date.now() - 60_000) }),
    'of another name': () => authority.issue('mta-sts.elsewhere.example'),
    'of an unknown authority': async (name) => (await newAuthority()).issue(name),
    'signed by itself': (name) => newRsaCertificate(name),
  };
  for (const [name, issue] of Object.entries(certificates)) {
    const certificate = await issue(`mta-sts.d${situations + 1}.example`);
    const { ours, theirs } = await opinions({ answer: { text: policy('enforce'), certificate }, shows: 'inClear' });
    assert.deepEqual({ name, ours, theirs }, { name, ours: free, theirs: free });
  }
});

const different: readonly (readonly [string, Situation, Opinion, Opinion])[] = [
  [
    'RFC 8461 §3.1: an id is of letters and digits; the daemon takes any, we take the record for none',
    { records: ['v=STSv1; id=2026-11-22;'], shows: 'inClear' },
    free,
    binding(false),
  ],
  [
    'RFC 8461 §3.1: records that do not begin with v=STSv1; are discarded; the daemon counts v=STSv10 among them',
    { records: ['v=STSv1; id=1;', 'v=STSv10; id=1;'], shows: 'inClear' },
    binding(false),
    free,
  ],
  [
    'RFC 8461 §4.1: the MX must be named by the policy, whatever the certificate says; Postfix looks at the certificate alone',
    { answer: policy('enforce', 'mx.clinic.example'), exchange: 'unlisted.elsewhere.example' },
    binding(false),
    binding(true),
  ],
  [
    'RFC 8461 §4.2: the certificate must be for the MX’s own name, not for another that the pattern fits',
    { answer: policy('enforce', '*.clinic.example'), shows: 'sibling' },
    binding(false),
    binding(true),
  ],
  [
    'RFC 8461 §3.2: each line is a field; the daemon passes over what is none, we take the file for no policy',
    { answer: `<html>\r\n${policy('enforce')}`, shows: 'inClear' },
    free,
    binding(false),
  ],
  [
    'RFC 8461 §3.2: a longer time than a year is of the right form; we hold it to a year, the daemon has no policy',
    { answer: policy('enforce', 'mx.clinic.example', 31_557_601), shows: 'inClear' },
    binding(false),
    free,
  ],
  [
    'RFC 8461 §3.2: of a field that stands twice the first holds; the daemon takes the last',
    { answer: `${policy('enforce')}mode: testing\r\n`, shows: 'inClear' },
    binding(false),
    free,
  ],
];

test('where Postfix and we differ, the RFC says why', { skip }, async () => {
  for (const [why, situation, we, they] of different) {
    const { ours, theirs } = await opinions(situation);
    assert.deepEqual({ why, ours, theirs }, { why, ours: we, theirs: they });
  }
});

test('a policy that was had once binds Postfix and us after its record and its server are gone', { skip }, async () => {
  const target = sinks.inClear;
  assert.ok(target !== undefined);
  const domain = stage.domainAt();
  const options = { mtaStsPort: host.port };
  stage.dns.tell(`_mta-sts.${domain}`, { txt: ['v=STSv1; id=1;'] });
  await host.tell(domain, policy('enforce'));
  assert.equal((await stage.send(domain, target.port, { options })).why, 'tls.not_offered');
  assert.match(await daemon.ask(domain), /^OK secure match=mx\.clinic\.example/);
  stage.dns.tell(`_mta-sts.${domain}`, {});
  await host.tell(domain, null);
  assert.equal((await stage.send(domain, target.port, { options })).why, 'tls.not_offered');
  assert.match(await daemon.ask(domain), /^OK secure match=mx\.clinic\.example/);
  stage.dns.tell(`_mta-sts.${domain}`, { txt: ['v=STSv1; id=2;'] });
  await host.tell(domain, policy('none'));
  assert.equal((await stage.send(domain, target.port, { options })).outcome, 'delivered');
  assert.equal(await daemon.ask(domain), 'NOTFOUND ');
});
