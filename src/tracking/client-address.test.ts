import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type TrustedProxies, trustedProxies } from './client-address.ts';

const clientOf = (proxies: TrustedProxies, remote: string, claim: string | undefined): string | null =>
  proxies.originOf(remote, claim).ip;

describe('the address of a client', () => {
  const behind = trustedProxies(['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.1']);

  it('is the socket’s when no proxy is trusted, whatever is claimed', () => {
    const open = trustedProxies([]);
    assert.equal(clientOf(open, '203.0.113.9', '198.51.100.1'), '203.0.113.9');
    assert.equal(clientOf(open, '::ffff:203.0.113.9', undefined), '203.0.113.9');
    assert.equal(open.originOf('127.0.0.1', undefined).isProxied, false);
  });

  it('is the socket’s when the socket is not a trusted proxy', () => {
    assert.equal(clientOf(behind, '203.0.113.9', '198.51.100.1'), '203.0.113.9');
  });

  it('is the nearest hop that is not trusted, read from the right', () => {
    assert.equal(clientOf(behind, '10.1.2.3', '6.6.6.6, 198.51.100.1'), '198.51.100.1');
    assert.equal(clientOf(behind, '10.1.2.3', '6.6.6.6, 198.51.100.1, 10.9.9.9, 192.0.2.1'), '198.51.100.1');
    assert.equal(clientOf(behind, '2001:db8:1::5', '2001:db8:2::7'), '2001:db8:2::7');
  });

  it('sees through IPv4-mapped addresses on either side', () => {
    assert.equal(clientOf(behind, '::ffff:10.1.2.3', '::ffff:198.51.100.1'), '198.51.100.1');
    assert.equal(clientOf(trustedProxies(['::ffff:10.0.0.0/104']), '10.1.2.3', '198.51.100.1'), '198.51.100.1');
  });

  it('is the farthest hop when all are trusted, and the proxy’s own when it says nothing', () => {
    assert.equal(clientOf(behind, '10.1.2.3', '10.0.0.5, 10.0.0.6'), '10.0.0.5');
    assert.equal(clientOf(behind, '10.1.2.3', undefined), '10.1.2.3');
  });

  it('is unknown where a trusted proxy names no address', () => {
    for (const claim of ['unknown', '_hidden', '', 'secret.example', '999.1.1.1', '198.51.100.1, unknown'])
      assert.equal(clientOf(behind, '10.1.2.3', claim), null, claim);
  });

  it('is read with a port or brackets beside it', () => {
    assert.equal(clientOf(behind, '10.1.2.3', '198.51.100.1:4711'), '198.51.100.1');
    assert.equal(clientOf(behind, '10.1.2.3', '[2001:db8:2::7]:4711'), '2001:db8:2::7');
    assert.equal(clientOf(behind, '10.1.2.3', '[2001:db8:2::7]'), '2001:db8:2::7');
  });

  it('says whether the hop that spoke to us is a trusted proxy', () => {
    assert.equal(behind.originOf('10.1.2.3', undefined).isProxied, true);
    assert.equal(behind.originOf('11.1.2.3', '10.1.2.3').isProxied, false);
    const [all, high] = [trustedProxies(['0.0.0.0/0']), trustedProxies(['255.128.0.0/9'])];
    assert.equal(all.originOf('203.0.113.9', undefined).isProxied, true);
    assert.equal(high.originOf('255.200.0.1', undefined).isProxied, true);
    assert.equal(high.originOf('255.100.0.1', undefined).isProxied, false);
  });

  it('refuses a list that is not CIDRs', () => {
    for (const bad of ['10.0.0.0/99', 'proxy.example', '']) assert.throws(() => trustedProxies([bad]));
  });
});
