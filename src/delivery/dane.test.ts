/** DANE for mail at its edges (RFC 7672, 7671, 6698): real DNS, real TLS, and not a byte of a message where it is not met. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TlsaData } from 'dns-packet';
import {
  newAuthority,
  newRsaCertificate,
  type TestAuthority,
  type TestCertificate,
} from '../../test/kit/certificates.ts';
import type { DnsServer, Zone } from '../../test/kit/dns-server.ts';
import type { SmtpSink } from '../../test/kit/smtp-sink.ts';
import { assertNothingLeft, stsPolicy, type TransportStage, transportStage } from '../../test/kit/transport-stage.ts';
import { openDane } from '../platform/dane.ts';

let stage: TransportStage;
let dns: DnsServer;
let authority: TestAuthority;
let good: TestCertificate;
let hosts = 0;

before(async () => {
  stage = await transportStage();
  ({ dns, authority, good } = stage);
});
after(() => stage.close());

const options = { dnsValidates: 'true', trusted: [] } as const;
const secure = true;

const derOf = ({ cert }: { readonly cert: string }): Buffer => new X509Certificate(cert).raw;
const spkiOf = ({ cert }: { readonly cert: string }): Buffer =>
  new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });

/** A record of `usage selector matching`, such as `3 1 1`, for a certificate. */
function tlsa(kind: string, of: { readonly cert: string }): TlsaData {
  const [usage = 0, selector = 0, matchingType = 0] = kind.split(' ').map(Number);
  const selected = selector === 0 ? derOf(of) : spkiOf(of);
  const digest = (name: string): Buffer => createHash(name).update(selected).digest();
  const certificate = matchingType === 0 ? selected : digest(matchingType === 1 ? 'sha256' : 'sha512');
  return { usage, selector, matchingType, certificate };
}

interface Site {
  readonly domain: string;
  readonly host: string;
}

/** A domain with a mail host of its own name, all of it signed unless told otherwise. */
function siteAt(port: number, records: Zone, zones: { domain?: Zone; host?: Zone } = {}): Site {
  hosts += 1;
  const host = `mx${hosts}.clinic.example`;
  const domain = stage.domainAt({ secure, mx: [{ preference: 1, exchange: host }], ...zones.domain });
  dns.tell(host, { a: ['127.0.0.1'], secure, ...zones.host });
  dns.tell(`_${port}._tcp.${host}`, { secure, ...records });
  return { domain, host };
}

const withChain = (leaf: TestCertificate): TestCertificate => ({ ...leaf, cert: `${leaf.cert}\n${authority.cert}` });
const certificateOfNext = (issuer: TestAuthority, how = {}): Promise<TestCertificate> =>
  issuer.issue(`mx${hosts + 1}.clinic.example`, how);

async function assertTaken(site: Site, target: SmtpSink, what: string): Promise<void> {
  const told = await stage.send(site.domain, target.port, { floor: 'authenticated', options });
  const [last] = told.evidence?.tries ?? [];
  assert.deepEqual([told.outcome, last?.grounds, last?.reached], ['delivered', 'dane', 'authenticated'], what);
}

async function assertRefused(site: Site, target: SmtpSink, why = 'dane.mismatch'): Promise<void> {
  assertNothingLeft(await stage.send(site.domain, target.port, { options }), target, why);
}

test('a record of the server’s own certificate or key fits whole or as a digest, and another’s does not', async () => {
  const other = await (await newAuthority()).issue('whatever.example');
  const mine = await newRsaCertificate('whatever.example');
  const target = await stage.sink({ tls: mine });
  for (const kind of ['3 0 0', '3 0 1', '3 0 2', '3 1 0', '3 1 1', '3 1 2']) {
    await assertTaken(siteAt(target.port, { tlsa: [tlsa(kind, mine)] }), target, kind);
    const strange = await stage.sink({ tls: mine });
    await assertRefused(siteAt(strange.port, { tlsa: [tlsa(kind, other)] }), strange);
  }
});

test('for a record of the server’s own key neither dates nor names count', async () => {
  const expired = await authority.issue('elsewhere.example', { notAfter: new Date(Date.now() - 60_000) });
  const target = await stage.sink({ tls: expired });
  await assertTaken(siteAt(target.port, { tlsa: [tlsa('3 1 1', expired)] }), target, 'expired, and for another name');
});

