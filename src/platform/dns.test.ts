import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { type Dns, openDns } from './dns.ts';

let server: DnsServer;
let dns: Dns;

before(async () => {
  server = await startDnsServer({
    'many.example': {
      mx: [
        { preference: 20, exchange: 'second.example' },
        { preference: 10, exchange: 'First.Example' },
      ],
    },
    'null.example': { mx: [{ preference: 0, exchange: '.' }] },
    'implicit.example': { a: ['192.0.2.7'] },
    'nothing.example': {},
    'broken.example': { broken: true },
    'halfway.example': { brokenTypes: ['A'] },
    'one-family.example': { aaaa: ['2001:db8::7'], brokenTypes: ['A'] },
    'host.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
  });
  dns = openDns({ servers: [server.address], timeoutMs: 300, tries: 1 });
});
after(() => server.close());

test('mail hosts come in the order of preference, in lower case', async () => {
  const hosts = [
    { name: 'first.example', preference: 10 },
    { name: 'second.example', preference: 20 },
  ];
  assert.deepEqual(await dns.mailHosts('many.example'), { kind: 'hosts', hosts, implicit: false });
});

test('a null MX says that the domain takes no mail', async () => {
  assert.deepEqual(await dns.mailHosts('null.example'), { kind: 'null-mx' });
});

test('a domain without MX records takes mail at its own address, if it has one', async () => {
  const own = [{ name: 'implicit.example', preference: 0 }];
  assert.deepEqual(await dns.mailHosts('implicit.example'), { kind: 'hosts', hosts: own, implicit: true });
  assert.deepEqual(await dns.mailHosts('nothing.example'), { kind: 'hosts', hosts: [], implicit: true });
});

test('a domain that does not exist is told from a server that fails', async () => {
  assert.deepEqual(await dns.mailHosts('absent.example'), { kind: 'no-domain' });
  assert.deepEqual(await dns.mailHosts('broken.example'), { kind: 'unknown' });
});

test('a domain without MX records whose addresses nobody tells is unknown, not without a host', async () => {
  assert.deepEqual(await dns.mailHosts('halfway.example'), { kind: 'unknown' });
  const own = [{ name: 'one-family.example', preference: 0 }];
  assert.deepEqual(await dns.mailHosts('one-family.example'), { kind: 'hosts', hosts: own, implicit: true });
});

test('a host has its IPv4 addresses before its IPv6 addresses', async () => {
  assert.deepEqual(await dns.addresses('host.example'), ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(await dns.addresses('absent.example'), []);
  assert.deepEqual(await dns.addresses('192.0.2.9'), ['192.0.2.9']);
});

test('answers and failures are asked for once', async () => {
  for (const name of ['many.example', 'absent.example', 'broken.example']) {
    await dns.mailHosts(name);
    const asked = server.asked(name);
    await Promise.all([dns.mailHosts(name), dns.mailHosts(name), dns.mailHostsWithin(name, 1_000)]);
    assert.equal(server.asked(name), asked, name);
  }
});

test('a dead DNS is waited for a few times, and then not at all', async () => {
  const silent = await startDnsServer({});
  const names = Array.from({ length: 40 }, (_, n) => `dead-${n}.example`);
  for (const name of names) silent.tell(name, { silent: true });
  const hopeless = openDns({ servers: [silent.address], timeoutMs: 100, tries: 1 });
  const began = Date.now();
  for (const name of names) assert.deepEqual(await hopeless.mailHostsWithin(name, 2_000), { kind: 'unknown' });
  assert.ok(Date.now() - began < 3_000, 'forty lookups must not each wait for a timeout');
  assert.ok(names.filter((name) => silent.asked(name) > 0).length < 20);
  await silent.close();
});
