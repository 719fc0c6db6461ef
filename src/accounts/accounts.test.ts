import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { ProblemCode } from '../contract/problem.ts';
import { Problem } from '../contract/problem.ts';
import type { Actor, Caller } from '../platform/route.ts';
import { changeSettings } from './change-settings.ts';
import { type Gate, openGate } from './gate.ts';
import { accountVault, createFirstAccount, createSignInLink, readSettings } from './index.ts';
import { createKey, revokeKey } from './keys/api-keys.ts';
import { openSession } from './sign-in/sign-in.ts';

let world: TestWorld;
let owner: pg.Client;
const system: Actor = { kind: 'system', id: 'test' };
const publicUrl = 'http://127.0.0.1:3000';

before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
});
after(async () => {
  await owner.end();
  await world.close();
});

const newGate = (): Gate => openGate(world, { publicUrl });
const here = '192.0.2.7';
const visitor = { address: here, agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0' };
const bearer = (secret: string, address = here) => ({
  method: 'GET',
  address,
  headers: { authorization: `Bearer ${secret}` },
});
const refused = (code: ProblemCode) => (error: unknown) => error instanceof Problem && error.code === code;

async function tokenOf(accountId: string): Promise<string> {
  const link = await createSignInLink(world, accountId, publicUrl, system);
  return link.split('#token=')[1] ?? '';
}

async function auditOf(accountId: string): Promise<{ action: string; actor_kind: string; detail: unknown }[]> {
  const { rows } = await owner.query(
    'SELECT action, actor_kind, detail FROM audit_entries WHERE account_id = $1 ORDER BY id',
    [accountId],
  );
  return rows;
}

test('of several processes on an empty database one makes the first account, with the key asked for', async () => {
  const wish = { name: 'First', actor: system, apiKey: 'chosen-from-outside' };
  const made = await Promise.all([1, 2, 3, 4].map(() => createFirstAccount(world, wish)));
  const [accountId] = made.filter((id) => id !== undefined);
  assert.equal(made.filter((id) => id !== undefined).length, 1);
  const caller = await newGate().identifyByApiKey('chosen-from-outside', here, 'messages.send');
  assert.equal(caller?.accountId, accountId);
});

test('an API key is stored only as a hash, with a hint', async () => {
  const { accountId, apiKey } = await createTestAccount(world);
  assert.match(apiKey, /^wx_[0-9A-Za-z]{32}$/);
  const { rows } = await owner.query('SELECT * FROM api_keys WHERE account_id = $1', [accountId]);
  assert.equal(rows[0].hint, apiKey.slice(-4));
  assert.ok(!JSON.stringify(rows).includes(apiKey.slice(0, 12)));
});

test('a revoked key is refused at once, though the gate had remembered it', async () => {
  const { accountId } = await createTestAccount(world);
  const caller: Caller = { accountId, actor: system };
  const gate = newGate();
  const key = await createKey(world, caller, { name: 'short-lived' });
  await gate.identify(bearer(key.secret), 'messages.read');
  await revokeKey(world, gate, caller, key.id);
  await assert.rejects(gate.identify(bearer(key.secret), 'messages.read'), refused('auth.invalid'));
});

test('a key with something behind it is no key', async () => {
  const { apiKey } = await createTestAccount(world);
  const gate = newGate();
  await gate.identify(bearer(apiKey), 'messages.read');
  for (const more of [' x', ` ${apiKey}`, ', x', ' x y'])
    await assert.rejects(gate.identify(bearer(apiKey + more), 'messages.read'), refused('auth.invalid'), more);
});

test('a key cannot revoke itself, nor one of another account', async () => {
  const [mine, theirs] = [await createTestAccount(world), await createTestAccount(world)];
  const gate = newGate();
  const caller = await gate.identify(bearer(mine.apiKey), 'keys.manage');
  const theirCaller = await gate.identify(bearer(theirs.apiKey), 'keys.manage');
  await assert.rejects(revokeKey(world, gate, caller, caller.actor.id), refused('key.last_one'));
  await assert.rejects(revokeKey(world, gate, caller, theirCaller.actor.id), refused('key.not_found'));
});

test('the use of a key is noted at most once a minute', async () => {
  const { accountId, apiKey } = await createTestAccount(world);
  const gate = newGate();
  const usedAt = async (): Promise<string | undefined> => {
    const { rows } = await owner.query('SELECT last_used_at FROM api_keys WHERE account_id = $1', [accountId]);
    return rows[0].last_used_at?.toISOString();
  };
  const usedOnceAfter = async (seen: string | undefined): Promise<string | undefined> => {
    const deadline = performance.now() + 5_000;
    while ((await usedAt()) === seen && performance.now() < deadline);
    return usedAt();
  };
  await gate.identifyByApiKey(apiKey, here, 'messages.send');
  const first = await usedOnceAfter(undefined);
  assert.equal(first, world.clock.now().toISOString());
  world.clock.advance(59_000);
  await gate.identifyByApiKey(apiKey, here, 'messages.send');
  world.clock.advance(2_000);
  await gate.identifyByApiKey(apiKey, here, 'messages.send');
  assert.equal(await usedOnceAfter(first), world.clock.now().toISOString(), 'not the use after 59 seconds');
});

test('a sign-in link is used up by the first of many who try at once', async () => {
  const { accountId } = await createTestAccount(world);
  const token = await tokenOf(accountId);
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => openSession(world, token, visitor)));
  assert.equal(tries.filter((one) => one.status === 'fulfilled').length, 1);
});

