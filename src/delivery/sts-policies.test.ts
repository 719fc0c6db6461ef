/** How policies of MTA-STS are kept and kept fresh (RFC 8461 §3.3, §5.1), with real web servers, DNS and database. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newAuthority } from '../../test/kit/certificates.ts';
import { type PolicyHost, stsPolicy, type TransportStage, transportStage } from '../../test/kit/transport-stage.ts';
import type { StsState } from '../core/delivery/mta-sts.ts';
import { openDns } from '../platform/dns.ts';
import { openStsPolicies, type StsPolicies } from './sts-policies.ts';

let stage: TransportStage;
let host: PolicyHost;
let fetched = 0;

before(async () => {
  stage = await transportStage();
  host = await stage.policyHost();
});
after(() => stage.close());

/** As a process that has just begun: it remembers nothing of its own. */
function fresh(): StsPolicies {
  const { world, dns, authority } = stage;
  const asked = openDns({ servers: [dns.address], timeoutMs: 300, tries: 1 });
  const addresses = (name: string): Promise<readonly string[]> => {
    fetched += 1;
    return asked.addresses(name);
  };
  return openStsPolicies(world, { ...asked, addresses }, { port: host.port, trusted: [authority.cert] });
}

const hourMs = 3_600_000;
const never = new AbortController().signal;
const record = (domain: string, id: string): void =>
  stage.dns.tell(`_mta-sts.${domain}`, { txt: [`v=STSv1; id=${id};`] });
const modeOf = (state: StsState): string => (state.kind === 'policy' ? state.policy.mode : state.kind);

async function refreshAll(): Promise<void> {
  const policies = fresh();
  while (await policies.refreshDue(never));
}

async function keptOf(mode = 'enforce', maxAgeSeconds = 604_800): Promise<string> {
  const domain = stage.domainAt();
  record(domain, '1');
  await host.tell(domain, stsPolicy(mode, 'mx.clinic.example', maxAgeSeconds));
  assert.equal(modeOf(await fresh().stateOf(domain)), mode);
  return domain;
}

test('a policy is fetched once, and other processes read what is kept', async () => {
  const domain = await keptOf();
  const before = fetched;
  for (let process = 0; process < 3; process += 1) assert.equal(modeOf(await fresh().stateOf(domain)), 'enforce');
  const policies = fresh();
  await Promise.all(Array.from({ length: 20 }, () => policies.stateOf(domain)));
  assert.equal(fetched, before);
});

test('a policy that was tested is enforced as soon as its id changes, and one that is withdrawn binds nobody', async () => {
  const domain = await keptOf('testing');
  await host.tell(domain, stsPolicy('enforce'));
  assert.equal(modeOf(await fresh().stateOf(domain)), 'testing', 'the same id: the same policy');
  record(domain, '2');
  assert.equal(modeOf(await fresh().stateOf(domain)), 'enforce');
  await host.tell(domain, stsPolicy('none'));
  record(domain, '3');
  assert.equal(modeOf(await fresh().stateOf(domain)), 'none');
});

test('without mail and without a new id a kept policy is fetched about daily, and so lives on and changes', async () => {
  const domain = await keptOf('enforce', 2 * 86_400);
  for (let day = 0; day < 5; day += 1) {
    stage.world.clock.advance(24 * hourMs);
    await refreshAll();
    assert.equal(modeOf(await fresh().stateOf(domain)), 'enforce', `day ${day}`);
  }
  await host.tell(domain, stsPolicy('testing', 'mx.clinic.example', 2 * 86_400));
  stage.world.clock.advance(24 * hourMs);
  await refreshAll();
  assert.equal(modeOf(await fresh().stateOf(domain)), 'testing');
});

test('a web server or a DNS that fails, or shows a false policy, weakens nothing until the kept policy ends', async () => {
  const domain = await keptOf('enforce', 10 * 86_400);
  const stranger = await newAuthority();
  const certificate = await stranger.issue(`mta-sts.${domain}`);
  const failures: readonly (readonly [string, () => Promise<void> | void])[] = [
    ['no file', () => host.tell(domain, null)],
    ['an error', () => host.tell(domain, { text: stsPolicy('none'), status: 503 })],
    ['a redirect', () => host.tell(domain, { text: stsPolicy('none'), status: 301 })],
    ['a web page', () => host.tell(domain, { text: stsPolicy('none'), type: 'text/html' })],
    ['no policy', () => host.tell(domain, 'version: STSv1\n')],
    ['a false certificate', () => host.tell(domain, { text: stsPolicy('none'), certificate })],
    ['a DNS that fails', () => stage.dns.tell(`_mta-sts.${domain}`, { broken: true })],
    ['a record that is gone', () => stage.dns.tell(`_mta-sts.${domain}`, {})],
    ['two records', () => stage.dns.tell(`_mta-sts.${domain}`, { txt: ['v=STSv1; id=8;', 'v=STSv1; id=9;'] })],
  ];
  for (const [name, fail] of failures) {
    record(domain, `new${failures.findIndex(([one]) => one === name)}`);
    await fail();
    stage.world.clock.advance(24 * hourMs);
    await refreshAll();
    assert.equal(modeOf(await fresh().stateOf(domain)), 'enforce', name);
  }
  stage.world.clock.advance(2 * 24 * hourMs);
  stage.dns.tell(`_mta-sts.${domain}`, {});
  assert.equal(modeOf(await fresh().stateOf(domain)), 'none', 'its time is over');
});

test('a policy of a moment ends after it, and one without any time binds only while it is looked at', async () => {
  const short = await keptOf('enforce', 60);
  await host.tell(short, null);
  stage.world.clock.advance(61_000);
  assert.equal(modeOf(await fresh().stateOf(short)), 'unknown');
  const momentary = await keptOf('enforce', 0);
  await host.tell(momentary, null);
  stage.world.clock.advance(1_000);
  assert.equal(modeOf(await fresh().stateOf(momentary)), 'unknown');
});

test('of several addresses of the web server one that answers is enough', async () => {
  const domain = stage.domainAt();
  record(domain, '1');
  await host.tell(domain, stsPolicy('enforce'));
  stage.dns.tell(`mta-sts.${domain}`, { a: ['127.0.0.9', '127.0.0.1'] });
  assert.equal(modeOf(await fresh().stateOf(domain)), 'enforce');
});

test('a file without an end is given up at 64 KiB', async () => {
  const domain = stage.domainAt();
  record(domain, '1');
  await host.tell(domain, stsPolicy('enforce') + 'x: y\r\n'.repeat(2_000_000));
  const state = await fresh().stateOf(domain);
  assert.deepEqual(state, { kind: 'unknown', fault: 'sts-policy-invalid' });
});