test('a record of an authority wants its chain, the host’s name and dates that hold', async () => {
  for (const kind of ['2 0 0', '2 0 1', '2 0 2', '2 1 0', '2 1 1', '2 1 2']) {
    const records = { tlsa: [tlsa(kind, authority)] };
    const target = await stage.sink({ tls: withChain(await certificateOfNext(authority)) });
    await assertTaken(siteAt(target.port, records), target, kind);
    const misnamed = await stage.sink({ tls: withChain(await authority.issue('other.clinic.example')) });
    await assertRefused(siteAt(misnamed.port, records), misnamed);
    const notAfter = new Date(Date.now() - 60_000);
    const expired = await stage.sink({ tls: withChain(await certificateOfNext(authority, { notAfter })) });
    await assertRefused(siteAt(expired.port, records), expired);
    const strange = await stage.sink({ tls: withChain(await certificateOfNext(await newAuthority())) });
    await assertRefused(siteAt(strange.port, records), strange);
  }
});

test('an authority that the server does not show is known by a record that gives it whole, and by no digest', async () => {
  for (const kind of ['2 0 0', '2 1 0']) {
    const target = await stage.sink({ tls: await certificateOfNext(authority) });
    await assertTaken(siteAt(target.port, { tlsa: [tlsa(kind, authority)] }), target, kind);
    const strange = await stage.sink({ tls: await certificateOfNext(await newAuthority()) });
    await assertRefused(siteAt(strange.port, { tlsa: [tlsa(kind, authority)] }), strange);
    const ofAnotherKind = await stage.sink({ tls: await newRsaCertificate(`mx${hosts + 1}.clinic.example`) });
    await assertRefused(siteAt(ofAnotherKind.port, { tlsa: [tlsa(kind, authority)] }), ofAnotherKind);
  }
  for (const kind of ['2 0 1', '2 1 1']) {
    const target = await stage.sink({ tls: await certificateOfNext(authority) });
    await assertRefused(siteAt(target.port, { tlsa: [tlsa(kind, authority)] }), target);
  }
});

test('a record of an authority is no record of the server’s own certificate, and the other way round', async () => {
  const own = await certificateOfNext(authority);
  const target = await stage.sink({ tls: withChain(own) });
  await assertRefused(siteAt(target.port, { tlsa: [tlsa('2 1 1', own)] }), target);
  const other = await stage.sink({ tls: withChain(await certificateOfNext(authority)) });
  await assertRefused(siteAt(other.port, { tlsa: [tlsa('3 1 1', authority)] }), other);
});

test('while keys change, either of two records fits; one that cannot be used beside them changes nothing', async () => {
  const old = await newRsaCertificate('whatever.example');
  const next = await newRsaCertificate('whatever.example');
  const records = { tlsa: [tlsa('1 1 1', good), tlsa('3 1 1', old), tlsa('3 1 1', next), tlsa('7 7 7', good)] };
  for (const tls of [old, next]) {
    const target = await stage.sink({ tls });
    await assertTaken(siteAt(target.port, records), target, 'the one or the other');
  }
  const third = await stage.sink({ tls: good });
  await assertRefused(siteAt(third.port, records), third);
});

test('records of which none can be used ask for encryption by anybody, and a higher floor for what it asks', async () => {
  const short = { ...tlsa('3 1 1', good), certificate: Buffer.from('abcd', 'hex') };
  const unusable: readonly (readonly [string, TlsaData])[] = [
    ['usage 0', tlsa('0 0 1', good)],
    ['usage 1', tlsa('1 1 1', good)],
    ['an unknown usage', tlsa('4 1 1', good)],
    ['an unknown selector', { ...tlsa('3 1 1', good), selector: 2 }],
    ['an unknown matching', { ...tlsa('3 1 1', good), matchingType: 3 }],
    ['half a digest', short],
    ['a certificate that is none', { ...short, selector: 0, matchingType: 0 }],
    ['a key that is none', { ...short, matchingType: 0 }],
  ];
  const anybody = await newRsaCertificate('whatever.example');
  for (const [name, record] of unusable) {
    const inClear = await stage.sink();
    await assertRefused(siteAt(inClear.port, { tlsa: [record] }), inClear, 'tls.not_offered');
    const target = await stage.sink({ tls: anybody });
    const { domain } = siteAt(target.port, { tlsa: [record] });
    const told = await stage.send(domain, target.port, { options });
    const [only] = told.evidence?.tries ?? [];
    assert.deepEqual([told.outcome, only?.dane, only?.demanded], ['delivered', 'unusable', 'encrypted'], name);
    const before = target.bodyBytes();
    const strict = await stage.send(domain, target.port, { floor: 'verified', options });
    assert.deepEqual([strict.why, target.bodyBytes()], ['tls.certificate', before], name);
  }
});

