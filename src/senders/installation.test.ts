import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, startApi, type TestApi } from '../../test/kit/api.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes, type NewAccount } from '../accounts/index.ts';
import { addSender, checkSender, type SenderCheck, verifySender } from '../contract/senders.ts';
import { changeOutboundSettings } from '../contract/settings.ts';
import { senderRoutes } from './index.ts';
import type { SendersOptions } from './own-addresses.ts';

const ourAddress = '198.51.100.7';
const bounces = 'bounces.clinic.example';
const usual = {
  ...{ sendingAddresses: [ourAddress], hostname: 'mail.clinic.example', hasSmarthost: false },
  ...{ bounceDomain: bounces, trackingUrl: 'https://t.clinic.example' },
};
let world: TestWorld;
let dns: DnsServer;
const apis: TestApi[] = [];

before(async () => {
  world = await testWorld();
  dns = await startDnsServer({});
});
after(async () => {
  for (const api of apis) await api.close();
  await dns?.close();
  await world?.close();
});

interface Place {
  readonly api: TestApi;
  readonly account: NewAccount;
}

/** An installation with these settings, and a domain of its account. */
async function placeWith(domain: string, more: Partial<SendersOptions> = {}): Promise<Place> {
  const account = await createTestAccount(world);
  const own = { ...world, metrics: new Registry() };
  const api = await startApi(own, (gate) => [
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
    ...senderRoutes(world, { ...usual, dnsServers: [dns.address], ...more }),
  ]);
  apis.push(api);
  await ask(api, addSender, account.apiKey, { body: { domain } });
  return { api, account };
}

const look = ({ api, account }: Place, domain: string) =>
  ask(api, verifySender, account.apiKey, { params: { domain } });
const check = ({ api, account }: Place, domain: string): Promise<SenderCheck> =>
  ask(api, checkSender, account.apiKey, { params: { domain } });

async function publishAll(place: Place, domain: string): Promise<void> {
  const { records } = await look(place, domain);
  for (const { type, name, value } of records) if (type === 'TXT') dns.tell(name, { txt: [value] });
  await look(place, domain);
}

const ofInstallation = ['bounce-mx', 'bounce-spf', 'tracking-host'];

async function shown(place: Place, domain: string) {
  const { records } = await look(place, domain);
  return records
    .filter(({ purpose }) => ofInstallation.includes(purpose))
    .map(({ purpose, name, type, value, state, seen, problems }) => ({
      ...{ purpose, state, seen, said: problems.join(' ') },
      record: `${name} ${type} ${value}`,
    }));
}

test('the names of the installation are shown with what to publish, until it is right', async () => {
  const domain = 'names.example';
  const place = await placeWith(domain);
  const missing = await shown(place, domain);
  assert.deepEqual(
    missing.map(({ record, state }) => [record, state]),
    [
      [`${bounces} MX 10 mail.clinic.example`, 'missing'],
      [`${bounces} TXT v=spf1 ip4:${ourAddress} ~all`, 'missing'],
      ['t.clinic.example CNAME mail.clinic.example', 'missing'],
    ],
  );
  assert.match(missing[0]?.said ?? '', /nothing that comes back arrives/);
  assert.match(missing[2]?.said ?? '', /links in mail lead nowhere/);
  const mx = (exchange: string) => [{ preference: 10, exchange }];
  dns.tell(bounces, { mx: mx('mx.elsewhere.example'), txt: ['v=spf1 -all'] });
  dns.tell('t.clinic.example', { a: ['10.0.0.7'] });
  const wrong = await shown(place, domain);
  assert.deepEqual(
    wrong.map(({ state }) => state),
    ['wrong', 'wrong', 'wrong'],
  );
  assert.match(wrong[0]?.said ?? '', /goes to mx\.elsewhere\.example, which is not this server/);
  assert.match(wrong[1]?.said ?? '', /does not allow 198\.51\.100\.7/);
  assert.match(wrong[2]?.said ?? '', /10\.0\.0\.7, which nobody outside reaches/);
  dns.tell(bounces, { mx: mx('Mail.Clinic.Example'), txt: ['unrelated', `v=spf1 ip4:${ourAddress} -all`] });
  dns.tell('t.clinic.example', { aaaa: ['2620:fe::fe'] });
  const right = await shown(place, domain);
  assert.deepEqual(
    right.map(({ state, said }) => [state, said]),
    ['right', 'right', 'right'].map((state) => [state, '']),
  );
  assert.deepEqual(right[2]?.seen, ['2620:fe::fe']);
});

