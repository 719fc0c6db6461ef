/** Users over SCIM, with the bodies that directories really send (Microsoft Entra ID, Okta, OneLogin, JumpCloud). */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it, test } from 'node:test';
import type { TestApi } from '../../test/kit/api.ts';
import { ask } from '../../test/kit/api.ts';
import {
  type Directory,
  enterpriseSchema,
  filtered,
  openDirectory,
  patching,
  person,
  publicUrl,
  refusalOf,
  startProvisioning,
  userSchema,
} from '../../test/kit/directory.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { createDepartment, inviteUser, listUsers } from '../contract/people.ts';

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

const users = async () => (await ask(api, listUsers, directory.ownerKey)).users;

/** learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups#create-user */
const entraUser = {
  schemas: [userSchema, enterpriseSchema],
  externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
  userName: 'Ana.Lopez@clinic.example',
  active: true,
  displayName: 'Ana Lopez',
  emails: [{ primary: true, type: 'work', value: 'Ana.Lopez@clinic.example' }],
  meta: { resourceType: 'User' },
  name: { formatted: 'Ana Lopez', familyName: 'Lopez', givenName: 'Ana' },
  title: 'Nurse',
  phoneNumbers: [{ type: 'work', value: '+1 555 0100' }],
  roles: [],
  [enterpriseSchema]: { department: 'Radiology', employeeNumber: '7' },
};

describe('Microsoft Entra ID', () => {
  it('looks whether somebody is there, makes them, and finds them by what it knows', async () => {
    const none = await directory.say('GET', filtered('/Users', 'userName eq "Ana.Lopez@clinic.example"'));
    assert.equal(none.status, 200);
    assert.equal(none.body.totalResults, 0);
    assert.deepEqual(none.body.Resources, []);
    const made = await directory.say('POST', '/Users', entraUser);
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('location'), `${publicUrl}/scim/v2/Users/${made.body.id}`);
    assert.equal(made.headers.get('etag'), made.body.meta.version);
    assert.equal(made.body.userName, entraUser.userName);
    assert.deepEqual(made.body.name, entraUser.name);
    assert.deepEqual(made.body.emails, entraUser.emails);
    assert.deepEqual(made.body[enterpriseSchema], { department: 'Radiology' });
    assert.equal(made.body.phoneNumbers, undefined, 'what nobody needs is not kept');
    for (const filter of [
      'userName eq "ana.lopez@CLINIC.example"',
      `externalId eq "${entraUser.externalId}"`,
      'emails[type eq "work"].value eq "ana.lopez@clinic.example"',
      'emails.value eq "ana.lopez@clinic.example"',
      `id eq "${made.body.id}"`,
      'userName eq "ana.lopez@clinic.example" and active eq true',
    ]) {
      const found = await directory.say('GET', filtered('/Users', filter));
      assert.deepEqual(
        found.body.Resources.map((one: { id: string }) => one.id),
        [made.body.id],
        filter,
      );
    }
    const other = await directory.say(
      'GET',
      filtered('/Users', 'externalId eq "0A21F0F2-8D2A-4F8E-BF98-7363C4AED4EF"'),
    );
    assert.equal(other.body.totalResults, 0, 'an external id is told apart by case');
    const [ana] = await users();
    assert.deepEqual(
      { email: ana?.email, name: ana?.name, role: ana?.role, state: ana?.state },
      { email: 'ana.lopez@clinic.example', name: 'Ana Lopez', role: 'viewer', state: 'invited' },
    );
  });

  it('changes and disables with capital operations and words for booleans', async () => {
    const { body: made } = await directory.say('POST', '/Users', entraUser);
    const changed = await directory.say(
      'PATCH',
      `/Users/${made.id}`,
      patching(
        { op: 'Replace', path: 'displayName', value: 'Ana Marín' },
        { op: 'Replace', path: 'name.familyName', value: 'Marín' },
        { op: 'Replace', path: 'emails[type eq "work"].value', value: 'ana.marin@clinic.example' },
        { op: 'Add', path: 'emails[type eq "home"].value', value: 'ana@home.example' },
        { op: 'Add', path: `${enterpriseSchema}:department`, value: 'Oncology' },
        { op: 'Add', path: 'addresses[type eq "work"].locality', value: 'Somewhere' },
        { op: 'Replace', path: `${enterpriseSchema}:manager`, value: 'x' },
      ),
    );
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    assert.equal(changed.body.displayName, 'Ana Marín');
    assert.equal(changed.body.name.familyName, 'Marín');
    assert.deepEqual(changed.body.emails, [
      { value: 'ana.marin@clinic.example', type: 'work', primary: true },
      { value: 'ana@home.example', type: 'home' },
    ]);
    assert.deepEqual(changed.body[enterpriseSchema], { department: 'Oncology' });
    const [ana] = await users();
    assert.equal(ana?.email, 'ana.marin@clinic.example');
    assert.equal(ana?.name, 'Ana Marín');
    const disabled = await directory.say(
      'PATCH',
      `/Users/${made.id}`,
      patching({ op: 'Replace', path: 'active', value: 'False' }),
    );
    assert.equal(disabled.body.active, false);
    assert.equal((await users())[0]?.state, 'deactivated');
    const inactive = await directory.say('GET', filtered('/Users', 'active eq "False"'));
    assert.equal(inactive.body.totalResults, 1);
    const secondary = await directory.say('GET', filtered('/Users', 'emails.value eq "ana@home.example"'));
    assert.equal(secondary.body.totalResults, 1, 'every address finds');
  });

  it('sends dotted keys without a path', async () => {
    const { body: made } = await directory.say('POST', '/Users', entraUser);
    const { body: changed } = await directory.say(
      'PATCH',
      `/Users/${made.id}`,
      patching({
        op: 'replace',
        value: {
          displayName: 'Bjarne',
          'name.givenName': 'Bjarne',
          'name.familyName': 'Unua',
          [`${enterpriseSchema}:department`]: 'Pharmacy',
          [`${enterpriseSchema}:employeeNumber`]: '9',
          active: 'False',
        },
      }),
    );
    assert.equal(changed.displayName, 'Bjarne');
    assert.deepEqual(changed.name, { formatted: 'Ana Lopez', familyName: 'Unua', givenName: 'Bjarne' });
    assert.deepEqual(changed[enterpriseSchema], { department: 'Pharmacy' });
    assert.equal(changed.active, false);
    assert.equal(changed['name.givenName'], undefined);
  });

  it('asks for few attributes, or for all but some', async () => {
    const { body: made } = await directory.say('POST', '/Users', entraUser);
    const few = await directory.say('GET', `/Users/${made.id}?attributes=userName,name.givenName`);
    assert.deepEqual(few.body, {
      schemas: made.schemas,
      id: made.id,
      userName: entraUser.userName,
      name: { givenName: 'Ana' },
    });
    const without = await directory.say('GET', '/Users?excludedAttributes=emails,groups,meta');
    assert.equal(without.body.Resources[0].emails, undefined);
    assert.equal(without.body.Resources[0].displayName, 'Ana Lopez');
  });
});