test('what the resolver cannot say bars the host: of its mail servers, its address, its records, at any code', async () => {
  const records = { tlsa: [tlsa('3 1 1', good)] };
  const cases: readonly (readonly [string, Zone, { domain?: Zone; host?: Zone }?])[] = [
    ['no answer about records', { silent: true }],
    ['SERVFAIL about records', { broken: true }],
    ['REFUSED about records', { rcode: 5 }],
    ['NOTIMP about records', { rcode: 4 }],
    ['SERVFAIL about IPv6 alone', records, { host: { a: [], brokenTypes: ['AAAA'] } }],
  ];
  for (const [name, zone, zones] of cases) {
    const target = await stage.sink({ tls: good });
    const told = await stage.send(siteAt(target.port, zone, zones).domain, target.port, { floor: 'plain', options });
    assertNothingLeft(told, target, 'dane.bogus');
    assert.equal(target.connectionCount(), 0, name);
  }
});

test('no name and no record are the same: there is none', async () => {
  const target = await stage.sink();
  for (const zone of [{ tlsa: [] }, { rcode: 3 }]) {
    const told = await stage.send(siteAt(target.port, zone).domain, target.port, { options });
    assert.deepEqual([told.outcome, told.evidence?.tries[0]?.dane], ['delivered', 'none']);
  }
});

test('an unsigned answer anywhere on the way leaves DANE out of it', async () => {
  const records = { tlsa: [tlsa('3 1 1', await newRsaCertificate('whatever.example'))] };
  const target = await stage.sink({ tls: good });
  const cases: readonly (readonly [string, Zone, { domain?: Zone; host?: Zone }])[] = [
    ['mail servers', records, { domain: { secure: false } }],
    ['the address', records, { host: { secure: false } }],
    ['the records', { ...records, secure: false }, {}],
  ];
  for (const [name, zone, zones] of cases) {
    const told = await stage.send(siteAt(target.port, zone, zones).domain, target.port, { options });
    assert.deepEqual([told.outcome, told.evidence?.tries[0]?.dane], ['delivered', 'none'], name);
  }
});

test('a host that the signed answer does not name gets nothing: its name came from an older answer, or a false one', async () => {
  const site = siteAt(25, { tlsa: [] });
  const dane = openDane({ servers: [dns.address], timeoutMs: 500 });
  assert.deepEqual(await dane.ofMailHost(site.domain, 'evil.example', 25), { kind: 'bogus' });
  assert.deepEqual(await dane.ofMailHost(site.domain, site.host, 25), { kind: 'none' });
  const unsigned = siteAt(25, { tlsa: [] }, { domain: { secure: false } });
  assert.deepEqual(await dane.ofMailHost(unsigned.domain, 'other.example', 25), { kind: 'none' });
});

test('an answer that does not fit is asked for over TCP, whether it breaks off or brings nothing', async () => {
  const mine = await newRsaCertificate('whatever.example');
  const target = await stage.sink({ tls: mine });
  for (const cut of ['empty', 'within'] as const) {
    const site = siteAt(target.port, { cut, tlsa: [tlsa('3 0 0', mine), tlsa('3 1 1', mine)] });
    await assertTaken(site, target, cut);
    const strange = await stage.sink({ tls: good });
    await assertRefused(siteAt(strange.port, { cut, tlsa: [tlsa('3 0 0', mine)] }), strange);
  }
});

test('one lost packet keeps no mail back', async () => {
  const mine = await newRsaCertificate('whatever.example');
  const target = await stage.sink({ tls: mine });
  await assertTaken(siteAt(target.port, { losesFirst: 1, tlsa: [tlsa('3 1 1', mine)] }), target, 'asked once more');
});

