import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { trustedProxies } from './client-address.ts';

describe('the address of a client', () => {
  const behind = trustedProxies(['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.1']);

  it('is the socket’s when no proxy is trusted, whatever is claimed', () => {
    const open = trustedProxies([]);
    assert.equal(open.clientOf('203.0.113.9', '198.51.100.1'), '203.0.113.9');
    assert.equal(open.clientOf('::ffff:203.0.113.9', undefined), '203.0.113.9');
    assert.equal(open.trusts('127.0.0.1'), false);
  });

  it('is the socket’s when the socket is not a trusted proxy', () => {
    assert.equal(behind.clientOf('203.0.113.9', '198.51.100.1'), '203.0.113.9');
  });

  it('is the nearest hop that is not trusted, read from the right', () => {
    assert.equal(behind.clientOf('10.1.2.3', '6.6.6.6, 198.51.100.1'), '198.51.100.1');
    assert.equal(behind.clientOf('10.1.2.3', '6.6.6.6, 198.51.100.1, 10.9.9.9, 192.0.2.1'), '198.51.100.1');
    assert.equal(behind.clientOf('2001:db8:1::5', '2001:db8:2::7'), '2001:db8:2::7');
  });

  it('sees through IPv4-mapped addresses on either side', () => {
    assert.equal(behind.clientOf('::ffff:10.1.2.3', '::ffff:198.51.100.1'), '198.51.100.1');
    assert.equal(trustedProxies(['::ffff:10.0.0.0/104']).clientOf('10.1.2.3', '198.51.100.1'), '198.51.100.1');
  });

  it('is the farthest hop when all are trusted, and the proxy’s own when it says nothing', () => {
    assert.equal(behind.clientOf('10.1.2.3', '10.0.0.5, 10.0.0.6'), '10.0.0.5');
    assert.equal(behind.clientOf('10.1.2.3', undefined), '10.1.2.3');
  });

  it('is unknown where a trusted proxy names no address', () => {
    for (const claim of ['unknown', '_hidden', '', 'secret.example', '999.1.1.1', '198.51.100.1, unknown'])
      assert.equal(behind.clientOf('10.1.2.3', claim), null, claim);
  });

  it('is read with a port or brackets beside it', () => {
    assert.equal(behind.clientOf('10.1.2.3', '198.51.100.1:4711'), '198.51.100.1');
    assert.equal(behind.clientOf('10.1.2.3', '[2001:db8:2::7]:4711'), '2001:db8:2::7');
    assert.equal(behind.clientOf('10.1.2.3', '[2001:db8:2::7]'), '2001:db8:2::7');
  });

  it('refuses a list that is not CIDRs', () => {
    for (const bad of ['10.0.0.0/99', 'proxy.example', '']) assert.throws(() => trustedProxies([bad]));
  });
});