describe('Okta', () => {
  /** developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20 */
  const oktaUser = {
    schemas: [userSchema],
    userName: 'ben.okafor@clinic.example',
    name: { givenName: 'Ben', familyName: 'Okafor' },
    emails: [{ primary: true, value: 'ben.okafor@clinic.example', type: 'work' }],
    displayName: 'Ben Okafor',
    locale: 'en-US',
    externalId: '00ujl29u0le5T6Aj10h7',
    groups: [],
    password: '1mz050nq',
    active: true,
  };

  it('makes, replaces whole, deactivates without a path and brings back by PUT', async () => {
    const made = await directory.say('POST', '/Users', oktaUser);
    assert.equal(made.status, 201);
    assert.ok(!JSON.stringify(made.body).includes(oktaUser.password));
    const put = await directory.say('PUT', `/Users/${made.body.id}`, {
      ...oktaUser,
      id: made.body.id,
      displayName: 'Benjamin Okafor',
      meta: made.body.meta,
    });
    assert.equal(put.status, 200);
    assert.equal(put.body.displayName, 'Benjamin Okafor');
    const off = await directory.say(
      'PATCH',
      `/Users/${made.body.id}`,
      patching({ op: 'replace', value: { active: false } }),
    );
    assert.equal(off.status, 200);
    assert.equal(off.body.active, false);
    const silent = await directory.say('PUT', `/Users/${made.body.id}`, { ...oktaUser, active: undefined });
    assert.equal(silent.body.active, false, 'saying nothing of it lets nobody in');
    const on = await directory.say('PUT', `/Users/${made.body.id}`, oktaUser);
    assert.equal(on.body.active, true);
    assert.equal((await users())[0]?.state, 'invited');
  });

  it('pages through all users', async () => {
    for (const n of [1, 2, 3, 4, 5]) {
      world.clock.advance(1);
      await directory.say('POST', '/Users', person(`user${n}@clinic.example`));
    }
    const page = async (startIndex: number) =>
      (await directory.say('GET', `/Users?startIndex=${startIndex}&count=2`)).body;
    const first = await page(1);
    world.clock.advance(1);
    assert.deepEqual([first.totalResults, first.startIndex, first.itemsPerPage], [5, 1, 2]);
    await directory.say('POST', '/Users', person('late@clinic.example'));
    const rest = [await page(3), await page(5)];
    assert.deepEqual(
      [first, ...rest].flatMap((one) => one.Resources.map(({ userName }: { userName: string }) => userName)),
      [...[1, 2, 3, 4, 5].map((n) => `user${n}@clinic.example`), 'late@clinic.example'],
      'who comes between two pages neither moves nor hides anybody',
    );
    assert.equal((await directory.say('GET', '/Users?count=0')).body.totalResults, 6);
    assert.deepEqual((await directory.say('GET', '/Users?startIndex=100')).body.Resources, []);
    assert.equal((await directory.say('GET', '/Users?startIndex=-4&count=-1')).body.itemsPerPage, 0);
    assert.equal((await directory.say('GET', '/Users?startIndex=x')).status, 400);
  });
});

