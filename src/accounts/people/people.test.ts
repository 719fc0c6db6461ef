/** People, over real HTTP: invited, signed in, held to what they may do, and gone at once when they are deactivated. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../../test/kit/account.ts';
import { startApi, type TestApi } from '../../../test/kit/api.ts';
import { acceptByPassword, codeOf, type Person, personAt, tokenOf } from '../../../test/kit/person.ts';
import { type TestWorld, testWorld } from '../../../test/kit/world.ts';
import { sql } from '../../platform/database.ts';
import { accountRoutes, createSignInLink } from '../index.ts';

let world: TestWorld;
let api: TestApi;
before(async () => {
  world = await testWorld();
  api = await startApi(world, (gate) => accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }), {
    trustedProxies: ['127.0.0.1/32'],
  });
});
after(async () => {
  await api.close();
  await world.close();
});

const password = 'seven herons over the lake';
const system = { kind: 'system', id: 'test' } as const;

interface Staff extends Person {
  readonly id: string;
  readonly email: string;
  readonly secret: string;
  readonly recoveryCodes: string[];
}

async function linkHolder(accountId: string): Promise<Person> {
  const person = personAt(api.url);
  const link = await createSignInLink(world, accountId, api.url, system);
  assert.equal((await person.ask('POST', '/v1/session', { token: tokenOf(link) })).status, 200);
  return person;
}

let people = 0;

async function join(inviter: Person, wish: { role: string; [other: string]: unknown }): Promise<Staff> {
  people += 1;
  const email = `person${people}@example.org`;
  const { status, body } = await inviter.ask('POST', '/v1/users', { email, name: `Person ${people}`, ...wish });
  assert.equal(status, 201, JSON.stringify(body));
  const person = personAt(api.url);
  const accepted = await acceptByPassword(person, body.invitation.link, password, world.clock);
  world.clock.advance(30_000); // the next code is another one
  return Object.assign(person, { id: body.user.id as string, email }, accepted);
}

async function newClinic(): Promise<{ accountId: string; apiKey: string; owner: Staff }> {
  const { accountId, apiKey } = await createTestAccount(world);
  return { accountId, apiKey, owner: await join(await linkHolder(accountId), { role: 'owner' }) };
}

const signIn = (staff: Staff, over: object = {}) =>
  staff.ask('POST', '/v1/sign-in/password', {
    email: staff.email,
    password,
    code: codeOf(staff.secret, world.clock),
    ...over,
  });

async function waitForCode(): Promise<void> {
  world.clock.advance(30_000);
}

test('who accepts an invitation is signed in as themselves, and signs in again with password and code', async () => {
  const { owner, accountId } = await newClinic();
  const session = await owner.ask('GET', '/v1/session');
  assert.equal(session.body.user.id, owner.id);
  assert.equal(session.body.account.id, accountId);
  owner.cookie = '';
  const again = await signIn(owner, { email: ` ${owner.email.toUpperCase()}` });
  assert.equal(again.status, 200);
  assert.match(
    again.headers.get('set-cookie') ?? '',
    /^waxwing=[\w-]{43}; Path=\/; Expires=.*; HttpOnly; SameSite=Strict$/,
  );
  const { users } = (await owner.ask('GET', '/v1/users')).body;
  assert.deepEqual(
    users.map((one: { email: string; state: string; hasPassword: boolean }) => [one.email, one.state, one.hasPassword]),
    [[owner.email, 'active', true]],
  );
});

test('a code is taken once, and none of an earlier or later minute', async () => {
  const { owner } = await newClinic();
  const code = codeOf(owner.secret, world.clock);
  assert.equal((await signIn(owner, { code })).status, 200);
  assert.equal((await signIn(owner, { code })).body.code, 'auth.credentials_invalid');
  const old = codeOf(owner.secret, world.clock);
  world.clock.advance(90_000);
  assert.equal((await signIn(owner, { code: old })).body.code, 'auth.credentials_invalid');
  const ahead = codeOf(owner.secret, { now: () => new Date(world.clock.now().getTime() + 90_000) });
  assert.equal((await signIn(owner, { code: ahead })).body.code, 'auth.credentials_invalid');
});

test('of many who bring the same code at once one comes in', async () => {
  const { owner } = await newClinic();
  const body = { email: owner.email, password, code: codeOf(owner.secret, world.clock) };
  const tries = await Promise.all([1, 2, 3].map(() => personAt(api.url).ask('POST', '/v1/sign-in/password', body)));
  assert.deepEqual(tries.map((one) => one.status).sort(), [200, 401, 401]);
});

test('whatever is wrong, the answer is the same, and so is the time within the noise', async () => {
  const { owner } = await newClinic();
  const wrong = [
    { password: 'not the right password' },
    { code: '000000' },
    { email: 'nobody@example.org' },
    { email: 'no address at all' },
  ];
  const answers: string[] = [];
  const times = new Map<number, number>();
  for (let round = 0; round < 3; round += 1)
    for (const [index, over] of wrong.entries()) {
      world.clock.advance(3_600_001); // nobody waits in this test
      const startedAt = performance.now();
      const { status, body, headers } = await signIn(owner, over);
      times.set(index, Math.min(times.get(index) ?? Number.POSITIVE_INFINITY, performance.now() - startedAt));
      const { requestId, ...rest } = body;
      assert.ok(requestId);
      answers.push(JSON.stringify([status, rest, headers.get('set-cookie')]));
    }
  assert.equal(new Set(answers).size, 1, answers.join('\n'));
  const [known = 0, , unknown = 0] = [...times.values()];
  assert.ok(unknown > known / 2 && known > unknown / 2, `known ${known} ms, unknown ${unknown} ms`);
});

test('after some failures the next tries wait, ever longer, whether there is such a user or not', async () => {
  const { owner } = await newClinic();
  for (const email of [owner.email, 'nobody.else@example.org']) {
    const waits: number[] = [];
    for (let tried = 0; tried < 8; tried += 1) {
      const { status, headers } = await signIn(owner, { email, code: '000000' });
      if (status === 429) {
        waits.push(Number(headers.get('retry-after')));
        world.clock.advance(Number(headers.get('retry-after')) * 1000);
        await signIn(owner, { email, code: '000000' });
      }
    }
    assert.deepEqual(waits, [2, 4, 8], email);
    owner.address = personAt(api.url).address;
  }
  assert.equal((await signIn(owner)).status, 429, 'not even with the right ones');
  world.clock.advance(16_000);
  assert.equal((await signIn(owner)).status, 200);
});

test('an invitation works once, for three days, and until a newer one is made', async () => {
  const { owner } = await newClinic();
  const invited = (await owner.ask('POST', '/v1/users', { email: 'ana@example.org', name: 'Ana', role: 'viewer' }))
    .body;
  const newer = await owner.ask('POST', `/v1/users/${invited.user.id}/invitation`, {});
  const open = async (link: string) =>
    (await personAt(api.url).ask('POST', '/v1/invitations/open', { token: tokenOf(link) })).body.code;
  assert.equal(await open(invited.invitation.link), 'auth.invitation_invalid');
  assert.equal(await open(newer.body.link), undefined);
  const ana = personAt(api.url);
  await acceptByPassword(ana, newer.body.link, password, world.clock);
  assert.equal(await open(newer.body.link), 'auth.invitation_invalid');
  const late = (await owner.ask('POST', `/v1/users/${invited.user.id}/invitation`, {})).body;
  world.clock.advance(3 * 24 * 3_600_000);
  assert.equal(await open(late.link), 'auth.invitation_invalid');
  assert.equal(await open('http://x/#invitation=never'), 'auth.invitation_invalid');
});

test('from one address only so many links, invitations and passkeys are tried in a minute', async () => {
  const stranger = personAt(api.url);
  const attempt = () => stranger.ask('POST', '/v1/invitations/open', { token: 'guessed' });
  const answers = await Promise.all(Array.from({ length: 22 }, attempt));
  assert.equal(answers.filter((one) => one.status === 429).length, 2);
  assert.equal((await personAt(api.url).ask('POST', '/v1/invitations/open', { token: 'guessed' })).status, 401);
});

test('a passkey that nobody made opens nothing', async () => {
  const visitor = personAt(api.url);
  const { challenge } = (await visitor.ask('POST', '/v1/sign-in/passkey/options', {})).body;
  const clientData = { type: 'webauthn.get', challenge, origin: 'http://127.0.0.1' };
  const answer = {
    id: 'AAAA',
    rawId: 'AAAA',
    type: 'public-key',
    clientExtensionResults: {},
    response: {
      clientDataJSON: Buffer.from(JSON.stringify(clientData)).toString('base64url'),
      authenticatorData: 'AAAA',
      signature: 'AAAA',
    },
  };
  const refused = await visitor.ask('POST', '/v1/sign-in/passkey', { answer });
  assert.deepEqual([refused.status, refused.body.code], [401, 'auth.passkey_invalid']);
  assert.equal(refused.headers.get('set-cookie'), null);
});

test('a fresh invitation replaces all that somebody signed in with, and ends their sessions', async () => {
  const { owner } = await newClinic();
  const ana = await join(owner, { role: 'viewer' });
  const { body } = await owner.ask('POST', `/v1/users/${ana.id}/invitation`, {});
  assert.equal((await ana.ask('GET', '/v1/session')).status, 200, 'not before it is accepted');
  await acceptByPassword(personAt(api.url), body.link, 'another fine long password', world.clock);
  const deadline = performance.now() + 5_000;
  while ((await ana.ask('GET', '/v1/session')).status === 200 && performance.now() < deadline);
  assert.equal((await ana.ask('GET', '/v1/session')).status, 401);
  await waitForCode();
  assert.equal((await signIn(ana)).body.code, 'auth.credentials_invalid');
});

test('a deactivated user is out at once, with every key that came from them', async () => {
  const { owner } = await newClinic();
  const admin = await join(owner, { role: 'admin' });
  const { body: key } = await admin.ask('POST', '/v1/api-keys', { name: 'theirs', permissions: ['keys.manage'] });
  const byKey = (secret: string, method = 'GET', body?: unknown) =>
    personAt(api.url).ask(method, '/v1/api-keys', body, { authorization: `Bearer ${secret}` });
  const child = (await byKey(key.secret, 'POST', { name: 'made by their key' })).body;
  assert.equal((await byKey(child.secret)).status, 200);
  assert.equal((await owner.ask('DELETE', `/v1/users/${admin.id}`)).status, 204);
  assert.equal((await admin.ask('GET', '/v1/session')).status, 401);
  assert.equal((await byKey(key.secret)).status, 401);
  assert.equal((await byKey(child.secret)).status, 401);
  await waitForCode();
  assert.equal((await signIn(admin)).body.code, 'auth.credentials_invalid');
  const { users } = (await owner.ask('GET', '/v1/users')).body;
  assert.equal(users.find((one: { id: string }) => one.id === admin.id).state, 'deactivated');
});

test('a key does no more than its maker may, also once they may less', async () => {
  const { owner } = await newClinic();
  const other = await join(owner, { role: 'owner' });
  const { body: key } = await other.ask('POST', '/v1/api-keys', { name: 'everything' });
  const keys = () => personAt(api.url).ask('GET', '/v1/api-keys', undefined, { authorization: `Bearer ${key.secret}` });
  assert.equal((await keys()).status, 200);
  assert.equal((await owner.ask('PATCH', `/v1/users/${other.id}`, { role: 'viewer' })).status, 200);
  assert.equal((await keys()).body.code, 'auth.forbidden');
});

test('the last owner stays one, until there is another', async () => {
  const { owner } = await newClinic();
  for (const change of [{ role: 'admin' }, { permissions: ['reports.read'] }])
    assert.equal((await owner.ask('PATCH', `/v1/users/${owner.id}`, change)).body.code, 'user.last_owner');
  assert.equal((await owner.ask('DELETE', `/v1/users/${owner.id}`)).body.code, 'user.last_owner');
  const second = await join(owner, { role: 'owner' });
  const removals = await Promise.all([
    owner.ask('DELETE', `/v1/users/${second.id}`),
    second.ask('DELETE', `/v1/users/${owner.id}`),
  ]);
  assert.equal(removals.filter((one) => one.status === 204).length, 1, 'two cannot remove each other');
});

test('nobody invites, changes, deactivates or recovers beyond what they may themselves', async () => {
  const { owner } = await newClinic();
  const admin = await join(owner, { role: 'admin' });
  const wish = { email: 'more@example.org', name: 'More' };
  for (const role of ['owner', 'sender', 'compliance'])
    assert.equal((await admin.ask('POST', '/v1/users', { ...wish, role })).body.code, 'user.beyond_caller');
  assert.equal((await admin.ask('PATCH', `/v1/users/${admin.id}`, { role: 'owner' })).body.code, 'user.beyond_caller');
  for (const [method, path] of [
    ['PATCH', `/v1/users/${owner.id}`],
    ['DELETE', `/v1/users/${owner.id}`],
    ['POST', `/v1/users/${owner.id}/invitation`],
  ] as const)
    assert.equal((await admin.ask(method, path, method === 'DELETE' ? undefined : {})).body.code, 'user.beyond_caller');
  assert.equal((await admin.ask('POST', '/v1/users', { ...wish, role: 'viewer' })).status, 201);
  assert.equal((await admin.ask('POST', '/v1/users', { ...wish, role: 'viewer' })).body.code, 'user.email_taken');
});

test('a role, and permissions that narrow it, hold in open sessions at once', async () => {
  const { owner } = await newClinic();
  const ana = await join(owner, { role: 'compliance' });
  assert.equal((await ana.ask('GET', '/v1/users')).status, 200);
  await owner.ask('PATCH', `/v1/users/${ana.id}`, { permissions: ['reports.read', 'keys.manage'] });
  assert.equal((await ana.ask('GET', '/v1/users')).body.code, 'auth.forbidden');
  assert.equal(
    (await ana.ask('GET', '/v1/api-keys')).body.code,
    'auth.forbidden',
    'compliance has no keys to narrow to',
  );
  assert.deepEqual((await ana.ask('GET', '/v1/session')).body.permissions, ['reports.read']);
});

test('what matters asks for a fresh proof after five minutes; a key with the permission is not asked', async () => {
  const { owner, apiKey } = await newClinic();
  const make = () => owner.ask('POST', '/v1/api-keys', { name: 'one more' });
  world.clock.advance(5 * 60_000);
  assert.equal((await make()).body.code, 'auth.step_up_needed');
  assert.equal((await owner.ask('GET', '/v1/api-keys')).status, 200);
  const byKey = { authorization: `Bearer ${apiKey}` };
  assert.equal((await personAt(api.url).ask('POST', '/v1/api-keys', { name: 'by a key' }, byKey)).status, 201);
  assert.equal((await owner.ask('POST', '/v1/session/step-up/options', {})).body.password, true);
  const prove = (over: object) =>
    owner.ask('POST', '/v1/session/step-up', {
      password: { password, code: codeOf(owner.secret, world.clock), ...over },
    });
  assert.equal((await prove({ password: 'not the right one' })).body.code, 'auth.credentials_invalid');
  assert.equal((await make()).body.code, 'auth.step_up_needed');
  assert.equal((await prove({})).status, 200);
  assert.equal((await make()).status, 201);
});

test('somebody else’s credentials prove nothing in a session', async () => {
  const { owner } = await newClinic();
  const ana = await join(owner, { role: 'admin' });
  world.clock.advance(5 * 60_000);
  const proof = { password: { password, code: codeOf(owner.secret, world.clock) } };
  assert.equal((await ana.ask('POST', '/v1/session/step-up', proof)).body.code, 'auth.credentials_invalid');
});

test('the holder of an installation link is asked for a fresh one as soon as the account has people', async () => {
  const { accountId } = await createTestAccount(world);
  const holder = await linkHolder(accountId);
  world.clock.advance(10 * 60_000);
  const make = () => holder.ask('POST', '/v1/api-keys', { name: 'k' });
  assert.equal((await make()).status, 201);
  await join(holder, { role: 'owner' });
  const deadline = performance.now() + 5_000;
  while ((await make()).status === 201 && performance.now() < deadline);
  assert.equal((await make()).body.code, 'auth.step_up_needed');
  const link = await createSignInLink(world, accountId, api.url, system);
  assert.equal((await holder.ask('POST', '/v1/session/step-up', { linkToken: tokenOf(link) })).status, 200);
  assert.equal((await make()).status, 201);
  assert.equal((await holder.ask('GET', '/v1/me')).body.code, 'auth.no_user');
  const another = await createTestAccount(world);
  const foreign = await createSignInLink(world, another.accountId, api.url, system);
  const proof = await holder.ask('POST', '/v1/session/step-up', { linkToken: tokenOf(foreign) });
  assert.equal(proof.body.code, 'auth.link_invalid', 'of another account');
});

test('recovery codes take the app’s place once each, and new ones end the old', async () => {
  const { owner } = await newClinic();
  assert.equal(owner.recoveryCodes.length, 10);
  const [first = '', second = ''] = owner.recoveryCodes;
  assert.equal((await signIn(owner, { code: ` ${first.toUpperCase()} ` })).status, 200);
  assert.equal((await signIn(owner, { code: first })).body.code, 'auth.credentials_invalid');
  assert.equal(
    (await signIn(owner, { code: second, password: 'some other password' })).status,
    401,
    'beside the password only',
  );
  assert.equal((await owner.ask('GET', '/v1/me')).body.recoveryCodesLeft, 9);
  assert.equal((await owner.ask('POST', '/v1/me/recovery-codes', {})).status, 201);
  assert.equal((await signIn(owner, { code: second })).body.code, 'auth.credentials_invalid');
});

test('a guessable password, a wrong code or somebody else’s setup is not accepted', async () => {
  const { owner } = await newClinic();
  const { body } = await owner.ask('POST', '/v1/users', { email: 'bo.larsen@example.org', name: 'Bo', role: 'viewer' });
  const token = tokenOf(body.invitation.link);
  const { totp } = (await personAt(api.url).ask('POST', '/v1/invitations/open', { token })).body;
  const accept = async (over: object) => {
    const given = { password, setup: totp.setup, code: codeOf(totp.secret, world.clock), ...over };
    return (await personAt(api.url).ask('POST', '/v1/invitations/accept', { token, password: given })).body;
  };
  for (const guessable of [
    'too short',
    'password1234',
    'bo.larsen@example.org',
    'Example Clinic 2026',
    'x'.repeat(257),
  ]) {
    const refused = await accept({ password: guessable });
    assert.equal(refused.code, 'password.refused', guessable);
    assert.ok(!JSON.stringify(refused).includes(guessable));
  }
  assert.equal((await accept({ code: '123' + '456' })).code, 'factor.code_invalid');
  const { setup } = (await owner.ask('POST', '/v1/me/totp', {})).body;
  assert.equal((await accept({ setup })).code, 'factor.code_invalid');
  assert.equal((await accept({})).user.name, 'Bo');
  assert.equal(
    (await personAt(api.url).ask('POST', '/v1/invitations/accept', { token })).body.code,
    'request.malformed',
  );
});

test('a changed password ends the other sessions of its user, and the old one', async () => {
  const { owner } = await newClinic();
  const other = personAt(api.url);
  const body = { email: owner.email, password, code: codeOf(owner.secret, world.clock) };
  assert.equal((await other.ask('POST', '/v1/sign-in/password', body)).status, 200);
  const { totp } = { totp: (await owner.ask('POST', '/v1/me/totp', {})).body };
  const change = { password: 'a wholly new password', setup: totp.setup, code: codeOf(totp.secret, world.clock) };
  assert.equal((await owner.ask('PUT', '/v1/me/password', change)).body.recoveryCodes.length, 10);
  assert.equal((await other.ask('GET', '/v1/session')).status, 401);
  assert.equal((await owner.ask('GET', '/v1/session')).status, 200);
  assert.equal((await owner.ask('DELETE', '/v1/me/password')).body.code, 'factor.last_one');
});

test('sessions end as role and department say, in open sessions too', async () => {
  const { owner } = await newClinic();
  const limits = { role: 'viewer', idleMinutes: 10, absoluteMinutes: 60 };
  assert.equal((await owner.ask('PUT', '/v1/session-limits', limits)).status, 200);
  const ward = (await owner.ask('POST', '/v1/departments', { name: 'Ward', idleMinutes: 1 })).body;
  const room = (await owner.ask('POST', '/v1/departments', { name: 'Room', parentId: ward.id, idleMinutes: 60 })).body;
  const viewer = await join(owner, { role: 'viewer' });
  assert.equal((await viewer.ask('GET', '/v1/session')).body.idleMinutes, 10);
  const nurse = await join(owner, { role: 'viewer', departmentId: room.id });
  assert.equal((await nurse.ask('GET', '/v1/session')).body.idleMinutes, 1, 'what is above cannot be loosened');
  for (let second = 0; second < 120; second += 20) {
    world.clock.advance(20_000);
    assert.equal((await nurse.ask('GET', '/v1/session')).status, 200, 'in use');
  }
  world.clock.advance(60_000);
  assert.equal((await nurse.ask('GET', '/v1/session')).body.code, 'auth.invalid', 'a minute without use');
  assert.equal((await viewer.ask('GET', '/v1/session')).status, 200);
  for (let minute = 0; minute < 56; minute += 8) {
    world.clock.advance(8 * 60_000);
    await viewer.ask('GET', '/v1/session');
  }
  assert.equal((await viewer.ask('GET', '/v1/session')).status, 401, 'an hour in all');
});

test('departments are a tree, and go only when they are empty', async () => {
  const { owner } = await newClinic();
  const make = async (name: string, parentId: string | null = null) =>
    (await owner.ask('POST', '/v1/departments', { name, parentId })).body.id;
  const clinic = await make('Clinic');
  const ward = await make('Ward', clinic);
  const move = (id: string, parentId: string) => owner.ask('PATCH', `/v1/departments/${id}`, { parentId });
  assert.equal((await move(clinic, ward)).body.code, 'department.misplaced');
  assert.equal((await move(clinic, crypto.randomUUID())).body.code, 'department.unknown');
  assert.equal((await owner.ask('DELETE', `/v1/departments/${clinic}`)).body.code, 'department.in_use');
  const nurse = await join(owner, { role: 'viewer', departmentId: ward });
  assert.equal((await owner.ask('DELETE', `/v1/departments/${ward}`)).body.code, 'department.in_use');
  await owner.ask('PATCH', `/v1/users/${nurse.id}`, { departmentId: clinic });
  assert.equal((await owner.ask('DELETE', `/v1/departments/${ward}`)).status, 204);
});

test('open sessions are listed with where they are, and ended one by one or all others at once', async () => {
  const { owner } = await newClinic();
  const second = personAt(api.url);
  second.agent =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1';
  await second.ask('POST', '/v1/sign-in/password', {
    email: owner.email,
    password,
    code: codeOf(owner.secret, world.clock),
  });
  const { sessions } = (await owner.ask('GET', '/v1/me/sessions')).body;
  assert.deepEqual(
    sessions.map((one: { place: string; isThisOne: boolean }) => [one.place.split(',')[0], one.isThisOne]),
    [
      ['Safari on iOS', false],
      ['Firefox on Linux', true],
    ],
  );
  const viewer = await join(owner, { role: 'viewer' });
  const strange = `/v1/me/sessions/${sessions[0].id}`;
  assert.equal((await viewer.ask('DELETE', strange)).body.code, 'session.not_found', 'of another user');
  assert.equal((await owner.ask('DELETE', strange)).status, 204);
  assert.equal((await second.ask('GET', '/v1/session')).status, 401);
  assert.equal((await owner.ask('DELETE', '/v1/me/sessions')).status, 204);
  assert.equal((await owner.ask('GET', '/v1/session')).status, 200);
  const all = (await owner.ask('GET', '/v1/sessions')).body.sessions;
  const theirs = all.find((one: { userId: string }) => one.userId === viewer.id);
  assert.equal((await owner.ask('DELETE', `/v1/sessions/${theirs.id}`)).status, 204);
  assert.equal((await viewer.ask('GET', '/v1/session')).status, 401);
});

test('a sign-in from another browser raises an alert and leaves an entry; the usual one does not', async () => {
  const { owner, accountId } = await newClinic();
  await signIn(owner);
  await waitForCode();
  assert.deepEqual((await owner.ask('GET', '/v1/alerts')).body.alerts, []);
  owner.agent = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36';
  await signIn(owner);
  const { alerts } = (await owner.ask('GET', '/v1/alerts')).body;
  assert.equal(alerts.length, 1);
  assert.deepEqual([alerts[0].what, alerts[0].isNewBrowser, alerts[0].isNewNetwork], ['unusual_sign_in', true, false]);
  const entries = await world.db.readAccount(accountId, (tx) =>
    tx.query(sql`SELECT 1 FROM audit_entries WHERE action = 'session.unusual'`),
  );
  assert.equal(entries.length, 1);
  world.clock.advance(1);
  await linkHolder(accountId);
  assert.equal((await owner.ask('GET', '/v1/alerts')).body.alerts[0].what, 'installation_link_used');
});

test('no session comes from a value that a browser brought along, and none from another site', async () => {
  const { owner } = await newClinic();
  const brought = 'waxwing=chosen-by-somebody-else-chosen-by-somebody';
  owner.cookie = brought;
  await signIn(owner);
  assert.notEqual(owner.cookie, brought);
  assert.equal((await personAt(api.url).ask('GET', '/v1/session', undefined, { cookie: brought })).status, 401);
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  for (const path of ['/v1/me/totp', '/v1/session/step-up/options'])
    assert.equal((await owner.ask('POST', path, {}, evil)).body.code, 'request.cross_site');
  const form = await owner.ask('POST', '/v1/sign-in/password', { email: 'x' }, { 'content-type': 'text/plain' });
  assert.equal(form.status, 415, 'what another site can send without asking first');
});

test('nothing of a person stands readable in the database, and no secret of theirs', async () => {
  const { accountId, owner } = await newClinic();
  const dump = await world.db.readAccount(accountId, async (tx) =>
    JSON.stringify([
      await tx.query(sql`SELECT * FROM users`),
      await tx.query(sql`SELECT * FROM sessions`),
      await tx.query(sql`SELECT * FROM audit_entries`),
      await tx.query(sql`SELECT * FROM recovery_codes`),
    ]),
  );
  const asText = dump + Buffer.from(dump).toString();
  for (const secret of [
    owner.email,
    'Person ',
    owner.secret,
    password,
    owner.recoveryCodes[0] ?? 'none',
    'Firefox',
    owner.address,
  ])
    assert.ok(!asText.includes(secret) && !asText.includes(Buffer.from(secret).toString('hex')), secret);
  for (const line of world.logLines) assert.ok(!line.includes('example.org') && !line.includes(password));
});

test('another account’s people, departments and sessions are nobody’s', async () => {
  const [mine, theirs] = [await newClinic(), await newClinic()];
  const department = (await theirs.owner.ask('POST', '/v1/departments', { name: 'Theirs' })).body.id;
  const session = (await theirs.owner.ask('GET', '/v1/me/sessions')).body.sessions[0].id;
  const { ask } = mine.owner;
  assert.equal((await ask('PATCH', `/v1/users/${theirs.owner.id}`, { name: 'x' })).body.code, 'user.not_found');
  assert.equal((await ask('DELETE', `/v1/sessions/${session}`)).body.code, 'session.not_found');
  assert.equal((await ask('DELETE', `/v1/me/sessions/${session}`)).body.code, 'session.not_found');
  assert.equal(
    (await ask('POST', '/v1/departments', { name: 'x', parentId: department })).body.code,
    'department.unknown',
  );
  const wish = { email: theirs.owner.email, name: 'Same', role: 'viewer', departmentId: department };
  assert.equal((await ask('POST', '/v1/users', wish)).body.code, 'department.unknown');
  const same = await ask('POST', '/v1/users', { ...wish, departmentId: null });
  assert.equal(same.status, 201, 'one address may be in several accounts, and none tells of the other');
});
