/** Groups over SCIM, and what an administrator lets them mean: roles, departments, being let in. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it, test } from 'node:test';
import pg from 'pg';
import { ask, refusal, type TestApi } from '../../test/kit/api.ts';
import {
  type Directory,
  filtered,
  groupSchema,
  openDirectory,
  patching,
  person,
  refusalOf,
  say,
  startProvisioning,
} from '../../test/kit/directory.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault } from '../accounts/index.ts';
import { createApiKey } from '../contract/access.ts';
import { changeUser, createDepartment, inviteUser, listUsers } from '../contract/people.ts';
import type { Role } from '../contract/permissions.ts';
import { changeProvisioning, mapProvisionedGroup, readProvisioning } from '../contract/provisioning.ts';
import { bytes } from '../platform/columns.ts';
import { sql } from '../platform/database.ts';

tryStatementsHere(import.meta.filename);

let world: TestWorld;
let api: TestApi;
let directory: Directory;

before(async () => {
  world = await testWorld();
  api = await startProvisioning(world);
});
after(async () => {
  await api?.close();
  await world?.close();
});
beforeEach(async () => {
  directory = await openDirectory(world, api);
});

const make = async (name: string): Promise<string> =>
  (await directory.say('POST', '/Users', person(`${name}@clinic.example`))).body.id;

const group = (displayName: string, members: readonly string[] = [], more = {}) => ({
  schemas: [groupSchema],
  displayName,
  members: members.map((value) => ({ value })),
  ...more,
});

async function makeGroup(displayName: string, ...members: readonly string[]): Promise<string> {
  world.clock.advance(1); // of two departments the older group's counts
  return (await directory.say('POST', '/Groups', group(displayName, members))).body.id;
}

const map = (id: string, role: Role | null, departmentId: string | null = null) =>
  ask(api, mapProvisionedGroup, directory.ownerKey, { params: { id }, body: { role, departmentId } });

async function userOf(id: string) {
  const { users } = await ask(api, listUsers, directory.ownerKey);
  const user = users.find((one) => one.id === id);
  assert.ok(user);
  return user;
}

const membersOf = async (id: string): Promise<string[]> =>
  ((await directory.say('GET', `/Groups/${id}`)).body.members ?? []).map((one: { value: string }) => one.value).sort();

const accept = (id: string) =>
  world.db.asAccount(directory.accountId, (tx) =>
    tx.query(sql`UPDATE users SET accepted_at = now() WHERE account_id = current_account() AND id = ${id}`),
  );

/** People of the console, put into a group: as many requests of a directory would take minutes. */
async function addStaff(groupId: string, count: number): Promise<void> {
  const vault = await accountVault(world, directory.accountId);
  const sealed = Array.from({ length: count }, (_, at) => ({
    email: vault.seal('user.email', `staff${at}@clinic.example`),
    name: vault.seal('user.name', `Staff ${at}`),
  }));
  await world.db.asAccount(directory.accountId, (tx) =>
    tx.query(sql`
      WITH made AS (
        INSERT INTO users (account_id, id, email_sealed, email_index, email_lookup, name_sealed, role, created_at)
        SELECT current_account(), gen_random_uuid(), m.email, sha256(m.email), sha256(m.name), m.name, 'viewer', now()
          FROM unnest(${bytes(sealed.map(({ email }) => email))}::bytea[],
                      ${bytes(sealed.map(({ name }) => name))}::bytea[]) AS m (email, name) RETURNING id)
      INSERT INTO provisioned_members (account_id, group_id, user_id)
      SELECT current_account(), ${groupId}, id FROM made`),
  );
}

/** Of every connection of this process. */
function countStatements(): { count(): number; end(): void } {
  const prototype = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown };
  const original = prototype.query;
  let count = 0;
  prototype.query = function counted(this: object, ...given: unknown[]): unknown {
    count += 1;
    return original.apply(this, given);
  };
  return {
    count: () => count,
    end() {
      prototype.query = original;
    },
  };
}