describe('OneLogin and JumpCloud', () => {
  it('OneLogin makes with little, replaces by PATCH with a path, and deletes', async () => {
    const made = await directory.say('POST', '/Users', {
      schemas: [userSchema, enterpriseSchema],
      userName: 'cleo@clinic.example',
      name: { givenName: 'Cleo', familyName: 'Ito' },
      emails: [{ value: 'cleo@clinic.example', primary: true }],
      [enterpriseSchema]: { department: '' },
    });
    assert.equal(made.status, 201);
    assert.equal((await users())[0]?.name, 'Cleo Ito');
    const off = await directory.say(
      'PATCH',
      `/Users/${made.body.id}`,
      patching({ op: 'replace', path: 'active', value: false }),
    );
    assert.equal(off.body.active, false);
    const gone = await directory.say('DELETE', `/Users/${made.body.id}`, undefined, {
      'content-type': 'application/scim+json',
    });
    assert.equal(gone.status, 204);
    assert.equal(refusalOf(await directory.say('GET', `/Users/${made.body.id}`)), '404 - user.not_found');
    assert.equal((await directory.say('GET', '/Users')).body.totalResults, 0);
  });

  it('JumpCloud makes, and replaces whole with PUT as application/json', async () => {
    const body = {
      schemas: [userSchema],
      userName: 'dora',
      name: { givenName: 'Dora', familyName: 'Weiss' },
      emails: [{ value: 'dora@clinic.example', type: 'work', primary: true }],
      active: true,
      externalId: '5f1b0a',
    };
    const json = { 'content-type': 'application/json' };
    const made = await directory.say('POST', '/Users', body, json);
    assert.equal(made.status, 201);
    assert.equal((await users())[0]?.email, 'dora@clinic.example', 'a userName need not be an address');
    const put = await directory.say('PUT', `/Users/${made.body.id}`, { ...body, active: false }, json);
    assert.equal(put.body.active, false);
  });
});

test('somebody who was invited by hand is found by their address, and taken over without changing what nobody said', async () => {
  const body = { email: 'emil@clinic.example', name: 'Emil Roth', role: 'sender' };
  const { user } = await ask(api, inviteUser, directory.ownerKey, { body });
  const found = await directory.say('GET', filtered('/Users', 'userName eq "emil@clinic.example"'));
  assert.equal(found.body.Resources[0].id, user.id);
  assert.equal(found.body.Resources[0].displayName, 'Emil Roth');
  const again = await directory.say('POST', '/Users', person('emil@clinic.example'));
  assert.equal(refusalOf(again), '409 uniqueness scim.user_name_taken');
  await directory.say('PATCH', `/Users/${user.id}`, patching({ op: 'add', path: 'externalId', value: 'e-1' }));
  const [emil] = await users();
  assert.deepEqual([emil?.email, emil?.name, emil?.role], [body.email, body.name, 'sender']);
  assert.equal((await directory.say('GET', filtered('/Users', 'externalId eq "e-1"'))).body.totalResults, 1);
});

test('who was deleted comes back under the same id, as somebody new: no role, no way to sign in', async () => {
  const { body: made } = await directory.say('POST', '/Users', person('faye@clinic.example', { displayName: 'Faye' }));
  await directory.say('DELETE', `/Users/${made.id}`);
  const again = await directory.say('POST', '/Users', person('faye@clinic.example', { displayName: 'Faye Ng' }));
  assert.equal(again.status, 201);
  assert.equal(again.body.id, made.id);
  assert.equal(again.body.active, true);
  const [faye, ...others] = await users();
  assert.deepEqual(others, []);
  assert.deepEqual([faye?.name, faye?.role, faye?.state], ['Faye Ng', 'viewer', 'invited']);
});

test('one userName is made once, also by two requests at the same moment', async () => {
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => directory.say('POST', '/Users', person('gus@clinic.example'))),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409]);
  assert.equal((await users()).length, 1);
});