test('a sign-in link expires after a day', async () => {
  const { accountId } = await createTestAccount(world);
  const token = await tokenOf(accountId);
  world.clock.advance(24 * 3_600_000);
  await assert.rejects(openSession(world, token, visitor), refused('auth.link_invalid'));
});

test('a session ends after half an hour without use, and after twelve hours of use', async () => {
  const { accountId } = await createTestAccount(world);
  const look = (gate: Gate, token: string) =>
    gate.identify({ method: 'GET', address: here, headers: { cookie: `theme=dark; waxwing=${token}` } }, 'session');

  const idle = await openSession(world, await tokenOf(accountId), visitor);
  world.clock.advance(29 * 60_000);
  await look(newGate(), idle.token);
  world.clock.advance(31 * 60_000);
  await assert.rejects(look(newGate(), idle.token), refused('auth.invalid'));

  const used = await openSession(world, await tokenOf(accountId), visitor);
  const gate = newGate();
  const startedAtMs = world.clock.now().getTime();
  while (world.clock.now().getTime() - startedAtMs < 12 * 3_600_000 - 20 * 60_000) {
    world.clock.advance(20 * 60_000);
    await look(gate, used.token);
  }
  world.clock.advance(20 * 60_000);
  await assert.rejects(look(gate, used.token), refused('auth.invalid'));
});

test('an API key is not a session', async () => {
  const { apiKey } = await createTestAccount(world);
  await assert.rejects(newGate().identify(bearer(apiKey), 'session'), refused('auth.forbidden'));
});

test('settings change what was asked, hold at once and leave an entry of what was and what is', async () => {
  const { accountId } = await createTestAccount(world);
  const caller: Caller = { accountId, actor: { kind: 'api-key', id: 'a-key' } };
  world.clock.advance(1); // entries of one millisecond have no order
  const changed = await changeSettings(world, caller, { suppressAutomatedEvents: false, trackOpens: true });
  assert.deepEqual(await world.db.readAccount(accountId, readSettings), changed);
  const entries = await auditOf(accountId);
  assert.deepEqual(entries.map((entry) => entry.action).sort(), [
    'account.created',
    'api_key.created',
    'settings.changed',
  ]);
  assert.equal(entries.at(-1)?.action, 'settings.changed');
  assert.deepEqual(entries.at(-1)?.detail, {
    from: { suppressAutomatedEvents: true },
    to: { suppressAutomatedEvents: false },
  });
});

test('a change that changes nothing leaves no entry, and an unknown time zone is refused', async () => {
  const { accountId } = await createTestAccount(world);
  const caller: Caller = { accountId, actor: system };
  await changeSettings(world, caller, { trackClicks: true });
  assert.equal((await auditOf(accountId)).length, 2);
  assert.throws(() => changeSettings(world, caller, { timeZone: 'Mars/Olympus' }), refused('request.malformed'));
  assert.equal((await changeSettings(world, caller, { timeZone: 'Europe/Berlin' })).timeZone, 'Europe/Berlin');
});

test('rules that are switched off are kept once each and in order, and what is no rule is refused', async () => {
  const { accountId } = await createTestAccount(world);
  const caller: Caller = { accountId, actor: system };
  const wish = { disabledRules: ['two-places', 'click-burst', 'two-places'] };
  assert.deepEqual((await changeSettings(world, caller, wish)).disabledRules, ['click-burst', 'two-places']);
  const entries = (await auditOf(accountId)).length;
  await changeSettings(world, caller, { disabledRules: ['click-burst', 'two-places'] });
  assert.equal((await auditOf(accountId)).length, entries);
  assert.throws(() => changeSettings(world, caller, { disabledRules: ['no-rule'] }), refused('request.malformed'));
});

test('what one account has sealed does not open for another', async () => {
  const [first, second] = [await createTestAccount(world), await createTestAccount(world)];
  const sealed = (await accountVault(world, first.accountId)).seal('consent.address', 'ana@example.org');
  const other = await accountVault(world, second.accountId);
  assert.throws(() => other.open('consent.address', sealed));
});