describe('a group', () => {
  it('of Entra is made empty, gets members one request at a time, loses them both ways, and goes', async () => {
    const [ana, ben, cleo] = [await make('ana'), await make('ben'), await make('cleo')];
    const made = await directory.say('POST', '/Groups', {
      schemas: [groupSchema, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
      displayName: 'Nurses',
      meta: { resourceType: 'Group' },
    });
    assert.equal(made.status, 201);
    assert.deepEqual(made.body.members, []);
    const path = `/Groups/${made.body.id}`;
    const add = (id: string) => patching({ op: 'Add', path: 'members', value: [{ $ref: null, value: id }] });
    for (const id of [ana, ben, ben, cleo]) assert.equal((await directory.say('PATCH', path, add(id))).status, 204);
    assert.deepEqual(await membersOf(made.body.id), [ana, ben, cleo].sort());
    const asked = `id eq "${made.body.id}" and members eq "${ben}"`;
    const found = await directory.say('GET', filtered('/Groups', asked, '&excludedAttributes=members'));
    assert.equal(found.body.totalResults, 1);
    assert.equal(found.body.Resources[0].members, undefined);
    await directory.say(
      'PATCH',
      path,
      patching({ op: 'Remove', path: 'members', value: [{ $ref: null, value: ben }] }),
    );
    await directory.say('PATCH', path, patching({ op: 'Remove', path: `members[value eq "${cleo}"]` }));
    assert.deepEqual(await membersOf(made.body.id), [ana]);
    assert.equal((await directory.say('GET', filtered('/Groups', asked))).body.totalResults, 0);
    const { body: user } = await directory.say('GET', `/Users/${ana}`);
    assert.deepEqual(
      user.groups.map(({ value, display }: { value: string; display: string }) => [value, display]),
      [[made.body.id, 'Nurses']],
    );
    assert.equal((await directory.say('DELETE', path)).status, 204);
    assert.equal(refusalOf(await directory.say('GET', path)), '404 - group.not_found');
    assert.equal((await directory.say('GET', `/Users/${ana}`)).body.groups, undefined);
  });

  it('of Okta is pushed with its members, renamed without a path, and replaced', async () => {
    const [ana, ben] = [await make('ana'), await make('ben')];
    const id = await makeGroup('Test Group', ana);
    const rename = patching({ op: 'replace', value: { id, displayName: 'Clinicians' } });
    assert.equal((await directory.say('PATCH', `/Groups/${id}`, rename)).status, 204);
    const found = await directory.say('GET', filtered('/Groups', 'displayName eq "clinicians"'));
    assert.equal(found.body.Resources[0].id, id);
    const both = patching(
      { op: 'remove', path: `members[value eq "${ana}"]` },
      { op: 'add', path: 'members', value: [{ value: ben, display: 'ben@clinic.example' }] },
    );
    await directory.say('PATCH', `/Groups/${id}`, both);
    assert.deepEqual(await membersOf(id), [ben]);
    await directory.say(
      'PATCH',
      `/Groups/${id}`,
      patching({ op: 'replace', path: 'members', value: [{ value: ana }] }),
    );
    assert.deepEqual(await membersOf(id), [ana]);
    const put = await directory.say('PUT', `/Groups/${id}`, group('Clinicians', [ana, ben]));
    assert.equal(put.status, 200);
    assert.equal(put.body.members.length, 2);
    await directory.say('PATCH', `/Groups/${id}`, patching({ op: 'remove', path: 'members' }));
    assert.deepEqual(await membersOf(id), []);
  });

  it('has one name in the account, and members of this account only', async () => {
    const ana = await make('ana');
    await makeGroup('Nurses', ana);
    assert.equal(refusalOf(await directory.say('POST', '/Groups', group('NURSES'))), '409 uniqueness group.name_taken');
    const other = await openDirectory(world, api);
    const theirs = (await other.say('POST', '/Users', person('x@clinic.example'))).body.id;
    for (const member of [theirs, crypto.randomUUID(), 'nobody'])
      assert.equal(
        refusalOf(await directory.say('POST', '/Groups', group('Other', [ana, member]))),
        '400 invalidValue scim.member_unknown',
      );
    const theirGroup = (await other.say('POST', '/Groups', group('Nurses', [theirs]))).body.id;
    for (const [method, body] of Object.entries({ GET: undefined, PUT: group('x'), DELETE: undefined }))
      assert.equal(refusalOf(await directory.say(method, `/Groups/${theirGroup}`, body)), '404 - group.not_found');
    const mapping = { params: { id: theirGroup }, body: { role: null, departmentId: null } };
    assert.equal(await refusal(api, mapProvisionedGroup, directory.ownerKey, mapping), 'group.not_found');
    assert.equal((await other.say('GET', '/Groups')).body.totalResults, 1);
  });

  it('refuses a change of an older version', async () => {
    const id = await makeGroup('Nurses');
    const rename = patching({ op: 'replace', path: 'displayName', value: 'Ward' });
    const { headers } = await directory.say('GET', `/Groups/${id}`);
    const tag = { 'if-match': headers.get('etag') ?? '' };
    assert.equal((await directory.say('PATCH', `/Groups/${id}`, rename, tag)).status, 204);
    assert.equal(refusalOf(await directory.say('PATCH', `/Groups/${id}`, rename, tag)), '412 - scim.version_changed');
  });
});

describe('a mapped group', () => {
  it('gives its role to those who are in it and who come; the strongest wins; who leaves the last is a viewer', async () => {
    const [ana, ben] = [await make('ana'), await make('ben')];
    const senders = await makeGroup('Senders', ana);
    const admins = await makeGroup('Admins');
    await map(senders, 'sender');
    await map(admins, 'admin');
    assert.equal((await userOf(ana)).role, 'sender', 'who is in it already');
    await directory.say(
      'PATCH',
      `/Groups/${senders}`,
      patching({ op: 'add', path: 'members', value: [{ value: ben }] }),
    );
    assert.equal((await userOf(ben)).role, 'sender', 'who comes');
    await directory.say(
      'PATCH',
      `/Groups/${admins}`,
      patching({ op: 'add', path: 'members', value: [{ value: ana }] }),
    );
    assert.equal((await userOf(ana)).role, 'admin', 'the strongest');
    await directory.say('PUT', `/Groups/${admins}`, group('Admins'));
    assert.equal((await userOf(ana)).role, 'sender', 'of what is left');
    await directory.say('DELETE', `/Groups/${senders}`);
    assert.deepEqual([(await userOf(ana)).role, (await userOf(ben)).role], ['viewer', 'viewer']);
  });

  it('of two thousand members is mapped by a few statements, each member with an entry of their own', async () => {
    const members = 2_000;
    const id = await makeGroup('All staff', await make('ana'));
    await addStaff(id, members - 1);
    const said = countStatements();
    await map(id, 'sender');
    assert.ok(said.count() < 60, `${said.count()} statements`);
    said.end();
    const roles = Map.groupBy((await ask(api, listUsers, directory.ownerKey)).users, (one) => one.role);
    assert.deepEqual(
      [...roles].map(([role, of]) => [role, of.length]),
      [['sender', members]],
    );
    const [told] = await world.db.readAccount(directory.accountId, (tx) =>
      tx.query<{ n: number }>(sql`
        SELECT count(DISTINCT object_id)::int AS n FROM audit_entries
         WHERE account_id = current_account() AND action = 'user.changed' AND detail->>'role' = 'sender'`),
    );
    assert.equal(told?.n, members);
    await ask(api, changeProvisioning, directory.ownerKey, { body: { withoutGroup: 'deactivate' } });
    await directory.say('PUT', `/Groups/${id}`, group('All staff'));
    const states = Map.groupBy((await ask(api, listUsers, directory.ownerKey)).users, (one) => one.state);
    assert.deepEqual(
      [...states].map(([state, of]) => [state, of.length]),
      [['deactivated', members]],
    );
  });

  it('gives its department, the older group’s where two do, and leaving keeps it', async () => {
    const [first, second] = await Promise.all(
      ['First', 'Second'].map((name) => ask(api, createDepartment, directory.ownerKey, { body: { name } })),
    );
    const ana = await make('ana');
    const [older, younger] = [await makeGroup('Older', ana), await makeGroup('Younger', ana)];
    await map(younger, null, second?.id ?? null);
    assert.equal((await userOf(ana)).departmentId, second?.id);
    await map(older, null, first?.id ?? null);
    assert.equal((await userOf(ana)).departmentId, first?.id);
    await directory.say('DELETE', `/Groups/${older}`);
    await directory.say('DELETE', `/Groups/${younger}`);
    assert.equal((await userOf(ana)).departmentId, second?.id, 'nobody falls out of a department unsaid');
  });

  it('puts out who leaves the last one, where the account says so, and lets them back in', async () => {
    await ask(api, changeProvisioning, directory.ownerKey, { body: { withoutGroup: 'deactivate' } });
    const ana = await make('ana');
    assert.equal((await userOf(ana)).state, 'invited', 'who never was in one is let in');
    const id = await makeGroup('Senders', ana);
    await map(id, 'sender');
    const change = (op: string) =>
      directory.say('PATCH', `/Groups/${id}`, patching({ op, path: 'members', value: [{ value: ana }] }));
    await change('remove');
    assert.equal((await userOf(ana)).state, 'deactivated');
    assert.equal((await directory.say('GET', `/Users/${ana}`)).body.active, false);
    const insisting = await directory.say('PUT', `/Users/${ana}`, person('ana@clinic.example', { active: true }));
    assert.equal(insisting.body.active, false, 'being active in the directory is not being in a group');
    await change('add');
    assert.deepEqual([(await userOf(ana)).state, (await userOf(ana)).role], ['invited', 'sender']);
    await directory.say('PATCH', `/Users/${ana}`, patching({ op: 'replace', path: 'active', value: false }));
    await change('remove');
    await change('add');
    assert.equal((await userOf(ana)).state, 'deactivated', 'whom the directory deactivated no group lets in');
  });

  it('leaves who left before, and was deactivated by the directory then, out', async () => {
    await ask(api, changeProvisioning, directory.ownerKey, { body: { withoutGroup: 'deactivate' } });
    const ana = await make('ana');
    const id = await makeGroup('Senders', ana);
    await map(id, 'sender');
    await directory.say('PUT', `/Groups/${id}`, group('Senders'));
    await directory.say('PATCH', `/Users/${ana}`, patching({ op: 'replace', path: 'active', value: 'False' }));
    await directory.say('PUT', `/Groups/${id}`, group('Senders', [ana]));
    assert.equal((await userOf(ana)).state, 'deactivated');
  });

  it('never makes less of an owner whom the console made, and takes a narrowing away only with the role', async () => {
    const boss = { email: 'boss@clinic.example', name: 'Boss', role: 'owner' as const };
    const { user: owner } = await ask(api, inviteUser, directory.ownerKey, { body: boss });
    const narrow = { email: 'nat@clinic.example', name: 'Nat', role: 'sender' as const };
    const body = { ...narrow, permissions: ['reports.read'] };
    const { user: narrowed } = await ask(api, inviteUser, directory.ownerKey, { body });
    const id = await makeGroup('Senders', owner.id, narrowed.id);
    await map(id, 'sender');
    assert.equal((await userOf(owner.id)).role, 'owner');
    assert.deepEqual((await userOf(narrowed.id)).permissions, ['reports.read']);
    await map(id, 'viewer');
    assert.equal((await userOf(narrowed.id)).permissions, null);
  });
});

describe('the last owner who can sign in', () => {
  async function onlyOwner(): Promise<string> {
    const ana = await make('ana');
    const id = await makeGroup('Owners', ana);
    await map(id, 'owner');
    await accept(ana);
    return ana;
  }

  it('is neither deactivated, nor deleted, nor made less by a group', async () => {
    const ana = await onlyOwner();
    const off = patching({ op: 'replace', path: 'active', value: false });
    assert.equal(refusalOf(await directory.say('PATCH', `/Users/${ana}`, off)), '409 - user.last_owner');
    assert.equal(refusalOf(await directory.say('DELETE', `/Users/${ana}`)), '409 - user.last_owner');
    const { body } = await directory.say('GET', filtered('/Groups', 'displayName eq "Owners"'));
    const id = body.Resources[0].id;
    assert.equal(refusalOf(await directory.say('PUT', `/Groups/${id}`, group('Owners'))), '409 - user.last_owner');
    assert.equal(refusalOf(await directory.say('DELETE', `/Groups/${id}`)), '409 - user.last_owner');
    assert.deepEqual(await membersOf(id), [ana], 'nothing of what was refused is done');
    assert.deepEqual([(await userOf(ana)).role, (await userOf(ana)).state], ['owner', 'active']);
  });

  it('may go once there is another', async () => {
    const ana = await onlyOwner();
    const boss = { email: 'boss@clinic.example', name: 'Boss', role: 'owner' };
    const { user } = await ask(api, inviteUser, directory.ownerKey, { body: boss });
    await accept(user.id);
    const off = patching({ op: 'replace', path: 'active', value: false });
    assert.equal((await directory.say('PATCH', `/Users/${ana}`, off)).status, 200);
  });
});

describe('a key', () => {
  it('reaches no further than the admin who made it', async () => {
    const boss = { email: 'boss@clinic.example', name: 'Boss', role: 'owner' as const };
    const { user: owner } = await ask(api, inviteUser, directory.ownerKey, { body: boss });
    const admin = { email: 'adam@clinic.example', name: 'Adam', role: 'admin' as const };
    const { user: maker } = await ask(api, inviteUser, directory.ownerKey, { body: admin });
    await accept(maker.id);
    await world.db.asAccount(directory.accountId, (tx) =>
      tx.query(
        sql`UPDATE api_keys SET made_by = ${maker.id} WHERE account_id = current_account() AND name = 'Directory'`,
      ),
    );
    const off = patching({ op: 'replace', path: 'active', value: false });
    assert.equal(refusalOf(await directory.say('PATCH', `/Users/${owner.id}`, off)), '403 - user.beyond_caller');
    const moved = patching({ op: 'replace', path: 'userName', value: 'thief@clinic.example' });
    await directory.say('PATCH', `/Users/${owner.id}`, moved);
    assert.equal((await userOf(owner.id)).email, 'boss@clinic.example');
    const owners = (await directory.say('POST', '/Groups', group('Owners'))).body.id;
    await map(owners, 'owner');
    const own = patching({ op: 'add', path: 'members', value: [{ value: maker.id }] });
    assert.equal(refusalOf(await directory.say('PATCH', `/Groups/${owners}`, own)), '403 - user.beyond_caller');
    assert.equal((await userOf(maker.id)).role, 'admin');
  });

  it('without the permission provisions nobody, and the permission alone opens nothing else', async () => {
    const { secret } = await ask(api, createApiKey, directory.ownerKey, {
      body: { name: 'Other', permissions: ['people.manage'] },
    });
    assert.equal(refusalOf(await say(api, secret, 'GET', '/Users')), '403 - auth.forbidden');
    assert.equal(refusalOf(await say(api, undefined, 'GET', '/Users')), '401 - auth.missing');
    assert.equal(await refusal(api, listUsers, directory.key), 'auth.forbidden');
    assert.equal(await refusal(api, readProvisioning, directory.key), 'auth.forbidden');
    const mapping = { params: { id: crypto.randomUUID() }, body: { role: 'viewer', departmentId: null } };
    assert.equal(await refusal(api, mapProvisionedGroup, directory.key, mapping), 'auth.forbidden');
  });
});

test('nobody maps a group, or sets a default, to more than they may do', async () => {
  const { secret } = await ask(api, createApiKey, directory.ownerKey, {
    body: { name: 'Manager', permissions: ['people.manage', 'people.read'] },
  });
  const id = await makeGroup('Admins');
  const mapping = { params: { id }, body: { role: 'admin', departmentId: null } };
  assert.equal(await refusal(api, mapProvisionedGroup, secret, mapping), 'user.beyond_caller');
  assert.equal(
    await refusal(api, changeProvisioning, secret, { body: { defaultRole: 'admin' } }),
    'user.beyond_caller',
  );
  const unknown = { params: { id }, body: { role: null, departmentId: crypto.randomUUID() } };
  assert.equal(await refusal(api, mapProvisionedGroup, directory.ownerKey, unknown), 'department.unknown');
  assert.equal(
    await refusal(api, changeProvisioning, directory.ownerKey, { body: { defaultRole: 'owner' } }),
    'request.malformed',
  );
});

test('an administrator sees the groups, when the directory was heard and what it got wrong, in words', async () => {
  const [ana] = [await make('ana')];
  const id = await makeGroup('Nurses', ana);
  await directory.say('POST', '/Groups', group('nurses'));
  await directory.say('GET', filtered('/Users', 'nonsense'));
  await directory.say('POST', '/Users', '{"userName":');
  await directory.say('GET', `/Users/${crypto.randomUUID()}`);
  const seen = await ask(api, readProvisioning, directory.ownerKey);
  assert.equal(seen.baseUrl, 'https://mail.clinic.example/scim/v2');
  const heardMsAgo = world.clock.now().getTime() - new Date(seen.lastHeardAt ?? 0).getTime();
  assert.ok(heardMsAgo >= 0 && heardMsAgo < 30_000, `${heardMsAgo}`);
  assert.deepEqual(
    seen.groups.map(({ id: one, name, members, role }) => [one, name, members, role]),
    [[id, 'Nurses', 1, null]],
  );
  assert.deepEqual(seen.faults.map(({ request, code }) => [request, code]).sort(), [
    ['createScimGroup', 'group.name_taken'],
    ['createScimUser', 'request.invalid_json'],
    ['listScimUsers', 'scim.invalid_filter'],
  ]);
  assert.ok(seen.faults.every(({ title, remedy }) => title.length > 5 && remedy.length > 5));
  assert.deepEqual((await ask(api, readProvisioning, (await openDirectory(world, api)).ownerKey)).groups, []);
});

test('what a directory does stands in the audit log, by its key', async () => {
  const ana = await make('ana');
  const id = await makeGroup('Senders', ana);
  await map(id, 'sender');
  await directory.say('PATCH', `/Users/${ana}`, patching({ op: 'replace', path: 'externalId', value: 'x' }));
  await directory.say('PATCH', `/Users/${ana}`, patching({ op: 'replace', path: 'active', value: false }));
  await directory.say('PATCH', `/Users/${ana}`, patching({ op: 'replace', path: 'active', value: true }));
  await directory.say('DELETE', `/Groups/${id}`);
  const entries = await world.db.readAccount(directory.accountId, (tx) =>
    tx.query<{ action: string; kind: string; detail: Record<string, unknown> }>(sql`
      SELECT action, actor_kind AS kind, detail FROM audit_entries
       WHERE account_id = current_account() AND (action LIKE 'user.%' OR action LIKE 'provision%') ORDER BY id`),
  );
  const told = entries.map(({ action, kind, detail }) => `${kind} ${action} ${detail.by ?? ''}`.trim()).sort();
  assert.deepEqual(told, [
    'api-key provisioned_group.created',
    'api-key provisioned_group.deleted',
    'api-key provisioned_group.mapped',
    'api-key user.changed scim',
    'api-key user.changed scim',
    'api-key user.changed scim',
    'api-key user.deactivated scim',
    'api-key user.invited scim',
    'api-key user.reactivated scim',
  ]);
  const text = JSON.stringify(entries);
  assert.doesNotMatch(text, /clinic\.example|Senders/);
});

test('changing a user keeps what an administrator decided until a group says otherwise', async () => {
  const ana = await make('ana');
  await ask(api, changeUser, directory.ownerKey, { params: { id: ana }, body: { role: 'compliance', name: 'Ana L.' } });
  await directory.say('PATCH', `/Users/${ana}`, patching({ op: 'add', path: 'externalId', value: '7' }));
  assert.deepEqual([(await userOf(ana)).role, (await userOf(ana)).name], ['compliance', 'Ana L.']);
  await makeGroup('Unmapped', ana);
  assert.equal((await userOf(ana)).role, 'compliance');
});