test('an address or a userName of somebody else is refused as not unique', async () => {
  const { body: hana } = await directory.say('POST', '/Users', person('hana@clinic.example'));
  await directory.say('POST', '/Users', person('ivo@clinic.example'));
  const sameAddress = { emails: [{ value: 'IVO@clinic.example', primary: true }] };
  assert.equal(
    refusalOf(await directory.say('POST', '/Users', person('other', sameAddress))),
    '409 uniqueness user.email_taken',
  );
  assert.equal(
    refusalOf(
      await directory.say(
        'PATCH',
        `/Users/${hana.id}`,
        patching({ op: 'replace', path: 'userName', value: 'Ivo@clinic.example' }),
      ),
    ),
    '409 uniqueness scim.user_name_taken',
  );
  assert.equal(
    refusalOf(await directory.say('PATCH', `/Users/${hana.id}`, patching({ op: 'replace', value: sameAddress }))),
    '409 uniqueness user.email_taken',
  );
});

test('the department follows the directory where one of this name exists', async () => {
  const { id } = await ask(api, createDepartment, directory.ownerKey, { body: { name: 'Radiology' } });
  const { body: made } = await directory.say('POST', '/Users', entraUser);
  assert.equal((await users())[0]?.departmentId, id);
  await directory.say(
    'PATCH',
    `/Users/${made.id}`,
    patching({ op: 'replace', path: `${enterpriseSchema}:department`, value: 'Nowhere' }),
  );
  assert.equal((await users())[0]?.departmentId, id, 'an unknown department changes nothing');
});

test('a change is refused when somebody else changed it first', async () => {
  const { body: made } = await directory.say('POST', '/Users', person('jo@clinic.example'));
  const rename = patching({ op: 'replace', path: 'displayName', value: 'Jo' });
  const stale = { 'if-match': 'W/"stale"' };
  assert.equal(
    refusalOf(await directory.say('PATCH', `/Users/${made.id}`, rename, stale)),
    '412 - scim.version_changed',
  );
  const changed = await directory.say('PATCH', `/Users/${made.id}`, rename, { 'if-match': made.meta.version });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.body.meta.version, made.meta.version);
  assert.equal((await directory.say('DELETE', `/Users/${made.id}`, undefined, { 'if-match': '*' })).status, 204);
});

test('users of another account are not there', async () => {
  const other = await openDirectory(world, api);
  const { body: theirs } = await other.say('POST', '/Users', person('kim@clinic.example'));
  const paths = {
    GET: undefined,
    PUT: person('kim@clinic.example'),
    PATCH: patching({ op: 'remove', path: 'name' }),
    DELETE: undefined,
  };
  for (const [method, body] of Object.entries(paths))
    assert.equal(refusalOf(await directory.say(method, `/Users/${theirs.id}`, body)), '404 - user.not_found', method);
  assert.equal((await directory.say('GET', filtered('/Users', `id eq "${theirs.id}"`))).body.totalResults, 0);
  assert.equal((await directory.say('POST', '/Users', person('kim@clinic.example'))).status, 201);
});

test('what the service can do is told', async () => {
  const config = (await directory.say('GET', '/ServiceProviderConfig')).body;
  assert.deepEqual([config.patch.supported, config.bulk.supported, config.filter.maxResults], [true, false, 200]);
  const types = (await directory.say('GET', '/ResourceTypes')).body.Resources;
  assert.deepEqual(
    types.map((one: { endpoint: string }) => one.endpoint),
    ['/Users', '/Groups'],
  );
  assert.equal((await directory.say('GET', '/ResourceTypes/User')).body.schema, userSchema);
  const schemas = (await directory.say('GET', '/Schemas')).body.Resources;
  assert.equal(schemas.length, 3);
  const schema = (await directory.say('GET', `/Schemas/${userSchema}`)).body;
  assert.ok(schema.attributes.some((one: { name: string }) => one.name === 'userName'));
  assert.equal(refusalOf(await directory.say('GET', '/Schemas/nothing')), '404 - scim.not_found');
  assert.equal(refusalOf(await directory.say('GET', '/Nothing')), '404 - route.not_found');
  assert.equal(refusalOf(await directory.say('POST', '/Schemas', {})), '405 - route.method_not_allowed');
});

test('a search by POST finds what the same filter in a URL finds', async () => {
  await directory.say('POST', '/Users', person('lena@clinic.example'));
  const search = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
    filter: 'userName sw "lena"',
    attributes: ['userName'],
    count: 10,
  };
  const found = await directory.say('POST', '/Users/.search', search);
  assert.equal(found.status, 200);
  assert.equal(found.body.Resources[0].userName, 'lena@clinic.example');
  assert.equal(found.body.Resources[0].emails, undefined);
  assert.equal(
    refusalOf(await directory.say('POST', '/Users/.search', { filter: 7 })),
    '400 invalidValue scim.invalid_value',
  );
});