test('a mail host of another name is this server where both have an address; a domain may say that it takes no mail', async () => {
  const domain = 'hosts.example';
  const place = await placeWith(domain);
  const mxState = async (exchange: string) => {
    dns.tell(bounces, { mx: [{ preference: 0, exchange }] });
    return (await shown(place, domain))[0];
  };
  dns.tell('mail.clinic.example', { a: [ourAddress] });
  dns.tell('mx.clinic.example', { a: [ourAddress] });
  assert.equal((await mxState('mx.clinic.example'))?.state, 'right');
  dns.tell('mx.clinic.example', { broken: true });
  assert.equal((await mxState('mx.clinic.example'))?.state, 'unknown');
  assert.match((await mxState('.'))?.said ?? '', /takes no mail at all/);
  dns.tell(bounces, { broken: true });
  const unanswered = await shown(place, domain);
  assert.deepEqual(
    unanswered.slice(0, 2).map(({ state }) => state),
    ['unknown', 'unknown'],
  );
});

test('names that are not set, not known, or no names are not asked for', async () => {
  const without = await placeWith('without.example', { bounceDomain: undefined, trackingUrl: undefined });
  assert.deepEqual(await shown(without, 'without.example'), []);
  const byAddress = await placeWith('address.example', {
    bounceDomain: undefined,
    trackingUrl: 'http://192.0.2.7:8080',
  });
  assert.deepEqual(await shown(byAddress, 'address.example'), []);
  dns.tell('same.example', { mx: [{ preference: 10, exchange: 'mx.same.example' }] });
  const options = { hostname: 'localhost', bounceDomain: 'same.example', trackingUrl: 'https://t.same.example' };
  const [mx, host, ...more] = await shown(await placeWith('same.example', options), 'same.example');
  assert.equal(more.length, 0, 'the domain’s own SPF record is the return address’s');
  assert.equal(mx?.state, 'unknown');
  assert.match(mx?.said ?? '', /set WAXWING_HOSTNAME/);
  assert.equal(host?.record, `t.same.example A ${ourAddress}`);
});

test('SPF is judged for the return address, and counts only for domains of its organisation', async () => {
  dns.tell('return.near.example', { txt: [`v=spf1 ip4:${ourAddress} -all`] });
  const near = await placeWith('near.example', { bounceDomain: 'return.near.example' });
  await publishAll(near, 'near.example');
  dns.tell('near.example', { txt: ['v=spf1 -all'] });
  const aligned = await check(near, 'near.example');
  assert.deepEqual([aligned.spf.aligned, aligned.dmarc.why], [true, 'It passes by DKIM and SPF.']);
  const far = await placeWith('far.example', { bounceDomain: 'return.near.example' });
  await publishAll(far, 'far.example');
  dns.tell('return.near.example', { txt: [`v=spf1 ip4:${ourAddress} -all`] });
  const apart = await check(far, 'far.example');
  assert.deepEqual([apart.spf.aligned, apart.dmarc.why], [false, 'It passes by DKIM.']);
  assert.match(apart.spf.why, /does not count for far\.example/);
  assert.equal(apart.bulk[0]?.rules.find(({ rule }) => rule === 'SPF passes')?.ok, true);
  dns.tell('_dmarc.near.example', { txt: ['v=DMARC1; p=none; aspf=s'] });
  assert.equal((await check(near, 'near.example')).spf.aligned, false, 'strict');
});

test('one-click unsubscribe is met where it is added, leads to https and is signed, and else the check says what lacks', async () => {
  const domain = 'oneclick.example';
  const rule = async (place: Place) =>
    (await check(place, domain)).bulk[0]?.rules.find((one) => one.rule === 'One-click unsubscribe');
  const good = await placeWith(domain);
  assert.match((await rule(good))?.why ?? '', /no key of the domain signs yet/);
  await publishAll(good, domain);
  assert.equal((await rule(good))?.ok, true);
  await ask(good.api, changeOutboundSettings, good.account.apiKey, { body: { oneClickUnsubscribe: false } });
  const off = await rule(good);
  assert.deepEqual([off?.ok, /switched off in the settings/.test(off?.why ?? '')], [false, true]);
  const plain = await rule(await placeWith(domain, { trackingUrl: 'http://t.clinic.example' }));
  assert.deepEqual([plain?.ok, /RFC 8058 asks for https/.test(plain?.why ?? '')], [false, true]);
  const local = await rule(await placeWith(domain, { trackingUrl: undefined }));
  assert.deepEqual([local?.ok, /set WAXWING_TRACKING_URL/.test(local?.why ?? '')], [false, true]);
});