test('records behind an alias count: of the records’ own name, and of the host’s, at its end before at itself', async () => {
  const mine = await newRsaCertificate('whatever.example');
  const other = await newRsaCertificate('whatever.example');
  const target = await stage.sink({ tls: mine });
  const port = target.port;
  dns.tell('tlsa.clinic.example', { secure, tlsa: [tlsa('3 1 1', mine)] });
  await assertTaken(siteAt(port, { cname: 'tlsa.clinic.example' }), target, 'an alias of the records');

  const behind = { a: ['127.0.0.1'], secure };
  dns.tell('real.clinic.example', behind);
  dns.tell(`_${port}._tcp.real.clinic.example`, { secure, tlsa: [tlsa('3 1 1', mine)] });
  const alias = { host: { cname: 'real.clinic.example' } };
  await assertTaken(siteAt(port, { tlsa: [tlsa('3 1 1', other)] }, alias), target, 'at the end of the alias');

  dns.tell('bare.clinic.example', behind);
  dns.tell(`_${port}._tcp.bare.clinic.example`, { secure });
  const bare = { host: { cname: 'bare.clinic.example' } };
  await assertTaken(
    siteAt(port, { tlsa: [tlsa('3 1 1', mine)] }, bare),
    target,
    'at the name itself, where none is at the end',
  );

  dns.tell('unsigned.clinic.example', { a: ['127.0.0.1'] });
  dns.tell(`_${port}._tcp.unsigned.clinic.example`, { secure, tlsa: [tlsa('3 1 1', other)] });
  const unsigned = { host: { cname: 'unsigned.clinic.example' } };
  await assertTaken(
    siteAt(port, { tlsa: [tlsa('3 1 1', mine)] }, unsigned),
    target,
    'at the signed name of an unsigned host',
  );

  dns.tell('broken.clinic.example', behind);
  dns.tell(`_${port}._tcp.broken.clinic.example`, { broken: true });
  const strange = await stage.sink({ tls: mine });
  dns.tell(`_${strange.port}._tcp.broken.clinic.example`, { broken: true });
  const broken = { host: { cname: 'broken.clinic.example' } };
  await assertRefused(siteAt(strange.port, { tlsa: [tlsa('3 1 1', mine)] }, broken), strange, 'dane.bogus');
});

test('an authority’s certificate may be for the name at the end of an alias', async () => {
  const leaf = await authority.issue('end.clinic.example');
  const target = await stage.sink({ tls: withChain(leaf) });
  dns.tell('end.clinic.example', { a: ['127.0.0.1'], secure });
  dns.tell(`_${target.port}._tcp.end.clinic.example`, { secure, tlsa: [tlsa('2 0 1', authority)] });
  await assertTaken(siteAt(target.port, {}, { host: { cname: 'end.clinic.example' } }), target, 'the end');
});

test('a domain without MX records that is signed is held to the records of its own name', async () => {
  const mine = await newRsaCertificate('whatever.example');
  const target = await stage.sink({ tls: mine });
  const domain = stage.domainAt({ mx: [], a: ['127.0.0.1'], secure });
  dns.tell(`_${target.port}._tcp.${domain}`, { secure, tlsa: [tlsa('3 1 1', mine)] });
  await assertTaken({ domain, host: domain }, target, 'the domain’s own host');
});

test('of two hosts the second gets the mail where DANE bars the first, and only by its own records', async () => {
  const mine = await newRsaCertificate('whatever.example');
  const target = await stage.sink({ tls: mine });
  const first = siteAt(target.port, { broken: true });
  const second = siteAt(target.port, { tlsa: [tlsa('3 1 1', mine)] });
  const mx = [
    { preference: 1, exchange: first.host },
    { preference: 2, exchange: second.host },
  ];
  const told = await stage.send(stage.domainAt({ secure, mx }), target.port, { options });
  assert.equal(told.outcome, 'delivered');
  assert.deepEqual(
    told.evidence?.tries.map(({ host, dane, why }) => [host, dane, why]),
    [
      [first.host, 'bogus', 'dane.bogus'],
      [second.host, 'usable', null],
    ],
  );
});

test('a certificate that lists no names is valid for none, under a policy of MTA-STS and for its web server', async () => {
  const host = await stage.policyHost();
  const how = { options: { mtaStsPort: host.port } };
  const unlisted = await stage.sink({ tls: await authority.issue('mx.clinic.example', { isUnlisted: true }) });
  const domain = stage.domainAt();
  dns.tell(`_mta-sts.${domain}`, { txt: ['v=STSv1; id=1;'] });
  await host.tell(domain, stsPolicy('enforce'));
  assertNothingLeft(await stage.send(domain, unlisted.port, how), unlisted, 'tls.certificate');
  assertNothingLeft(
    await stage.send(stage.domainAt(), unlisted.port, { floor: 'verified' }),
    unlisted,
    'tls.certificate',
  );

  const inClear = await stage.sink();
  const other = stage.domainAt();
  dns.tell(`_mta-sts.${other}`, { txt: ['v=STSv1; id=1;'] });
  const certificate = await authority.issue(`mta-sts.${other}`, { isUnlisted: true });
  await host.tell(other, { text: stsPolicy('enforce'), certificate });
  const told = await stage.send(other, inClear.port, how);
  assert.deepEqual([told.outcome, told.evidence?.mtaSts.fault], ['delivered', 'sts-webpki-invalid']);
});
