/** What no directory sends: wrong, huge, deep and sly requests. Each is refused with SCIM's word for it, and nothing is stored. */
import assert from 'node:assert/strict';
import { after, before, describe, it, test } from 'node:test';
import { ask, type TestApi } from '../../test/kit/api.ts';
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
  userSchema,
} from '../../test/kit/directory.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { createApiKey, revokeApiKey } from '../contract/access.ts';
import { raw, sql } from '../platform/database.ts';

let world: TestWorld;
let api: TestApi;
let directory: Directory;
let ana: string;

before(async () => {
  world = await testWorld();
  api = await startProvisioning(world);
  directory = await openDirectory(world, api);
  const made = await directory.say('POST', '/Users', person('ana@clinic.example', { displayName: 'Ana' }));
  ana = made.body.id;
});
after(async () => {
  await api?.close();
  await world?.close();
});

const readAna = async () => (await directory.say('GET', `/Users/${ana}`)).body;

describe('a filter is refused that', () => {
  const refused: Record<string, string> = {
    'is empty': ' ',
    'is no comparison': 'userName',
    'has an unknown operator': 'userName like "x"',
    'has no value': 'userName eq',
    'has a bare value': 'userName eq ana',
    'does not close a text': 'userName eq "ana',
    'does not close a bracket': '(userName eq "ana"',
    'closes too much': 'userName eq "ana")',
    'names what is not kept': 'password sw "a"',
    'names what is unknown': '__proto__ eq "a"',
    'names a constructor': 'constructor.prototype eq "a"',
    'orders true and false': 'active gt true',
    'has brackets where there is one value': 'name[givenName eq "x"]',
    'is nested too deep': `${'('.repeat(12)}userName eq "a"${')'.repeat(12)}`,
    'is nested thousands deep': `${'('.repeat(900)}userName eq "a"${')'.repeat(900)}`,
    'denies too often': `${'not ('.repeat(12)}userName eq "a"${')'.repeat(12)}`,
    'has too many terms': Array.from({ length: 51 }, () => 'id pr').join(' or '),
    'is too long': `userName eq "${'x'.repeat(2_000)}"`,
    'goes on': 'userName eq "a" userName eq "b"',
  };
  for (const [name, filter] of Object.entries(refused))
    it(name, async () => {
      const startedAt = performance.now();
      for (const path of ['/Users', '/Groups']) {
        const answer = await directory.say(
          'GET',
          filtered(path, filter.replaceAll('userName', path === '/Users' ? 'userName' : 'displayName')),
        );
        assert.equal(refusalOf(answer), '400 invalidFilter scim.invalid_filter');
        assert.ok(answer.body.schemas.includes('urn:ietf:params:scim:api:messages:2.0:Error'));
        assert.equal(answer.body.status, '400');
        assert.doesNotMatch(answer.body.detail, /ana/i, 'nothing that was sent is repeated');
      }
      assert.ok(performance.now() - startedAt < 1_000);
    });

  it('is right finds, in any spelling of the grammar', async () => {
    for (const filter of [
      'USERNAME EQ "ANA@clinic.example"',
      'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ana@clinic.example"',
      'not (userName eq "b") and (active eq true or displayName pr)',
      'displayName co "n" and displayName sw "a" and displayName ew "A"',
      'meta.lastModified ge "2020-01-01T00:00:00Z" and meta.created lt "2999-01-01T00:00:00Z"',
      'externalId eq null',
      'userName ne "a \\"quoted\\" name"',
      'meta.resourceType eq "User"',
    ]) {
      const { body } = await directory.say('GET', filtered('/Users', filter));
      assert.equal(body.totalResults, 1, filter);
    }
    for (const filter of ['emails pr', 'groups.value pr', 'userName eq "a\\"b"', 'id eq "x"', 'not (displayName pr)'])
      assert.equal((await directory.say('GET', filtered('/Users', filter))).body.totalResults, 0, filter);
  });
});

