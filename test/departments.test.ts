/** Departments over real HTTP and SMTP: whoever is narrowed to one meets nothing of another, whichever way they ask. */
import assert from 'node:assert/strict';
import { after, before, describe, it, test } from 'node:test';
import { accountRoutes, auditDirectory } from '../src/accounts/index.ts';
import { auditRoutes } from '../src/audit/index.ts';
import { raw, sql } from '../src/platform/database.ts';
import { reportRoutes } from '../src/reports/index.ts';
import { sendingRoutes } from '../src/sending/index.ts';
import { createTestAccount } from './kit/account.ts';
import { askAt, type Body } from './kit/answer.ts';
import { startApi, type TestApi } from './kit/api.ts';
import { mail, RawClient, startTestSubmission } from './kit/submission.ts';
import { tryStatementsHere } from './kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from './kit/world.ts';

tryStatementsHere(import.meta.filename);

let world: TestWorld;
let api: TestApi;
const publicUrl = 'http://127.0.0.1';
const trackingUrl = 'https://t.clinic.example';
const trustedProxies = ['127.0.0.1/32'];

before(async () => {
  world = await testWorld();
  api = await startApi(
    world,
    (gate) => [
      ...accountRoutes(world, gate, { publicUrl }),
      ...sendingRoutes(world, { trackingUrl }),
      ...reportRoutes(world),
      ...auditRoutes({ ...world, ...auditDirectory(world) }),
    ],
    { trustedProxies },
  );
});
after(async () => {
  await api.close();
  await world.close();
});

