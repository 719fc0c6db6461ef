/** Drafts over real HTTP: back after the end of a session, to the same user alone, sealed, and gone in time. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../../test/kit/account.ts';
import { startApi, type TestApi } from '../../../test/kit/api.ts';
import { acceptByPassword, codeOf, type Person, personAt, tokenOf } from '../../../test/kit/person.ts';
import { type TestWorld, testWorld } from '../../../test/kit/world.ts';
import { sql } from '../../platform/database.ts';
import { accountRoutes, createSignInLink, forgetOldDrafts } from '../index.ts';

const password = 'seven herons over the lake';
const word = 'Qzvxwaxdraft';
const fields = { name: `Ana ${word}`, email: 'ana@example.org' };
const hourMs = 3_600_000;
let world: TestWorld;
let api: TestApi;
let accountId: string;
let apiKey: string;
let link: Person;
let ana: Staff;
let bo: Staff;

interface Staff extends Person {
  readonly id: string;
  readonly email: string;
  readonly secret: string;
}

async function join(email: string): Promise<Staff> {
  const { body } = await link.ask('POST', '/v1/users', { email, name: 'Somebody', role: 'owner' });
  const person = personAt(api.url);
  const { secret } = await acceptByPassword(person, body.invitation.link, password, world.clock);
  world.clock.advance(30_000);
  return Object.assign(person, { id: body.user.id as string, email, secret });
}

const signIn = (staff: Staff) =>
  staff.ask('POST', '/v1/sign-in/password', { email: staff.email, password, code: codeOf(staff.secret, world.clock) });

before(async () => {
  world = await testWorld();
  api = await startApi(world, (gate) => accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }), {
    trustedProxies: ['127.0.0.1/32'],
  });
  ({ accountId, apiKey } = await createTestAccount(world));
  link = personAt(api.url);
  const token = tokenOf(await createSignInLink(world, accountId, api.url, { kind: 'system', id: 'test' }));
  await link.ask('POST', '/v1/session', { token });
  ana = await join('ana@example.org');
  bo = await join('bo@example.org');
});
after(async () => {
  await api.close();
  await world.close();
});

test('what was typed is there again after the session has ended and its user signed in', async () => {
  const saved = await ana.ask('PUT', '/v1/drafts/invite', { fields });
  assert.equal(saved.status, 200, JSON.stringify(saved.body));
  assert.equal(Date.parse(saved.body.expiresAt) - Date.parse(saved.body.savedAt), 7 * 24 * hourMs);
  world.clock.advance(hourMs); // half an hour without use ends a session
  assert.equal((await ana.ask('GET', '/v1/drafts/invite')).status, 401);
  assert.equal((await signIn(ana)).status, 200);
  assert.deepEqual((await ana.ask('GET', '/v1/drafts/invite')).body.draft?.fields, fields);
  assert.deepEqual((await ana.ask('GET', '/v1/drafts/department')).body, { draft: null });
});

test('nobody else gets it: no other user, no installation link, no API key, not by another’s row', async () => {
  await signIn(bo);
  assert.deepEqual((await bo.ask('GET', '/v1/drafts/invite')).body, { draft: null });
  await bo.ask('DELETE', '/v1/drafts/invite');
  assert.equal((await ana.ask('GET', '/v1/drafts/invite')).body.draft?.fields.name, fields.name);
  world.clock.advance(60_000);
  const fresh = personAt(api.url);
  const token = tokenOf(await createSignInLink(world, accountId, api.url, { kind: 'system', id: 'test' }));
  await fresh.ask('POST', '/v1/session', { token });
  assert.deepEqual((await fresh.ask('GET', '/v1/drafts/invite')).body, { draft: null });
  const refused = await fresh.ask('PUT', '/v1/drafts/invite', { fields });
  assert.deepEqual([refused.status, refused.body.code], [403, 'draft.nobody']);
  assert.equal((await fresh.ask('DELETE', '/v1/drafts/invite')).status, 204);
  const byKey = await fetch(`${api.url}/v1/drafts/invite`, { headers: { authorization: `Bearer ${apiKey}` } });
  assert.equal(byKey.status, 403);
  await world.db.asAccount(accountId, (tx) =>
    tx.query(sql`UPDATE drafts SET user_id = ${bo.id} WHERE user_id = ${ana.id}`),
  );
  assert.deepEqual((await bo.ask('GET', '/v1/drafts/invite')).body, { draft: null }, 'a row in another’s place');
});

test('it is sealed, replaced by what is typed later, discarded, and refused where it is too much', async () => {
  await ana.ask('PUT', '/v1/drafts/invite', { fields });
  await ana.ask('PUT', '/v1/drafts/invite', { fields: { name: 'later' } });
  assert.deepEqual((await ana.ask('GET', '/v1/drafts/invite')).body.draft.fields, { name: 'later' });
  await ana.ask('PUT', '/v1/drafts/invite', { fields });
  const [row] = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ body: Buffer }>(sql`SELECT body_sealed AS body FROM drafts WHERE user_id = ${ana.id}`),
  );
  assert.ok(row !== undefined && !row.body.toString('latin1').includes(word));
  const large = await ana.ask('PUT', '/v1/drafts/invite', { fields: { name: 'x'.repeat(65_536) } });
  assert.deepEqual([large.status, large.body.code], [413, 'request.too_large']);
  assert.equal((await ana.ask('PUT', '/v1/drafts/In%20vite', { fields })).status, 400);
  assert.equal((await ana.ask('DELETE', '/v1/drafts/invite')).status, 204);
  assert.deepEqual((await ana.ask('GET', '/v1/drafts/invite')).body, { draft: null });
  for (let n = 0; n < 100; n += 1) await ana.ask('PUT', `/v1/drafts/form-${n}`, { fields: {} });
  const more = await ana.ask('PUT', '/v1/drafts/one-more', { fields: {} });
  assert.deepEqual([more.status, more.body.code], [409, 'draft.too_many']);
});

test('it ends after seven days, and with its user', async () => {
  const left = async () =>
    (
      await world.db.readAccount(accountId, (tx) => tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM drafts`))
    )[0]?.n;
  await forgetOldDrafts(world);
  assert.ok(((await left()) ?? 0) >= 100);
  world.clock.advance(7 * 24 * hourMs);
  await signIn(ana);
  assert.deepEqual((await ana.ask('GET', '/v1/drafts/form-1')).body, { draft: null }, 'before it is deleted');
  await forgetOldDrafts(world);
  assert.equal(await left(), 0);
  await signIn(bo);
  assert.equal((await bo.ask('PUT', '/v1/drafts/invite', { fields })).status, 200);
  assert.equal((await ana.ask('DELETE', `/v1/users/${bo.id}`)).status, 204);
  await forgetOldDrafts(world);
  assert.equal(await left(), 0);
});
