/** Where an endpoint may lead: never into a private network, whatever its name or the form of its address. */
import assert from 'node:assert/strict';
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../test/kit/webhook-receiver.ts';
import { isPublicAddress, type LookupAll } from '../platform/public-address.ts';
import { isTellable } from './endpoint-address.ts';
import { secretOf } from './signature.ts';
import { openTeller } from './tell-endpoint.ts';

const special = [
  ...['127.0.0.1', '127.255.0.9', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
  ...['100.64.0.1', '100.127.255.255', '0.0.0.0', '0.1.2.3', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255'],
  ...['192.0.0.8', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '192.88.99.1'],
  ...['::', '::1', 'fe80::1', 'fec0::1', 'fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1', '3fff::1', '100::1'],
  ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '::ffff:0:127.0.0.1'],
  ...['2002:7f00:1::', '2002:a00:1::1', '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b:1::a00:1', '2001::1'],
  ...['4000::1', '5f00::1', 'not an address', ''],
];

let receiver: WebhookReceiver;
let dns: DnsServer;
before(async () => {
  receiver = await startWebhookReceiver('hook.example');
  dns = await startDnsServer({});
});
after(async () => {
  await receiver.close();
  await dns.close();
});

/** As the system's resolver would, from the test's own server. */
function lookUp(): LookupAll {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([dns.address]);
  return (name, _options, done) => {
    resolver.resolve4(name, (noV4, v4 = []) => {
      resolver.resolve6(name, (noV6, v6 = []) => {
        const found = [
          ...v4.map((address) => ({ address, family: 4 })),
          ...v6.map((address) => ({ address, family: 6 })),
        ];
        done(found.length === 0 ? (noV4 ?? noV6) : null, found);
      });
    });
  };
}

const told = (url: string) => ({
  url,
  secrets: [secretOf(new Uint8Array(32))],
  id: crypto.randomUUID(),
  body: JSON.stringify({ type: 'webhook.test' }),
  at: new Date(),
});

async function outcome(url: string, more: object = {}): Promise<string> {
  const teller = openTeller({ allowsPrivate: false, lookUp: lookUp(), trusted: [receiver.authority], ...more });
  try {
    return (await teller.tell(told(url))).outcome;
  } finally {
    teller.close();
  }
}

describe('an address', () => {
  it('of a special network is refused in every form', () => {
    for (const address of special) assert.equal(isPublicAddress(address), false, address);
    for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])
      assert.equal(isPublicAddress(address), true, address);
  });

  it('written as an endpoint is refused in every spelling', () => {
    for (const host of [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '2130706433',
      '017700000001',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '10.0.0.1',
      'localhost',
      'LOCALHOST',
      'localhost.',
      '[64:ff9b::7f00:1]',
    ])
      assert.equal(isTellable(`https://${host}/`, false), false, host);
    for (const url of [
      'http://clinic.example/',
      'https://a:b@clinic.example/',
      'https://clinic.example:25/',
      'https://clinic.example/#x',
      'file:///etc/passwd',
      'https://',
      '',
    ])
      assert.equal(isTellable(url, false), false, url);
    for (const url of ['https://clinic.example/', 'https://clinic.example:8443/x?y=z', 'https://8.8.8.8/'])
      assert.equal(isTellable(url, false), true, url);
    assert.deepEqual([isTellable('http://127.0.0.1:80/', true), isTellable('http://10.0.0.1/', true)], [true, false]);
  });
});

describe('a name', () => {
  it('that leads into a special network is never connected to', async () => {
    let connections = 0;
    const trap = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await once(trap.listen(0, '127.0.0.1'), 'listening');
    const { port } = trap.address() as { port: number };
    for (const [n, address] of special.filter((one) => one !== '' && !one.includes(' ')).entries()) {
      dns.tell(`hook${n}.example`, address.includes(':') ? { aaaa: [address] } : { a: [address] });
      assert.equal(await outcome(`https://hook${n}.example:${port}/`), 'address_refused', address);
    }
    assert.equal(connections, 0);
    trap.close();
  });

  it('of which one address is private is refused whole, whichever comes first', async () => {
    dns.tell('mixed.example', { a: ['8.8.8.8', '127.0.0.1'] });
    dns.tell('both.example', { a: ['8.8.8.8'], aaaa: ['::1'] });
    assert.equal(await outcome(`https://mixed.example:${receiver.port}/`), 'address_refused');
    assert.equal(await outcome(`https://both.example:${receiver.port}/`), 'address_refused');
  });

  it('that leads elsewhere the next time is looked at again: each connection goes to what was looked at', async () => {
    const answers = ['8.8.8.8', '127.0.0.1'];
    let asked = 0;
    const seen: string[] = [];
    const rebinding: LookupAll = (_name, _options, done) => {
      const address = answers[Math.min(asked++, 1)] ?? '';
      seen.push(address);
      done(null, [{ address, family: 4 }]);
    };
    const first = await outcome(`https://rebound.example:${receiver.port}/`, { lookUp: rebinding, timeoutMs: 300 });
    assert.ok(['timed_out', 'unreachable'].includes(first), first);
    assert.deepEqual(seen, ['8.8.8.8'], 'one look a connection');
    assert.equal(await outcome(`https://rebound.example:${receiver.port}/`, { lookUp: rebinding }), 'address_refused');
    assert.equal(receiver.told.length, 0);
  });

  it('that is not there, or is not answered for, is unreachable', async () => {
    assert.equal(await outcome('https://nowhere.example/'), 'unreachable');
  });
});

describe('a receiver', () => {
  it('whose certificate is of another name or of nobody known is told nothing', async () => {
    const open = { allowsPrivate: true };
    assert.equal(await outcome(receiver.url, open), 'tls_failed', 'another name');
    assert.equal(await outcome(receiver.url, { ...open, trusted: undefined }), 'tls_failed', 'nobody known');
    assert.equal(receiver.told.length, 0);
  });

  it('that does not listen is unreachable', async () => {
    assert.equal(await outcome('https://127.0.0.1:1025/', { allowsPrivate: true }), 'unreachable');
  });
});
