/** What an API key may do, until when and from where; and how it is replaced without a gap. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../../test/kit/world.ts';
import { permissionNames, roles } from '../../contract/permissions.ts';
import { Problem, type ProblemCode } from '../../contract/problem.ts';
import type { Caller } from '../../platform/route.ts';
import { type Gate, openGate } from '../gate.ts';
import { createKey, listKeys, revokeKey, rotateKey } from './api-keys.ts';

let world: TestWorld;
let gate: Gate;
let owner: Caller;

before(async () => {
  world = await testWorld();
  gate = openGate(world, { publicUrl: 'http://127.0.0.1:3000' });
  const { accountId } = await createTestAccount(world);
  owner = { accountId, actor: { kind: 'system', id: 'test' } };
});
after(() => world.close());

const here = '192.0.2.7';
const bearer = (secret: string, address = here) => ({
  method: 'GET',
  address,
  headers: { authorization: `Bearer ${secret}` },
});
const refused = (code: ProblemCode) => (error: unknown) => error instanceof Problem && error.code === code;

test('every role reaches no further than an owner, and only an owner may do everything', () => {
  for (const [name, role] of Object.entries(roles)) {
    assert.ok(role.permissions.every((one) => permissionNames.includes(one)));
    assert.equal(role.permissions.length === permissionNames.length, name === 'owner');
  }
});

test('a key does what its role says and nothing else', async () => {
  const { secret } = await createKey(world, owner, { name: 'reporting', role: 'viewer' });
  await gate.identify(bearer(secret), 'reports.read');
  for (const permission of permissionNames)
    if (!roles.viewer.permissions.includes(permission))
      await assert.rejects(gate.identify(bearer(secret), permission), refused('auth.forbidden'));
  assert.equal(await gate.identifyByApiKey(secret, here, 'messages.send'), undefined);
});

test('a role is narrowed by the permissions named beside it', async () => {
  const wish = { name: 'narrow', role: 'sender', permissions: ['messages.send', 'keys.manage'] } as const;
  const key = await createKey(world, owner, wish);
  assert.deepEqual(key.permissions, ['messages.send']);
});

test('nobody hands out more than they have', async () => {
  const made = await createKey(world, owner, { name: 'keeper', permissions: ['keys.manage', 'reports.read'] });
  const keeper = await gate.identify(bearer(made.secret), 'keys.manage');
  for (const wish of [{ role: 'owner' }, { role: 'sender' }, { permissions: ['messages.send'] }] as const)
    await assert.rejects(createKey(world, keeper, { name: 'more', ...wish }), refused('key.beyond_caller'));
  const like = await createKey(world, keeper, { name: 'the same' });
  assert.deepEqual(like.permissions, made.permissions);
  const everything = await createKey(world, owner, { name: 'everything' });
  await assert.rejects(rotateKey(world, gate, keeper, everything.id, 1), refused('key.beyond_caller'));
});

test('a key makes none that outlasts it or is taken from elsewhere, and takes the place of none such', async () => {
  const expiresAt = new Date(world.clock.now().getTime() + 3_600_000);
  const later = new Date(expiresAt.getTime() + 1).toISOString();
  const allowedNetworks = ['192.0.2.0/24', '2001:db8::/32'];
  const limits = { permissions: ['keys.manage'] as const, expiresAt: expiresAt.toISOString(), allowedNetworks };
  const made = await createKey(world, owner, { name: 'bounded', ...limits });
  const bounded = await gate.identify(bearer(made.secret), 'keys.manage');

  const like = await createKey(world, bounded, { name: 'as it is' });
  assert.deepEqual([like.expiresAt, like.allowedNetworks], [expiresAt, allowedNetworks]);
  const within = { expiresAt: limits.expiresAt, allowedNetworks: ['192.0.2.128/25', '192.0.2.9', '2001:db8:1::/48'] };
  await createKey(world, bounded, { name: 'less', ...within });
  for (const wish of [
    { expiresAt: later },
    { allowedNetworks: ['192.0.2.0/23'] },
    { allowedNetworks: ['192.0.2.9', '198.51.100.1'] },
    { allowedNetworks: ['::/0'] },
    { allowedNetworks: ['0.0.0.0/0'] },
  ])
    await assert.rejects(createKey(world, bounded, { name: 'more', ...wish }), refused('key.beyond_caller'));
  for (const wish of [{ expiresAt: limits.expiresAt }, { allowedNetworks }]) {
    const { id } = await createKey(world, owner, { name: 'wider', permissions: ['keys.manage'], ...wish });
    await assert.rejects(rotateKey(world, gate, bounded, id, 1), refused('key.beyond_caller'));
  }
  const next = await rotateKey(world, gate, bounded, made.id, 1);
  assert.deepEqual([next.expiresAt, next.allowedNetworks], [expiresAt, allowedNetworks]);
});

test('a key that was revoked a moment ago makes none, though a gate remembers it', async () => {
  const made = await createKey(world, owner, { name: 'stolen' });
  const stolen = await gate.identify(bearer(made.secret), 'keys.manage');
  await revokeKey(world, openGate(world, { publicUrl: 'http://127.0.0.1:3000' }), owner, made.id);
  await assert.rejects(createKey(world, stolen, { name: 'to come back' }), refused('auth.invalid'));
  const { id } = await createKey(world, owner, { name: 'other' });
  await assert.rejects(rotateKey(world, gate, stolen, id, 1), refused('auth.invalid'));
});

test('a key ends when it was said to, though the gate remembers it', async () => {
  const expiresAt = new Date(world.clock.now().getTime() + 60_000).toISOString();
  const { secret } = await createKey(world, owner, { name: 'for a minute', expiresAt });
  await gate.identify(bearer(secret), 'reports.read');
  world.clock.advance(60_000);
  await assert.rejects(gate.identify(bearer(secret), 'reports.read'), refused('auth.invalid'));
  await assert.rejects(createKey(world, owner, { name: 'past', expiresAt }), refused('request.malformed'));
});

test('a key is taken only from the networks it was made for', async () => {
  const allowedNetworks = ['192.0.2.77/24', '2001:db8:1::5', '198.51.100.9'];
  const { secret, allowedNetworks: kept } = await createKey(world, owner, { name: 'office', allowedNetworks });
  assert.deepEqual(kept, ['192.0.2.0/24', '2001:db8:1::5/128', '198.51.100.9/32']);
  for (const address of ['192.0.2.200', '::ffff:192.0.2.1', '2001:db8:1::5', '198.51.100.9'])
    await gate.identify(bearer(secret, address), 'reports.read');
  for (const address of ['192.0.3.1', '2001:db8:1::6', '198.51.100.8', '::ffff:198.51.100.10', ''])
    await assert.rejects(gate.identify(bearer(secret, address), 'reports.read'), refused('auth.network_refused'));
  assert.equal(await gate.identifyByApiKey(secret, '203.0.113.1', 'messages.send'), undefined);
  for (const wrong of [
    '10.0.0.0/33',
    'fe80::1%eth0',
    'example.org',
    '',
    '127.1',
    '010.0.0.1',
    '0x7f.1/8',
    '2130706433',
  ])
    await assert.rejects(
      createKey(world, owner, { name: 'wrong', allowedNetworks: [wrong] }),
      refused('request.malformed'),
    );
});

test('a replaced key works until the overlap ends, and its successor has the same limits', async () => {
  const wish = { name: 'billing', role: 'sender', allowedNetworks: [here] } as const;
  const old = await createKey(world, owner, wish);
  const fresh = await rotateKey(world, gate, owner, old.id, 2);
  assert.deepEqual([fresh.permissions, fresh.allowedNetworks], [old.permissions, old.allowedNetworks]);
  assert.notEqual(fresh.secret, old.secret);
  world.clock.advance(2 * 3_600_000 - 1);
  await gate.identify(bearer(old.secret), 'messages.send');
  await gate.identify(bearer(fresh.secret), 'messages.send');
  const listed = (await listKeys(world, owner)).find(({ id }) => id === old.id);
  assert.equal(listed?.replacedBy, fresh.id);
  world.clock.advance(1);
  await assert.rejects(gate.identify(bearer(old.secret), 'messages.send'), refused('auth.invalid'));
  await gate.identify(bearer(fresh.secret), 'messages.send');
  await assert.rejects(rotateKey(world, gate, owner, old.id, 2), refused('key.not_found'));
});