const ask = (key: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  askAt(api.url + path, method, body, { authorization: `Bearer ${key}`, ...headers });

async function done(key: string, method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await ask(key, method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer.body;
}

const codeOf = async (key: string, method: string, path: string, body?: unknown): Promise<string> =>
  (await ask(key, method, path, body)).body?.code;

interface Clinic {
  readonly accountId: string;
  /** Not narrowed. */
  readonly owner: string;
  readonly departments: Readonly<Record<'house' | 'heart' | 'ward' | 'lab', string>>;
  /** Bound to the department of the same name. */
  readonly keys: Readonly<Record<'heart' | 'ward' | 'lab', string>>;
  readonly keyIds: Readonly<Record<'heart' | 'ward' | 'lab', string>>;
}

const letter = (more: object = {}) => ({
  from: 'Clinic <care@clinic.example>',
  to: ['ana@example.org'],
  subject: 'Your visit',
  text: 'Good day.',
  html: '<p><a href="https://clinic.example/visit">Your visit</a></p>',
  ...more,
});

const send = async (key: string, more: object = {}): Promise<string> =>
  (await done(key, 'POST', '/v1/messages', letter(more))).id;

/** House over heart over ward; the lab beside the heart, below the house. */
async function newClinic(): Promise<Clinic> {
  const { accountId, apiKey: owner } = await createTestAccount(world);
  const made = async (name: string, parentId?: string): Promise<string> =>
    (await done(owner, 'POST', '/v1/departments', { name, ...(parentId === undefined ? {} : { parentId }) })).id;
  const house = await made('House');
  const heart = await made('Heart', house);
  const departments = { house, heart, ward: await made('Ward', heart), lab: await made('Lab', house) };
  const bound = async (name: 'heart' | 'ward' | 'lab') =>
    done(owner, 'POST', '/v1/api-keys', { name, departmentId: departments[name] });
  const [h, w, l] = [await bound('heart'), await bound('ward'), await bound('lab')];
  const keys = { heart: h.secret, ward: w.secret, lab: l.secret };
  return { accountId, owner, departments, keys, keyIds: { heart: h.id, ward: w.id, lab: l.id } };
}

describe('mail of a department', () => {
  let clinic: Clinic;
  before(async () => {
    clinic = await newClinic();
  });
  const departmentOf = async (id: string) => (await done(clinic.owner, 'GET', `/v1/messages/${id}`)).departmentId;

  it('belongs to the department of the key that sent it', async () => {
    assert.equal(await departmentOf(await send(clinic.keys.heart)), clinic.departments.heart);
    assert.equal(await departmentOf(await send(clinic.owner)), null);
  });

  it('belongs to the department that the sender names among theirs', async () => {
    const { ward, lab } = clinic.departments;
    assert.equal(await departmentOf(await send(clinic.keys.heart, { departmentId: ward })), ward);
    assert.equal(await departmentOf(await send(clinic.owner, { departmentId: lab })), lab);
  });

  it('is refused for a department that the sender does not reach, as for one that does not exist', async () => {
    const nowhere = crypto.randomUUID();
    for (const departmentId of [clinic.departments.lab, clinic.departments.house, nowhere, null]) {
      const { status, body } = await ask(clinic.keys.heart, 'POST', '/v1/messages', letter({ departmentId }));
      assert.equal(status, 400);
      assert.equal(body.code, 'department.unknown');
    }
    assert.equal(
      await codeOf(clinic.owner, 'POST', '/v1/messages', letter({ departmentId: nowhere })),
      'department.unknown',
    );
  });

  it('comes in by SMTP for the department of the key', async () => {
    const server = await startTestSubmission(world);
    try {
      const client = await RawClient.signedIn(server.port, clinic.keys.ward);
      await client.say('MAIL FROM:<care@clinic.example>');
      await client.say('RCPT TO:<ana@example.org>');
      await client.say('DATA');
      const reply = await client.say(
        `${mail('From: Clinic <care@clinic.example>', 'Subject: Hello', '', 'Good day.')}\r\n.`,
      );
      client.close();
      const id = /queued as (\S+)/.exec(reply)?.[1] ?? reply;
      assert.equal(await departmentOf(id), clinic.departments.ward);
    } finally {
      await server.close();
    }
  });

  it('shares no idempotency key with another department', async () => {
    const header = { 'idempotency-key': 'the same' };
    const [first, again, other] = [
      await ask(clinic.keys.heart, 'POST', '/v1/messages', letter(), header),
      await ask(clinic.keys.heart, 'POST', '/v1/messages', letter(), header),
      await ask(clinic.keys.lab, 'POST', '/v1/messages', letter({ subject: 'Other' }), header),
    ];
    assert.equal(again.body.id, first.body.id);
    assert.equal(other.status, 202, other.text);
    assert.notEqual(other.body.id, first.body.id);
  });
});

describe('whoever is narrowed to a department', () => {
  let clinic: Clinic;
  let theirs: string;
  let accounts: string;
  let own: string;
  let below: string;
  before(async () => {
    clinic = await newClinic();
    theirs = await send(clinic.keys.lab, { campaign: 'canary lab', to: ['canary@lab.example'], subject: 'canary' });
    accounts = await send(clinic.owner, { campaign: 'canary account', to: ['canary@all.example'], subject: 'canary' });
    own = await send(clinic.keys.heart, { campaign: 'Autumn' });
    below = await send(clinic.keys.ward, { campaign: 'Autumn' });
    await send(clinic.keys.lab, { campaign: 'Autumn', to: ['canary@lab.example', 'canary2@lab.example'] });
  });

  it('reads messages of the department and those below it', async () => {
    for (const id of [own, below]) {
      assert.equal((await done(clinic.keys.heart, 'GET', `/v1/messages/${id}`)).id, id);
      assert.ok((await done(clinic.keys.heart, 'GET', `/v1/messages/${id}/events`)).events.length > 0);
    }
    assert.equal(await codeOf(clinic.keys.ward, 'GET', `/v1/messages/${own}`), 'message.not_found');
  });

  it('is told the same of a message elsewhere as of one that never was', async () => {
    const nowhere = crypto.randomUUID();
    for (const [method, path] of [
      ['GET', '/v1/messages/{id}'],
      ['GET', '/v1/messages/{id}/events'],
      ['GET', `/v1/messages/{id}/events?recipientId=${nowhere}`],
      ['DELETE', '/v1/messages/{id}'],
    ] as const) {
      const [unknown, foreign, ofAll] = await Promise.all(
        [nowhere, theirs, accounts].map((id) => ask(clinic.keys.heart, method, path.replace('{id}', id))),
      );
      for (const one of [foreign, ofAll]) {
        assert.equal(one?.status, 404);
        assert.deepEqual({ ...one?.body, requestId: '' }, { ...unknown?.body, requestId: '' });
      }
    }
    assert.equal((await done(clinic.owner, 'GET', `/v1/messages/${theirs}`)).erased, false);
  });

  it('lists and counts only their own, in every list, page, grouping, filter and format', async () => {
    const key = clinic.keys.heart;
    const { messages } = await done(key, 'GET', '/v1/messages');
    assert.deepEqual(new Set(messages.map((one: Body) => one.id)), new Set([own, below]));
    const first = await done(key, 'GET', '/v1/messages?limit=1');
    const second = await done(key, 'GET', `/v1/messages?limit=1&cursor=${first.nextCursor}`);
    assert.deepEqual(
      [first, second].flatMap((page) => page.messages.map((one: Body) => one.id)).toSorted(),
      [own, below].toSorted(),
    );
    assert.equal(second.nextCursor, null);
    assert.equal((await done(key, 'GET', '/v1/reports/recipients')).recipients.length, 2);
    for (const groupBy of ['campaign', 'day', 'recipientDomain', 'link', 'sender', 'department']) {
      const { totals } = await done(key, 'GET', `/v1/reports/engagement?groupBy=${groupBy}`);
      assert.equal(totals.sent, 2, groupBy);
      for (const format of ['json', 'csv']) {
        const { text } = await ask(key, 'GET', `/v1/reports/engagement?groupBy=${groupBy}&format=${format}`);
        assert.doesNotMatch(text, /canary|lab\.example/, `${groupBy} ${format}`);
      }
    }
    for (const path of ['/v1/messages?', '/v1/reports/recipients?', '/v1/reports/activity?']) {
      assert.doesNotMatch((await ask(key, 'GET', path)).text, /canary|lab\.example/);
      const ofOthers = `departmentId=${clinic.departments.lab}`;
      const [foreign, unknown] = await Promise.all(
        [ofOthers, `departmentId=${crypto.randomUUID()}`].map((filter) => ask(key, 'GET', path + filter)),
      );
      assert.equal(foreign?.text, unknown?.text);
      const campaign = await ask(key, 'GET', `${path}campaign=${encodeURIComponent('canary lab')}`);
      assert.equal(campaign.text, (await ask(key, 'GET', `${path}campaign=nothing`)).text);
    }
  });

  it('may not do what concerns the whole organisation', async () => {
    for (const [method, path, body] of [
      ['PATCH', '/v1/settings/outbound', { trackOpens: false }],
      ['GET', '/v1/audit/export', undefined],
      ['PUT', '/v1/session-limits', { role: 'viewer', idleMinutes: 5, absoluteMinutes: 60 }],
    ] as const)
      assert.equal(await codeOf(clinic.keys.heart, method, path, body), 'auth.account_wide', path);
  });

  it('leaves one campaign one row for who sees everything, and a row a department where asked', async () => {
    const byCampaign = await done(clinic.owner, 'GET', '/v1/reports/engagement');
    const autumn = byCampaign.rows.filter((row: Body) => row.key === 'Autumn');
    assert.deepEqual(
      autumn.map((row: Body) => row.sent),
      [4],
    );
    const of = `/v1/reports/engagement?campaign=Autumn`;
    assert.equal((await done(clinic.owner, 'GET', of)).totals.sent, 4);
    assert.equal((await done(clinic.owner, 'GET', `${of}&departmentId=${clinic.departments.heart}`)).totals.sent, 2);
    assert.equal((await done(clinic.owner, 'GET', `${of}&departmentId=${clinic.departments.house}`)).totals.sent, 4);
    assert.equal((await done(clinic.owner, 'GET', '/v1/messages?campaign=Autumn')).messages.length, 3);
    const { rows } = await done(clinic.owner, 'GET', '/v1/reports/engagement?groupBy=department');
    const sent = Object.fromEntries(rows.map((row: Body) => [row.key, row.sent]));
    const { heart, ward, lab } = clinic.departments;
    assert.deepEqual(sent, { [heart]: 1, [ward]: 1, [lab]: 3, null: 1 });
    const labels = (of: { rows: Body[] }) => of.rows.map(({ key, label }: Body) => [key, label]).sort();
    const { departments } = await done(clinic.owner, 'GET', '/v1/departments');
    const nameOf = (id: string) => departments.find((one: Body) => one.id === id).name;
    assert.deepEqual(labels({ rows }), [...[heart, ward, lab].map((id) => [id, nameOf(id)]), [null, null]].sort());
    const wish = { name: 'Numbers', permissions: ['reports.read'] };
    const { secret } = await done(clinic.owner, 'POST', '/v1/api-keys', wish);
    const unnamed = await done(secret, 'GET', '/v1/reports/engagement?groupBy=department');
    assert.deepEqual([...new Set(unnamed.rows.map(({ label }: Body) => label))], [null], 'who may not see people');
    assert.ok(byCampaign.rows.every(({ label }: Body) => label === null));
  });

  it('erases what is theirs', async () => {
    const id = await send(clinic.keys.ward);
    assert.equal((await done(clinic.keys.heart, 'DELETE', `/v1/messages/${id}`)).certificate.message, id);
    assert.equal((await done(clinic.owner, 'GET', `/v1/messages/${id}`)).erased, true);
  });
});

test('a query that forgets departments still sees none of another: the database stands behind it', async () => {
  const clinic = await newClinic();
  const mine = await send(clinic.keys.heart);
  await send(clinic.keys.lab);
  await send(clinic.owner);
  const { accountId, departments } = clinic;
  const scope = { accountId, departments: [departments.heart] };
  for (const table of [
    'messages',
    'message_keys',
    'message_contents',
    'recipients',
    'recipient_states',
    'events',
    'deliveries',
  ] as const) {
    const column = table === 'messages' ? 'id' : 'message_id';
    const ask = (one: typeof scope | string) =>
      world.db.readAccount(one, (tx) => tx.query<{ id: string }>(sql`SELECT ${raw(column)} AS id FROM ${raw(table)}`));
    assert.deepEqual(
      (await ask(scope)).map(({ id }) => id),
      [mine],
      table,
    );
    assert.equal((await ask(accountId)).length, 3, table);
    assert.equal((await ask({ accountId, departments: [] })).length, 0, table);
  }
  await assert.rejects(
    world.db.asAccount(scope, (tx) =>
      tx.query(sql`UPDATE messages SET department_id = NULL WHERE account_id = ${accountId} AND id = ${mine}`),
    ),
    /row-level security/,
  );
});

test('departments moved in the tree move with all their mail, for keys that are in use', async () => {
  const clinic = await newClinic();
  const { ward, lab } = clinic.departments;
  const id = await send(clinic.keys.ward);
  assert.equal(await codeOf(clinic.keys.lab, 'GET', `/v1/messages/${id}`), 'message.not_found');
  await done(clinic.owner, 'PATCH', `/v1/departments/${ward}`, { parentId: lab });
  assert.equal((await done(clinic.keys.lab, 'GET', `/v1/messages/${id}`)).id, id);
  assert.equal((await done(clinic.keys.lab, 'GET', '/v1/reports/engagement')).totals.sent, 1);
  assert.equal(await codeOf(clinic.keys.heart, 'GET', `/v1/messages/${id}`), 'message.not_found');
  assert.equal((await done(clinic.keys.heart, 'GET', '/v1/reports/engagement')).totals.sent, 0);
});

test('a department that mail or a working key belongs to is not deleted', async () => {
  const { owner, departments, keyIds, keys } = await newClinic();
  await send(keys.lab);
  const { ward, lab } = departments;
  assert.equal(await codeOf(owner, 'DELETE', `/v1/departments/${ward}`), 'department.in_use');
  await done(owner, 'DELETE', `/v1/api-keys/${keyIds.ward}`);
  await done(owner, 'DELETE', `/v1/departments/${ward}`);
  await done(owner, 'DELETE', `/v1/api-keys/${keyIds.lab}`);
  assert.equal(await codeOf(owner, 'DELETE', `/v1/departments/${lab}`), 'department.in_use');
});

test('keys narrowed to a department manage keys of theirs and below, and no others', async () => {
  const { owner, departments, keys, keyIds } = await newClinic();
  const { apiKeys } = await done(keys.heart, 'GET', '/v1/api-keys');
  assert.deepEqual(new Set(apiKeys.map((one: Body) => one.id)), new Set([keyIds.heart, keyIds.ward]));
  for (const id of [keyIds.lab, crypto.randomUUID()]) {
    assert.equal(await codeOf(keys.heart, 'DELETE', `/v1/api-keys/${id}`), 'key.not_found');
    assert.equal(await codeOf(keys.heart, 'POST', `/v1/api-keys/${id}/rotate`, {}), 'key.not_found');
  }
  const made = await done(keys.heart, 'POST', '/v1/api-keys', { name: 'usual' });
  assert.equal(made.departmentId, departments.heart);
  const lower = { name: 'lower', departmentId: departments.ward, role: 'sender' };
  assert.equal((await done(keys.heart, 'POST', '/v1/api-keys', lower)).departmentId, departments.ward);
  for (const departmentId of [departments.lab, departments.house, null, crypto.randomUUID()])
    assert.equal(await codeOf(keys.heart, 'POST', '/v1/api-keys', { name: 'x', departmentId }), 'department.unknown');
  const wide = { name: 'x', permissions: ['settings.change'] };
  assert.equal(await codeOf(keys.heart, 'POST', '/v1/api-keys', wide), 'key.beyond_caller');
  const rotated = await done(keys.heart, 'POST', `/v1/api-keys/${keyIds.ward}/rotate`, {});
  assert.equal(rotated.departmentId, departments.ward);
  assert.equal(
    await codeOf(owner, 'POST', '/v1/api-keys', { name: 'x', departmentId: crypto.randomUUID() }),
    'department.unknown',
  );
});
