/** People narrowed to a department, over real HTTP: whom they meet and manage, and what holds for mail of a department. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accountRoutes, accountVault, createSignInLink } from '../src/accounts/index.ts';
import { decodeStoredHeader } from '../src/core/delivery/stored-header.ts';
import { sql } from '../src/platform/database.ts';
import { reportRoutes } from '../src/reports/index.ts';
import { sendingRoutes } from '../src/sending/index.ts';
import { createTestAccount } from './kit/account.ts';
import type { Body } from './kit/answer.ts';
import { startApi, type TestApi } from './kit/api.ts';
import { acceptByPassword, type Person, personAt, tokenOf } from './kit/person.ts';
import { type TestWorld, testWorld } from './kit/world.ts';

let world: TestWorld;
let api: TestApi;
before(async () => {
  world = await testWorld();
  const trackingUrl = 'https://t.clinic.example';
  api = await startApi(
    world,
    (gate) => [
      ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
      ...sendingRoutes(world, { trackingUrl }),
      ...reportRoutes(world),
    ],
    { trustedProxies: ['127.0.0.1/32'] },
  );
});
after(async () => {
  await api.close();
  await world.close();
});

async function done(person: Person, method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await person.ask(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const codeOf = async (person: Person, method: string, path: string, body?: unknown): Promise<string> =>
  (await person.ask(method, path, body)).body?.code;

interface Staff extends Person {
  readonly id: string;
}

let people = 0;
const newcomer = (wish: object) => {
  people += 1;
  return { email: `staff${people}@example.org`, name: `Staff ${people}`, role: 'viewer', ...wish };
};

async function join(inviter: Person, wish: object): Promise<Staff> {
  const { user, invitation } = await done(inviter, 'POST', '/v1/users', newcomer(wish));
  const person = personAt(api.url);
  await acceptByPassword(person, invitation.link, 'seven herons over the lake', world.clock);
  return Object.assign(person, { id: user.id as string });
}

async function newClinic() {
  const { accountId } = await createTestAccount(world);
  const link = await createSignInLink(world, accountId, api.url, { kind: 'system', id: 'test' });
  const holder = personAt(api.url);
  await done(holder, 'POST', '/v1/session', { token: tokenOf(link) });
  const owner = await join(holder, { role: 'owner' });
  const made = async (name: string, parentId: string | null): Promise<string> =>
    (await done(owner, 'POST', '/v1/departments', { name, parentId })).id;
  const house = await made('House', null);
  const heart = await made('Heart', house);
  const departments = { house, heart, ward: await made('Ward', heart), lab: await made('Lab', house) };
  const narrowed = (departmentId: string, role: string) => join(owner, { role, departmentId, reach: 'department' });
  return { accountId, owner, departments, narrowed, manager: await narrowed(heart, 'admin') };
}

const letter = {
  from: 'Clinic <care@clinic.example>',
  to: ['ana@example.org'],
  subject: 'Your visit',
  text: 'Good day.',
  html: '<p><a href="https://clinic.example/visit">Your visit</a></p>',
};

test('an invitation narrows to a department, and asks for one', async () => {
  const { owner, departments, manager } = await newClinic();
  const nobodys = newcomer({ reach: 'department' });
  assert.equal(await codeOf(owner, 'POST', '/v1/users', nobodys), 'department.account_wide');
  const session = await done(manager, 'GET', '/v1/session');
  assert.deepEqual([session.user.reach, session.user.departmentId], ['department', departments.heart]);
  assert.ok(session.permissions.includes('people.manage'));
  assert.ok(!session.permissions.includes('settings.change'), 'what is account-wide is not listed');
  assert.equal(await codeOf(manager, 'PATCH', '/v1/settings/outbound', { trackOpens: true }), 'auth.account_wide');
  const back = { departmentId: null };
  assert.equal(await codeOf(owner, 'PATCH', `/v1/users/${manager.id}`, back), 'department.account_wide');
});

test('a narrowed manager meets and manages the people of their departments, and no others', async () => {
  const { owner, departments, manager, narrowed } = await newClinic();
  const nurse = await narrowed(departments.ward, 'sender');
  const chemist = await narrowed(departments.lab, 'viewer');
  const { users } = await done(manager, 'GET', '/v1/users');
  assert.deepEqual(new Set(users.map((one: Body) => one.id)), new Set([manager.id, nurse.id]));
  for (const id of [chemist.id, owner.id, crypto.randomUUID()]) {
    assert.equal(await codeOf(manager, 'PATCH', `/v1/users/${id}`, { name: 'x' }), 'user.not_found');
    assert.equal(await codeOf(manager, 'DELETE', `/v1/users/${id}`), 'user.not_found');
    assert.equal(await codeOf(manager, 'POST', `/v1/users/${id}/invitation`, {}), 'user.not_found');
  }
  const sessions = (await done(manager, 'GET', '/v1/sessions')).sessions as Body[];
  assert.deepEqual(new Set(sessions.map((one) => one.userId)), new Set([manager.id, nurse.id]));
  const all = (await done(owner, 'GET', '/v1/sessions')).sessions as Body[];
  const foreign = all.find((one) => one.userId === chemist.id);
  assert.equal(await codeOf(manager, 'DELETE', `/v1/sessions/${foreign.id}`), 'session.not_found');
  const nurses = all.find((one) => one.userId === nurse.id);
  await done(manager, 'DELETE', `/v1/sessions/${nurses.id}`);
  assert.equal(await codeOf(nurse, 'GET', '/v1/session'), 'auth.invalid');
  const reader = await narrowed(departments.ward, 'viewer');
  await done(manager, 'DELETE', `/v1/users/${reader.id}`);
  assert.equal(await codeOf(reader, 'GET', '/v1/session'), 'auth.invalid');
});

test('a narrowed manager hands out no more than they reach', async () => {
  const { owner, departments, manager } = await newClinic();
  const inviting = (wish: object) => codeOf(manager, 'POST', '/v1/users', newcomer(wish));
  for (const departmentId of [departments.lab, departments.house, null, crypto.randomUUID()])
    assert.equal(await inviting({ departmentId, reach: 'department' }), 'department.unknown');
  assert.equal(await inviting({ reach: 'account' }), 'user.beyond_caller');
  assert.equal(await inviting({ role: 'owner' }), 'user.beyond_caller');
  const { user } = await done(manager, 'POST', '/v1/users', newcomer({ departmentId: departments.ward }));
  assert.equal(user.reach, 'department');
  const wider = { reach: 'account' };
  assert.equal(await codeOf(manager, 'PATCH', `/v1/users/${user.id}`, wider), 'user.beyond_caller');
  const away = { departmentId: departments.lab };
  assert.equal(await codeOf(manager, 'PATCH', `/v1/users/${user.id}`, away), 'department.unknown');
  const colleague = await join(owner, { departmentId: departments.heart });
  assert.equal(await codeOf(manager, 'DELETE', `/v1/users/${colleague.id}`), 'user.beyond_caller');
});

test('a narrowed manager changes departments below their own, and not the one where their access begins', async () => {
  const { departments, manager } = await newClinic();
  const { heart, ward, lab, house } = departments;
  const shown = (await done(manager, 'GET', '/v1/departments')).departments as Body[];
  assert.deepEqual(Object.fromEntries(shown.map((one) => [one.id, one.parentId])), { [heart]: null, [ward]: heart });
  assert.equal(
    await codeOf(manager, 'PATCH', `/v1/departments/${heart}`, { idleMinutes: 60 }),
    'department.above_caller',
  );
  assert.equal(await codeOf(manager, 'PATCH', `/v1/departments/${heart}/settings`, {}), 'department.above_caller');
  assert.equal(await codeOf(manager, 'DELETE', `/v1/departments/${heart}`), 'department.above_caller');
  await done(manager, 'PATCH', `/v1/departments/${ward}`, { name: 'Ward 7' });
  for (const id of [lab, house, crypto.randomUUID()]) {
    assert.equal(await codeOf(manager, 'PATCH', `/v1/departments/${id}`, { name: 'x' }), 'department.not_found');
    assert.equal(await codeOf(manager, 'GET', `/v1/departments/${id}/settings`), 'department.not_found');
    assert.equal(await codeOf(manager, 'PATCH', `/v1/departments/${id}/settings`, {}), 'department.not_found');
    assert.equal(await codeOf(manager, 'DELETE', `/v1/departments/${id}`), 'department.not_found');
    assert.equal(await codeOf(manager, 'PATCH', `/v1/departments/${ward}`, { parentId: id }), 'department.unknown');
    assert.equal(await codeOf(manager, 'POST', '/v1/departments', { name: 'x', parentId: id }), 'department.unknown');
  }
  assert.equal((await done(manager, 'POST', '/v1/departments', { name: 'New' })).parentId, heart);
});

test('a key does no more than its maker reaches, also when they are narrowed later', async () => {
  const { owner, departments } = await newClinic();
  const colleague = await join(owner, { role: 'owner', departmentId: departments.heart });
  const { secret } = await done(colleague, 'POST', '/v1/api-keys', { name: 'wide' });
  const read = async (id: string): Promise<number> =>
    (await fetch(`${api.url}/v1/messages/${id}`, { headers: { authorization: `Bearer ${secret}` } })).status;
  const sent = async (departmentId: string): Promise<string> =>
    (await done(owner, 'POST', '/v1/messages', { ...letter, departmentId })).id;
  const [near, far] = [await sent(departments.ward), await sent(departments.lab)];
  assert.deepEqual([await read(near), await read(far)], [200, 200]);
  await done(owner, 'PATCH', `/v1/users/${colleague.id}`, { reach: 'department' });
  assert.deepEqual([await read(near), await read(far)], [200, 404]);
});

test('whoever is narrowed and left without a department reaches nothing', async () => {
  const { accountId, manager, owner, departments } = await newClinic();
  const { secret } = await done(manager, 'POST', '/v1/api-keys', { name: 'theirs' });
  await done(owner, 'POST', '/v1/messages', { ...letter, departmentId: departments.heart });
  await world.db.asAccount(accountId, (tx) =>
    tx.query(sql`UPDATE users SET department_id = NULL WHERE account_id = ${accountId} AND id = ${manager.id}`),
  );
  const read = async (path: string): Promise<Body> =>
    (await fetch(api.url + path, { headers: { authorization: `Bearer ${secret}` } })).json();
  assert.equal((await read('/v1/reports/engagement')).totals.sent, 0);
  assert.deepEqual((await read('/v1/users')).users, []);
});

test('a person’s mail belongs to their department, and the audit entry says where they were', async () => {
  const { accountId, departments, narrowed } = await newClinic();
  const nurse = await narrowed(departments.ward, 'sender');
  const { id } = await done(nurse, 'POST', '/v1/messages', letter);
  assert.equal((await done(nurse, 'GET', `/v1/messages/${id}`)).departmentId, departments.ward);
  const rows = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ actor: string }>(sql`SELECT actor_id AS actor FROM audit_entries WHERE object_id = ${id}`),
  );
  assert.ok(rows.every(({ actor }) => actor === nurse.id));
});

test('the last owner who reaches everything is not narrowed', async () => {
  const { owner, departments } = await newClinic();
  const wish = { departmentId: departments.house, reach: 'department' };
  assert.equal(await codeOf(owner, 'PATCH', `/v1/users/${owner.id}`, wish), 'user.last_owner');
});

async function frozenOf(accountId: string, messageId: string) {
  const vault = await accountVault(world, accountId);
  const [row] = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ header: Buffer; key: Buffer; level: string; opens: boolean; clicks: boolean }>(sql`
      SELECT m.header_sealed AS header, k.key_sealed AS key, r.tracking_level AS level, r.track_opens AS opens,
             r.track_clicks AS clicks
        FROM messages m JOIN message_keys k ON k.message_id = m.id JOIN recipients r ON r.message_id = m.id
       WHERE m.id = ${messageId}`),
  );
  assert.ok(row);
  const header = vault.openMessageKey(row.key).open('message.header', row.header).toString();
  const { level, opens, clicks } = row;
  return { floor: decodeStoredHeader(header).minimumTransport, level, opens, clicks };
}

test('what protects tightens down the tree, and holds for mail from then on', async () => {
  const { accountId, owner, departments } = await newClinic();
  const { house, heart, ward } = departments;
  const send = async (departmentId: string | null): Promise<string> =>
    (await done(owner, 'POST', '/v1/messages', { ...letter, departmentId })).id;
  const set = (id: string, wish: object) => done(owner, 'PATCH', `/v1/departments/${id}/settings`, wish);
  await set(house, { minimumTransport: 'verified', trackOpens: false });
  await set(heart, { minimumTransport: 'plain', trackingLevel: 'anonymous', trackOpens: true });
  const told = await done(owner, 'GET', `/v1/departments/${ward}/settings`);
  assert.deepEqual(told.effective.minimumTransport, { value: 'verified', from: house });
  assert.deepEqual(told.effective.trackingLevel, { value: 'anonymous', from: heart });
  assert.deepEqual(told.effective.honeypotLinks.from, null);
  assert.equal(told.own.minimumTransport, null);
  assert.deepEqual(told.inherited, told.effective);
  const tightened = { floor: 'verified', level: 'anonymous', opens: false, clicks: true };
  assert.deepEqual(await frozenOf(accountId, await send(ward)), tightened);
  const loose = { floor: 'opportunistic', level: 'identified', opens: true, clicks: true };
  assert.deepEqual(await frozenOf(accountId, await send(null)), loose);
  await set(heart, { trackingLevel: null });
  assert.equal((await frozenOf(accountId, await send(ward))).level, 'identified');
  await set(ward, { requireVerifiedSender: true });
  const { status, body } = await owner.ask('POST', '/v1/messages', { ...letter, departmentId: ward });
  assert.deepEqual([status, body.code], [403, 'sender.not_verified']);
  await send(heart);
});

test('whoever is narrowed sees what holds for their department, and not which department above decided it', async () => {
  const { owner, departments, manager } = await newClinic();
  await done(owner, 'PATCH', `/v1/departments/${departments.house}/settings`, { minimumTransport: 'verified' });
  const told = await done(manager, 'GET', `/v1/departments/${departments.ward}/settings`);
  assert.deepEqual(told.effective.minimumTransport, { value: 'verified', from: null });
  assert.ok(!JSON.stringify(told).includes(departments.house));
});
