/** Looking for entries of the audit log, over real HTTP: what is found, by whom, what it costs, and that the look is noted. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, refusal, request, startApi, type TestApi } from '../../test/kit/api.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes, auditDirectory } from '../accounts/index.ts';
import { createApiKey } from '../contract/access.ts';
import { type AuditFilters, exportAuditEntries, listAuditEntries } from '../contract/audit.ts';
import type { Permission } from '../contract/permissions.ts';
import { changeOutboundSettings } from '../contract/settings.ts';
import { sql, type Tx } from '../platform/database.ts';
import { firstIdAt } from '../platform/ids.ts';
import { auditRoutes } from './index.ts';
import { searchEntries } from './search-store.ts';
import type { Conditions } from './search-ways.ts';

tryStatementsHere(import.meta.filename);

let world: TestWorld;
let owner: pg.Client;
let api: TestApi;
let accountId: string;
let key: string;

before(async () => {
  world = await testWorld();
  owner = new pg.Client({ connectionString: world.database.connectionUrl });
  await owner.connect();
  api = await startApi(
    world,
    (gate) => [
      ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
      ...auditRoutes({ ...world, ...auditDirectory(world) }),
    ],
    { trustedProxies: ['127.0.0.1/32'] },
  );
  ({ accountId, apiKey: key } = await createTestAccount(world));
});
after(async () => {
  await api?.close();
  await owner?.end();
  await world?.close();
});

const find = (query: Record<string, string | number> = {}, apiKey = key) => {
  world.clock.advance(10); // ids of one millisecond are in no order
  return ask(api, listAuditEntries, apiKey, { query });
};

async function keyThatMay(name: string, ...permissions: Permission[]): Promise<{ id: string; secret: string }> {
  return ask(api, createApiKey, key, { body: { name, permissions } });
}

describe('looking for entries', () => {
  it('tells who did what from where, newest first', async () => {
    const ehr = await keyThatMay('EHR', 'settings.change', 'settings.read');
    world.clock.advance(1_000);
    const response = await fetch(`${api.url}/v1/settings/outbound`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${ehr.secret}`,
        'content-type': 'application/json',
        'x-forwarded-for': '203.0.113.77',
      },
      body: '{"trackPlainText":true}',
    });
    assert.equal(response.status, 200);
    const { entries } = await find();
    const [newest] = entries;
    assert.ok(newest);
    assert.equal(newest.action, 'settings.changed');
    assert.deepEqual(newest.actor, { kind: 'api-key', id: ehr.id, name: 'EHR' });
    assert.equal(newest.address, '203.0.113.77');
    assert.deepEqual(newest.object, { kind: 'settings', id: null, name: null });
    assert.deepEqual(
      entries.map((one) => one.id),
      entries
        .map((one) => one.id)
        .toSorted()
        .toReversed(),
    );
  });

  it('leaves the address unreadable in the database', async () => {
    const { rows } = await owner.query('SELECT a::text AS line FROM audit_entries a');
    assert.ok(rows.length > 0);
    for (const { line } of rows) {
      assert.ok(!line.includes('203.0.113.77'));
      assert.ok(!line.includes(Buffer.from('203.0.113.77').toString('hex')));
    }
  });

  it('is an entry itself, once for all its pages, with the names of the filters and not what was looked for', async () => {
    const searched = async () => (await find({ action: 'audit.searched', limit: 200 })).entries;
    const before = (await searched()).length;
    const first = await find({ objectId: 'somebody', limit: 1 });
    assert.equal(first.nextCursor, null);
    let page = await find({ outcome: 'done', limit: 1 });
    for (let pages = 0; pages < 2; pages++)
      page = await find({ outcome: 'done', limit: 1, cursor: page.nextCursor ?? '' });
    const after = await searched();
    assert.equal(after.length, before + 3, 'this look, the one for an object and the paged one');
    assert.deepEqual(
      after.slice(0, 2).map((one) => one.detail),
      [
        { filters: ['outcome'], entries: 1, format: 'json' },
        { filters: ['objectId'], entries: 0, format: 'json' },
      ],
    );
    assert.ok(!JSON.stringify(after).includes('somebody'));
  });

  it('goes through all pages without leaving one out or telling one twice', async () => {
    const all = await find({ limit: 200 });
    const wanted = all.entries.filter((one) => one.action !== 'audit.searched').map((one) => one.id);
    const met: string[] = [];
    let { entries, nextCursor } = await find({ limit: 3 });
    for (;;) {
      met.push(...entries.filter((one) => one.action !== 'audit.searched').map((one) => one.id));
      if (nextCursor === null) break;
      ({ entries, nextCursor } = await find({ limit: 3, cursor: nextCursor }));
    }
    assert.deepEqual(met, wanted);
  });

  it('takes a cursor from the same reader with the same filters only', async () => {
    const { nextCursor } = await find({ limit: 1 });
    const cursor = nextCursor ?? assert.fail();
    const other = await keyThatMay('Reader', 'audit.read');
    const tried = [
      refusal(api, listAuditEntries, key, { query: { cursor, action: 'settings.changed' } }),
      refusal(api, listAuditEntries, other.secret, { query: { cursor } }),
      refusal(api, listAuditEntries, key, { query: { cursor: `${cursor.slice(0, -2)}AA` } }),
      refusal(api, listAuditEntries, key, { query: { cursor: 'AAAA' } }),
    ];
    assert.deepEqual(
      await Promise.all(tried),
      tried.map(() => 'request.bad_cursor'),
    );
  });

  it('finds by each filter what fits and nothing else', async () => {
    const keys = await find({ action: 'api_key.created' });
    assert.ok(keys.entries.length > 1 && keys.entries.every((one) => one.action === 'api_key.created'));
    const object = keys.entries[0]?.object.id ?? '';
    assert.deepEqual(
      (await find({ objectId: object })).entries.map((one) => one.object.id),
      [object],
    );
    assert.ok((await find({ objectKind: 'settings' })).entries.every((one) => one.object.kind === 'settings'));
    const actor = (await find({ action: 'settings.changed' })).entries[0]?.actor.id ?? '';
    const { entries } = await find({ actorId: actor });
    assert.ok(entries.length > 0 && entries.every((one) => one.actor.id === actor));
    assert.deepEqual((await find({ departmentId: crypto.randomUUID() })).entries, []);
    assert.deepEqual((await find({ until: '2020-01-01' })).entries, []);
    assert.equal(
      (await find({ since: '2026-11-22', until: '2026-11-22', action: 'account.created' })).entries.length,
      1,
    );
    assert.equal(
      await refusal(api, listAuditEntries, key, { query: { since: '2026-12-01', until: '2026-11-01' } }),
      'report.range_invalid',
    );
  });

  it('finds by words: an id, a name, an action', async () => {
    const [made] = (await find({ action: 'settings.changed' })).entries;
    const ids = async (q: string) => (await find({ q, limit: 200 })).entries.map((one) => one.id);
    assert.ok((await ids('ehr')).includes(made?.id ?? ''));
    assert.ok((await ids(made?.actor.id ?? '')).includes(made?.id ?? ''));
    assert.ok((await ids('settings.ch')).includes(made?.id ?? ''));
    assert.deepEqual(await ids('nothing that there is'), []);
  });

  it('names nobody to who may not see people', async () => {
    const reader = await keyThatMay('Narrow reader', 'audit.read');
    const { entries } = await find({ action: 'settings.changed' }, reader.secret);
    assert.ok(entries.length > 0);
    assert.ok(entries.every((one) => one.actor.name === null && one.object.name === null));
    assert.deepEqual((await find({ q: 'EHR' }, reader.secret)).entries, []);
  });

  it('shows nothing of another account', async () => {
    const other = await createTestAccount(world, 'Other Clinic');
    const { entries } = await find({ limit: 200 }, other.apiKey);
    const mine = new Set((await find({ limit: 200 })).entries.map((one) => one.id));
    assert.ok(entries.length > 0 && entries.every((one) => !mine.has(one.id)));
  });

  it('is refused to who may not, and that is an entry, once a minute', async () => {
    const viewer = await keyThatMay('Viewer', 'reports.read');
    for (let tries = 0; tries < 3; tries++)
      assert.equal(await refusal(api, listAuditEntries, viewer.secret), 'auth.forbidden');
    const { entries } = await find({ actorId: viewer.id });
    assert.deepEqual(
      entries.map(({ action, outcome, object, detail }) => ({ action, outcome, id: object.id, detail })),
      [
        {
          action: 'access.refused',
          outcome: 'refused',
          id: 'audit.read',
          detail: { code: 'auth.forbidden', times: 1 },
        },
      ],
    );
    assert.ok((await find({ outcome: 'refused' })).entries.every((one) => one.outcome === 'refused'));
  });
});

describe('the file of found entries', () => {
  it('has them as JSON lines, and as a table in which no cell is a formula', async () => {
    await keyThatMay('=1+1 "Ärzte"', 'settings.read');
    const made = await ask(api, createApiKey, key, {
      body: { name: '=HYPERLINK(1)', permissions: ['settings.change'] },
    });
    assert.equal(
      (await request(api, changeOutboundSettings, made.secret, { body: { trackClicks: false } })).status,
      200,
    );
    const taken = async (query: Record<string, string | number>) => {
      const response = await request(api, exportAuditEntries, key, { query });
      assert.equal(response.status, 200);
      return {
        type: response.headers.get('content-type') ?? '',
        text: Buffer.from(await response.arrayBuffer()).toString(),
      };
    };
    const json = await taken({ action: 'settings.changed' });
    assert.match(json.type, /^application\/jsonl/);
    const lines = json.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines, (await find({ action: 'settings.changed' })).entries);
    const csv = await taken({ action: 'settings.changed', format: 'csv' });
    assert.match(csv.type, /^text\/csv/);
    assert.equal(csv.text.trim().split('\r\n').length, lines.length + 1);
    assert.match(csv.text, /,"'=HYPERLINK\(1\)",/);
    assert.equal((await taken({ limit: 2 })).text.trim().split('\n').length, 2);
  });
});

describe('among very many entries', () => {
  const many = 200_000;
  /** SQL of an id of version 7 (RFC 9562 §5.7). */
  const idOf = (hash: string, milliseconds: string): string =>
    `overlay(overlay(overlay(${hash} placing ${milliseconds} from 1 for 12) placing '7' from 13) placing '8' from 17)::uuid`;
  before(async () => {
    // Ids in order of time, one in a thousand refused, an action and an object that are rare.
    await owner.query(
      `INSERT INTO audit_entries (account_id, id, at, actor_kind, actor_id, action, object_kind, object_id, outcome, detail)
       SELECT $1, ${idOf('md5(n::text)', `lpad(to_hex(extract(epoch FROM timestamptz '2026-01-01')::bigint * 1000 + n * 100), 12, '0')`)},
              timestamptz '2026-01-01' + n * interval '100 ms', 'api-key', 'actor ' || n % 20,
              CASE WHEN n % 50000 = 7 THEN 'rare.action' ELSE 'message.accepted' END, CASE WHEN n % 50000 = 7 THEN 'rare-kind' WHEN n % 20 = 4 THEN 'odd-kind' ELSE 'message' END,
              'message ' || n, CASE WHEN n % 10000 = 9 OR n % 1000 = 13 THEN 'refused' ELSE 'done' END, '{}'
         FROM generate_series(1, $2::int) AS n`,
      [accountId, many],
    );
    await owner.query('VACUUM ANALYZE audit_entries');
  });

  const nothing = {
    beforeId: null,
    fromId: null,
    action: undefined,
    actorId: undefined,
    objectKind: undefined,
    objectId: undefined,
    outcome: undefined,
    departmentId: undefined,
    anyOf: undefined,
  };

  /** Blocks that all statements of a search read. */
  async function blocksOf(wish: Conditions, ofAccount = accountId): Promise<number> {
    let blocks = 0;
    await world.db.readAccount(ofAccount, async (tx) => {
      const counting: Tx = {
        async query(statement) {
          const explained = await tx.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
            sql`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`,
          );
          assert.doesNotMatch(JSON.stringify(explained), /"Seq Scan"[^}]*audit_entries/);
          const plan = explained[0]?.['QUERY PLAN'][0].Plan;
          blocks += (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0);
          return tx.query(statement);
        },
      };
      await searchEntries(counting, wish, 51);
    });
    return blocks;
  }

  for (const [name, wish] of Object.entries({
    'the newest': nothing,
    'those before a page': { ...nothing, beforeId: firstIdAt(new Date('2026-01-01T03:00:00Z')) },
    'a range': {
      ...nothing,
      fromId: firstIdAt(new Date('2026-01-01T01:00:00Z')),
      beforeId: firstIdAt(new Date('2026-01-01T01:00:05Z')),
    },
    'a rare action': { ...nothing, action: 'rare.action' },
    'a frequent action': { ...nothing, action: 'message.accepted' },
    'an actor': { ...nothing, actorId: 'actor 7' },
    'an object': { ...nothing, objectId: 'message 100123' },
    'a rare kind of object': { ...nothing, objectKind: 'rare-kind' },
    'what was refused': { ...nothing, outcome: 'refused' },
    'an unknown department': { ...nothing, departmentId: crypto.randomUUID() },
    words: { ...nothing, anyOf: { ids: ['message 5', 'actor 7'], actions: ['rare.action', 'message.accepted'] } },
    'two frequent things that never meet': { ...nothing, actorId: 'actor 7', objectKind: 'odd-kind' },
    'what few refusals have': { ...nothing, actorId: 'actor 7', outcome: 'refused' },
    'what nearly everything is not': { ...nothing, action: 'rare.action', outcome: 'refused' },
    'words that never meet a filter': { ...nothing, anyOf: { ids: ['actor 7'], actions: [] }, objectKind: 'odd-kind' },
  }))
    it(`finding ${name} reads little`, async () => {
      const blocks = await blocksOf(wish);
      // The table alone has thousands, and some of these have ten thousand entries of each filter.
      assert.ok(blocks > 0 && blocks < 8_000, `${blocks} blocks`);
      assert.ok(blocks < 700 || Object.values(wish).filter((value) => value != null).length > 1, `${blocks} blocks`);
    });

  it('reads as little of an account that is unlike what the planner knows', async () => {
    const odd = await createTestAccount(world, 'Unlike the others');
    await owner.query(
      `INSERT INTO audit_entries (account_id, id, at, actor_kind, actor_id, action, object_kind, outcome, detail)
       SELECT $1, ${idOf('md5(id::text)', `left(replace(id::text, '-', ''), 12)`)}, at, 'user', 'somebody', 'odd.action', 'odd', 'refused', '{}'
         FROM audit_entries WHERE account_id = $2 AND object_kind = 'odd-kind'`,
      [odd.accountId, accountId],
    );
    for (const wish of [{ action: 'message.accepted' }, { actorId: 'actor 7' }, { objectKind: 'message' }])
      assert.ok((await blocksOf({ ...nothing, ...wish }, odd.accountId)) < 100, JSON.stringify(wish));
    assert.ok((await blocksOf({ ...nothing, outcome: 'done' }, odd.accountId)) < 8_000);
  });

  it('answers with how far it came, and goes on there until everything was met once', async () => {
    const query = { actorId: 'actor 7', objectKind: 'odd-kind', since: '2026-01-01', until: '2026-01-02' };
    const first = await find(query);
    assert.deepEqual(first.entries, [], 'there is none among the newest');
    assert.ok(first.searchedTo !== null && first.nextCursor !== null);
    assert.ok(first.searchedTo < '2026-01-02', 'what it has not looked at is older than that');
    const wished = [
      query,
      { outcome: 'done', objectKind: 'odd-kind', limit: 200 } as const,
      { q: 'actor 7', objectKind: 'odd-kind' },
    ];
    for (const filters of wished) {
      const met: string[] = [];
      let [pages, before]: [number, string] = [0, '9999'];
      let { entries, nextCursor, searchedTo } = await find(filters);
      for (;;) {
        met.push(...entries.map((one) => one.id));
        pages += 1;
        assert.equal(searchedTo === null, nextCursor === null);
        if (nextCursor === null || searchedTo === null) break;
        assert.ok(searchedTo < before, 'each page comes further');
        before = searchedTo;
        ({ entries, nextCursor, searchedTo } = await find({ ...filters, cursor: nextCursor }));
      }
      assert.ok(pages > 1 && pages < 90, `${pages} pages`);
      assert.deepEqual(met, await plainly(filters), JSON.stringify(filters));
    }
  });

  /** The same by one statement that looks at everything. */
  async function plainly({ actorId, q, objectKind, outcome }: AuditFilters): Promise<string[]> {
    const { rows } = await owner.query<{ id: string }>(
      `SELECT id FROM audit_entries WHERE account_id = $1 AND ($2::text IS NULL OR actor_id = $2)
          AND ($3::text IS NULL OR object_kind = $3) AND ($4::text IS NULL OR outcome = $4) ORDER BY id DESC`,
      [accountId, actorId ?? q ?? null, objectKind ?? null, outcome ?? null],
    );
    return rows.map((row) => row.id);
  }

  it('takes away all that few entries meet together, however far apart they are', async () => {
    const query = { actorId: 'actor 9', outcome: 'refused', format: 'csv' } as const;
    const response = await request(api, exportAuditEntries, key, { query });
    const lines = Buffer.from(await response.arrayBuffer())
      .toString()
      .trim()
      .split('\r\n');
    assert.equal(lines.length - 1, (await plainly({ actorId: 'actor 9', outcome: 'refused' })).length);
    assert.ok(lines.length > 2);
  });
});
