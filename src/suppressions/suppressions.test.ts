import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { startApi, type TestApi } from '../../test/kit/api.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault, type NewAccount } from '../accounts/index.ts';
import { sql } from '../platform/database.ts';
import { noteReturn, suppressionRoutes } from './index.ts';

let world: TestWorld;
let account: NewAccount;
let api: TestApi;
before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  api = await startApi(world, () => suppressionRoutes(world));
});
after(async () => {
  await api?.close();
  await world.close();
});

const call = async (method: string, path: string, body?: unknown, type = 'application/json', key = account.apiKey) => {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
};

test('an address is put on the list, found in any spelling, and taken off', async () => {
  assert.equal((await call('GET', '/v1/suppressions/ana@example.org')).body.isSuppressed, false);
  const set = await call('PUT', '/v1/suppressions/Ana@Example.ORG', { reason: 'unsubscribed' });
  assert.equal(set.status, 200, set.text);
  assert.deepEqual(
    set.body.reasons.map(({ reason, scope, expiresAt }: Record<string, unknown>) => [reason, scope, expiresAt]),
    [['unsubscribed', 'marketing', null]],
  );
  const found = await call('GET', '/v1/suppressions/ana@example.org');
  assert.equal(found.body.isSuppressed, true);
  assert.equal((await call('DELETE', '/v1/suppressions/ana@example.org')).status, 204);
  const again = await call('DELETE', '/v1/suppressions/ana@example.org');
  assert.deepEqual([again.status, again.body.code], [404, 'suppression.not_found']);
});

test('what is no address is refused', async () => {
  for (const [method, body] of [['GET'], ['PUT', {}], ['DELETE']] as const) {
    const { status, body: problem } = await call(method, '/v1/suppressions/nobody', body);
    assert.deepEqual([status, problem.code], [400, 'message.invalid_address'], method);
  }
});

test('reasons stand beside each other, and each goes by itself', async () => {
  await call('PUT', '/v1/suppressions/bo@example.org', { reason: 'unsubscribed' });
  const both = await call('PUT', '/v1/suppressions/bo@example.org', { reason: 'hard-bounce' });
  assert.equal(both.body.reasons.length, 2);
  assert.equal((await call('DELETE', '/v1/suppressions/bo@example.org?reason=hard-bounce')).status, 204);
  const left = await call('GET', '/v1/suppressions/bo@example.org');
  assert.deepEqual(
    left.body.reasons.map(({ reason }: { reason: string }) => reason),
    ['unsubscribed'],
  );
});

test('one with an end is over when it comes', async () => {
  const expiresAt = new Date(world.clock.now().getTime() + 60_000).toISOString();
  await call('PUT', '/v1/suppressions/cy@example.org', { expiresAt });
  assert.equal((await call('GET', '/v1/suppressions/cy@example.org')).body.isSuppressed, true);
  world.clock.advance(61_000);
  assert.equal((await call('GET', '/v1/suppressions/cy@example.org')).body.isSuppressed, false);
});

test('the list comes in pages, each entry once, and refuses a cursor that is not its own', async () => {
  const { accountId, apiKey } = await createTestAccount(world);
  const emails = Array.from({ length: 7 }, (_, n) => `p${n}@example.org`);
  const rows = emails.map((email) => ({ email }));
  await call('POST', '/v1/suppression-import', { suppressions: rows }, undefined, apiKey);
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await call('GET', `/v1/suppressions?limit=3${cursor}`, undefined, undefined, apiKey);
    assert.equal(page.status, 200, page.text);
    seen.push(...page.body.suppressions.map(({ email }: { email: string }) => email));
    cursor = page.body.nextCursor === undefined ? '' : `&cursor=${page.body.nextCursor}`;
  } while (cursor !== '');
  assert.deepEqual(seen.toSorted(), emails);
  const refused = await call('GET', '/v1/suppressions?cursor=x');
  assert.deepEqual([refused.status, refused.body.code], [400, 'request.bad_cursor']);
  assert.notEqual(accountId, account.accountId);
  assert.equal((await call('GET', `/v1/suppressions/p1@example.org`)).body.isSuppressed, false, 'another account’s');
});

test('CSV comes in, with what is wrong told by row and without its words, and goes out as it can come in again', async () => {
  const csv =
    '\uFEFFemail,reason,scope\r\n"di@example.org",complaint,marketing\r\nnobody here\r\neve@example.org,nonsense\r\n+flo@example.org\r\n';
  const taken = await call('POST', '/v1/suppression-import', { csv });
  assert.equal(taken.status, 200, taken.text);
  assert.equal(taken.body.added, 2);
  assert.deepEqual(
    taken.body.refused.map(({ row }: { row: number }) => row),
    [2, 3],
  );
  assert.doesNotMatch(taken.text, /nobody|eve|nonsense/);
  const out = await call('GET', '/v1/suppression-export');
  assert.match(out.text, /^email,reason,scope,createdAt,expiresAt\r\n/);
  assert.match(out.text, /di@example\.org,complaint,marketing/);
  const { apiKey } = await createTestAccount(world);
  const again = await call('POST', '/v1/suppression-import', { csv: out.text }, undefined, apiKey);
  assert.deepEqual(again.body.refused, []);
  assert.equal(
    (await call('GET', '/v1/suppressions/+flo@example.org', undefined, undefined, apiKey)).body.isSuppressed,
    true,
  );
});

test('a list that is too long, or no list, is refused whole', async () => {
  const tooMany = Array.from({ length: 10_001 }, (_, n) => `p${n}@example.org`).join('\n');
  for (const [body, code] of [
    [{ suppressions: 1 }, 'request.malformed'],
    [{ suppressions: [], csv: '' }, 'request.malformed'],
    [{ csv: tooMany }, 'suppression.import_invalid'],
  ] as const) {
    const { status, body: problem } = await call('POST', '/v1/suppression-import', body);
    assert.deepEqual([status, problem.code], [400, code]);
  }
});

test('a dead address is suppressed at once, one that fails for a while at the third time and for a while', async () => {
  const vault = await accountVault(world, account.accountId);
  const note = (address: string, bounce: 'hard' | 'soft' | 'blocked') =>
    world.db.asAccount(account.accountId, (tx) =>
      noteReturn(tx, vault, { kind: 'bounce', bounce, address, at: world.clock.now() }),
    );
  assert.equal(await note('gone@example.org', 'hard'), true);
  for (let n = 0; n < 5; n += 1) assert.equal(await note('blocked@example.org', 'blocked'), false);
  assert.equal(await note('tired@example.org', 'soft'), false);
  world.clock.advance(31 * 86_400_000);
  assert.equal(await note('tired@example.org', 'soft'), false);
  assert.equal(await note('Tired@example.org', 'soft'), false, 'the first was too long ago');
  assert.equal(await note('tired@example.org', 'soft'), true);
  assert.equal((await call('GET', '/v1/suppressions/tired@example.org')).body.reasons[0].reason, 'soft-bounces');
  world.clock.advance(31 * 86_400_000);
  assert.equal((await call('GET', '/v1/suppressions/tired@example.org')).body.isSuppressed, false);
  assert.equal((await call('GET', '/v1/suppressions/gone@example.org')).body.isSuppressed, true);
});

test('no address stands readable in the tables', async () => {
  const rows = await world.db.asAccount(account.accountId, (tx) =>
    tx.query<{ text: string }>(sql`SELECT s::text || encode(address_sealed, 'escape') AS text FROM suppressions s`),
  );
  assert.ok(rows.length > 3);
  for (const { text } of rows) assert.doesNotMatch(text, /example/);
});