describe('a change is refused that', () => {
  const refused: Record<string, readonly [string, unknown]> = {
    'has no operation': ['invalidSyntax scim.invalid_syntax', patching()],
    'has no list of operations': ['invalidSyntax scim.invalid_syntax', { Operations: { op: 'add' } }],
    'has an operation that is none': ['invalidSyntax scim.invalid_syntax', patching('add')],
    'is of another message': [
      'invalidSyntax scim.invalid_syntax',
      { ...patching({ op: 'add', value: {} }), schemas: [userSchema] },
    ],
    moves: ['invalidSyntax scim.invalid_syntax', patching({ op: 'move', path: 'userName', value: 'x' })],
    'has a number for a path': ['invalidPath scim.invalid_path', patching({ op: 'add', path: 7, value: 'x' })],
    'names what is unknown': ['invalidPath scim.invalid_path', patching({ op: 'add', path: 'nonsense', value: 'x' })],
    'names a prototype': [
      'invalidPath scim.invalid_path',
      patching({ op: 'add', path: '__proto__.isAdmin', value: true }),
    ],
    'goes too deep': ['invalidPath scim.invalid_path', patching({ op: 'add', path: 'name.givenName.x', value: 'x' })],
    'has a wrong filter': [
      'invalidPath scim.invalid_path',
      patching({ op: 'add', path: 'emails[type eq].value', value: 'x' }),
    ],
    'has brackets where there is one value': [
      'invalidPath scim.invalid_path',
      patching({ op: 'add', path: 'name[givenName eq "x"]', value: 'x' }),
    ],
    'replaces what is not there': [
      'noTarget scim.no_target',
      patching({ op: 'replace', path: 'emails[type eq "none"].value', value: 'x@y.example' }),
    ],
    'removes everything': ['noTarget scim.no_target', patching({ op: 'remove' })],
    'changes the id': ['mutability scim.mutability', patching({ op: 'replace', path: 'id', value: 'x' })],
    'changes the groups': [
      'mutability scim.mutability',
      patching({ op: 'add', path: 'groups', value: [{ value: 'x' }] }),
    ],
    'removes the userName': ['invalidValue scim.invalid_value', patching({ op: 'remove', path: 'userName' })],
    'has no value': ['invalidValue scim.invalid_value', patching({ op: 'add', path: 'displayName' })],
    'has no object without a path': ['invalidValue scim.invalid_value', patching({ op: 'add', value: 'x' })],
    'says active by a word': [
      'invalidValue scim.invalid_value',
      patching({ op: 'replace', path: 'active', value: 'perhaps' }),
    ],
    'says active by a list': [
      'invalidValue scim.invalid_value',
      patching({ op: 'replace', path: 'active', value: ['true'] }),
    ],
    'has an object for a text': [
      'invalidValue scim.invalid_value',
      patching({ op: 'replace', path: 'displayName', value: { x: 1 } }),
    ],
    'has an endless name': [
      'invalidValue scim.invalid_value',
      patching({ op: 'replace', path: 'displayName', value: 'x'.repeat(257) }),
    ],
    'has a control character': [
      'invalidValue scim.invalid_value',
      patching({ op: 'replace', path: 'displayName', value: 'a\u0000b' }),
    ],
    'has a mark that turns the direction of writing': [
      'invalidValue scim.invalid_value',
      patching({ op: 'replace', path: 'displayName', value: 'a\u202Eb' }),
    ],
    'has no usable address': [
      'invalidValue scim.invalid_value',
      patching({ op: 'replace', path: 'emails', value: [{ value: 'nobody', primary: true }] }),
    ],
    'has too many addresses': [
      'tooMany scim.too_many',
      patching({
        op: 'add',
        path: 'emails',
        value: Array.from({ length: 21 }, (_, n) => ({ value: `a${n}@b.example` })),
      }),
    ],
    'has too many operations': [
      'tooMany scim.too_many',
      patching(...Array.from({ length: 1_001 }, () => ({ op: 'add', path: 'displayName', value: 'x' }))),
    ],
  };
  for (const [name, [why, body]] of Object.entries(refused))
    it(name, async () => {
      const before = await readAna();
      assert.equal(refusalOf(await directory.say('PATCH', `/Users/${ana}`, body)), `400 ${why}`);
      assert.deepEqual(await readAna(), before);
    });

  it('has one bad operation among good ones: none is done', async () => {
    const before = await readAna();
    const body = patching(
      { op: 'replace', path: 'displayName', value: 'X' },
      { op: 'replace', path: 'active', value: 9 },
    );
    assert.equal((await directory.say('PATCH', `/Users/${ana}`, body)).status, 400);
    assert.deepEqual(await readAna(), before);
  });
});

test('keys that would change every object change none', async () => {
  const sly = `{"schemas":["${userSchema}"],"userName":"sly@clinic.example","__proto__":{"isSly":true},
    "constructor":{"prototype":{"isSly":true}},"name":{"__proto__":{"isSly":true},"givenName":"Sly"},
    "emails":[{"__proto__":{"isSly":true},"value":"sly@clinic.example"}]}`;
  const made = await directory.say('POST', '/Users', sly);
  assert.equal(made.status, 201);
  assert.doesNotMatch(JSON.stringify(made.body), /isSly/);
  const patch = `{"Operations":[{"op":"add","value":{"__proto__":{"isSly":true},"name":{"__proto__":{"isSly":true}},"nonsense":1,"id":"x"}}]}`;
  const patched = await directory.say('PATCH', `/Users/${made.body.id}`, patch);
  assert.equal(patched.status, 200, JSON.stringify(patched.body));
  assert.equal(patched.body.id, made.body.id);
  assert.equal(({} as Record<string, unknown>).isSly, undefined);
  await directory.say('DELETE', `/Users/${made.body.id}`);
});

test('bodies that are none of SCIM are refused, and too large ones are not read', async () => {
  const post = async (body: unknown, headers = {}) => refusalOf(await directory.say('POST', '/Users', body, headers));
  assert.equal(await post('{"userName":'), '400 invalidSyntax request.invalid_json');
  const deep = `{"schemas":${'['.repeat(1e5)}${']'.repeat(1e5)},"userName":"x@y.example"}`;
  assert.equal(await post(deep), '400 invalidValue request.malformed', 'lists in lists beyond any stack');
  assert.equal(await post('[]'), '400 invalidSyntax scim.invalid_syntax');
  assert.equal(await post('null'), '400 invalidSyntax scim.invalid_syntax');
  assert.equal(
    await post({ schemas: [groupSchema], userName: 'x@y.example' }),
    '400 invalidSyntax scim.invalid_syntax',
  );
  assert.equal(await post({ schemas: [], userName: 'x@y.example' }), '400 invalidSyntax scim.invalid_syntax');
  assert.equal(await post({ schemas: [userSchema] }), '400 invalidValue scim.invalid_value');
  assert.equal(await post(person('')), '400 invalidValue scim.invalid_value');
  assert.equal(await post(person('no address')), '400 invalidValue scim.invalid_value');
  assert.equal(await post(person('x@y.example', { name: 'X' })), '400 invalidValue scim.invalid_value');
  assert.equal(await post(person('x@y.example', { pad: 'x'.repeat(1_100_000) })), '413 - request.too_large');
  assert.equal(await post('<user/>', { 'content-type': 'application/xml' }), '415 - request.unsupported_media_type');
  const group = (members: unknown) =>
    directory.say('POST', '/Groups', { schemas: [groupSchema], displayName: 'G', members });
  const many = Array.from({ length: 10_001 }, (_, n) => ({ value: String(n) }));
  assert.equal(refusalOf(await group(many)), '400 tooMany scim.too_many');
  assert.equal(refusalOf(await group([{ value: { $ne: null } }])), '400 invalidValue scim.invalid_value');
  assert.equal((await directory.say('GET', '/Users')).body.totalResults, 1);
  assert.equal((await directory.say('GET', '/Groups')).body.totalResults, 0);
});

test('an id that cannot be one names nobody', async () => {
  for (const id of ['x', '..%2F', "'%20OR%201=1", '00000000-0000-0000-0000-000000000000'])
    for (const path of [`/Users/${id}`, `/Groups/${id}`])
      assert.match(refusalOf(await directory.say('GET', path)), /^404 - (user|group)\.not_found$/);
});

test('a revoked key provisions nobody', async () => {
  const { id, secret } = await ask(api, createApiKey, directory.ownerKey, {
    body: { name: 'Old', permissions: ['people.provision'] },
  });
  assert.equal((await say(api, secret, 'GET', '/Users')).status, 200);
  await fetch(`${api.url}${revokeApiKey.path.replace('{id}', id)}`, {
    method: revokeApiKey.method,
    headers: { authorization: `Bearer ${directory.ownerKey}` },
  });
  assert.equal(refusalOf(await say(api, secret, 'GET', '/Users')), '401 - auth.invalid');
});

test('names, addresses and groups lie sealed, and the log has none of them', async () => {
  const word = 'zqscimcanary';
  await directory.say('POST', '/Users', person(`${word}@clinic.example`, { displayName: word, externalId: word }));
  await directory.say('POST', '/Groups', { schemas: [groupSchema], displayName: word, externalId: word });
  await directory.say('GET', filtered('/Users', `userName eq "${word}`));
  for (const table of ['users', 'provisioned_users', 'provisioned_groups', 'provisioning_faults', 'audit_entries']) {
    const rows = await world.db.readAccount(directory.accountId, (tx) =>
      tx.query<{ text: string }>(sql`SELECT t::text AS text FROM ${raw(table)} t`),
    );
    assert.ok(rows.length > 0, table);
    const hex = Buffer.from(word).toString('hex');
    for (const { text } of rows) assert.ok(!text.includes(word) && !text.includes(hex), table);
  }
  assert.ok(!world.logLines.join('\n').includes(word));
});
