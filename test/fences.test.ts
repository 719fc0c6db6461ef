/** Row-level security, table by table: whoever is not the account sees and writes nothing, even with a bare SELECT. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { raw, sql, type Tx } from '../src/platform/database.ts';
import { createTestAccount } from './kit/account.ts';
import { fillRow } from './kit/any-row.ts';
import { type TestWorld, testWorld } from './kit/world.ts';

let world: TestWorld;
let owner: pg.Client;
let mine: string;
let theirs: string;
const tables: string[] = [];

before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
  mine = (await createTestAccount(world)).accountId;
  theirs = (await createTestAccount(world)).accountId;
  tables.push(...(await accountTables()));
  for (const table of tables) {
    const { rowCount } = await owner.query(`SELECT FROM ${table} WHERE account_id = $1`, [theirs]);
    if (rowCount === 0) await fillRow(owner, table, theirs);
  }
});
after(async () => {
  await owner.end();
  await world.close();
});

async function accountTables(): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

const countOf = async (tx: Tx, table: string): Promise<number> =>
  (await tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM ${raw(table)}`))[0]?.n ?? -1;

test('every table with an account_id has row-level security and a row to hide', async () => {
  assert.ok(tables.length >= 15, tables.join());
  const { rows } = await owner.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relname = ANY ($1) AND NOT relrowsecurity`,
    [tables],
  );
  assert.deepEqual(rows, []);
  for (const table of tables)
    assert.ok(await world.db.readAccount(theirs, (tx) => countOf(tx, table)), `${table} has no row to hide`);
});

test('another account sees nothing in any table, reading or writing', async () => {
  for (const table of tables) {
    const { rows } = await owner.query(`SELECT FROM ${table} WHERE account_id = $1`, [mine]);
    const own = rows.length;
    assert.equal(await world.db.readAccount(mine, (tx) => countOf(tx, table)), own, `reader in ${table}`);
    assert.equal(await world.db.asAccount(mine, (tx) => countOf(tx, table)), own, `app in ${table}`);
  }
});

test('without an account nobody sees anything', async () => {
  for (const table of tables) {
    const [row] = await world.db.askGate<{ n: number }>(sql`SELECT count(*)::int AS n FROM ${raw(table)}`);
    assert.equal(row?.n, 0, table);
  }
});

test('a row cannot be written into another account, nor moved or removed there', async () => {
  for (const table of tables) {
    await assert.rejects(
      world.db.asAccount(mine, (tx) => tx.query(sql`INSERT INTO ${raw(table)} (account_id) VALUES (${theirs})`)),
      /row-level security|permission denied/,
      table,
    );
    for (const change of [sql`UPDATE ${raw(table)} SET account_id = ${mine}`, sql`DELETE FROM ${raw(table)}`])
      await world.db
        .asAccount(mine, async (tx) => {
          await tx.query(sql`${change} WHERE account_id = ${theirs}`);
        })
        .catch((error: Error) => assert.match(error.message, /permission denied/, table));
    const { rowCount } = await owner.query(`SELECT FROM ${table} WHERE account_id = $1`, [theirs]);
    assert.ok((rowCount ?? 0) > 0, `${table} lost a row`);
  }
});

test('partitions cannot be asked past their parent', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r'`,
  );
  assert.ok(rows.length > 0);
  for (const { name } of rows)
    await assert.rejects(world.db.askGate(sql`SELECT 1 FROM ${raw(name)}`), /permission denied/, name);
});

test('the worker sees queues and roll-ups of all accounts, and no content', async () => {
  const open = new Set([
    'accounts',
    'deliveries',
    'queue_holds',
    'destination_paces',
    'destination_replies',
    'rollups',
    'rollup_deltas',
    'settling',
    'event_feed',
    'webhook_endpoints',
    'audit_waiting',
    'rejudgements',
    'key_rotations',
    'erasures',
    'retention_policies',
    'retention_runs',
    'emergency_accesses',
    'alerts_waiting',
    'alert_mails',
    'alert_notices',
    'unsubscribe_pages',
  ]);
  for (const table of tables.filter((name) => !open.has(name)))
    await assert.rejects(
      world.db.asWorker((tx) => countOf(tx, table)),
      /permission denied/,
      table,
    );
});

test('no role of the program can log in, own a table or pass row-level security', async () => {
  const { rows } = await owner.query(
    `SELECT rolname FROM pg_roles WHERE rolname LIKE 'waxwing\\_%' AND (rolcanlogin OR rolbypassrls OR rolsuper OR rolcreaterole)`,
  );
  assert.deepEqual(rows, []);
});

test('a function with its owner’s rights answers only who needs it, and finds no table of its caller', async () => {
  const { rows } = await owner.query<{ name: string; grantees: string; path: string }>(
    `SELECT p.proname AS name, p.proconfig::text AS path,
            (SELECT string_agg(CASE a.grantee WHEN 0 THEN 'public' ELSE a.grantee::regrole::text END, ' ')
               FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee <> p.proowner) AS grantees
       FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace ORDER BY 1`,
  );
  const gate = [
    'account_of_api_key',
    'account_of_session',
    'account_of_sign_in_link',
    'account_of_invitation',
    'account_of_passkey',
    'accounts_of_email',
    'recipients_of_handles',
    'account_of_provider_connection',
    'account_of_sso_connection',
    'sso_connections_of_domain',
    'replace_details_of_erased',
    'reach_of_api_key',
    'reach_of_session',
    'reseal_values',
    'emergency_access_of',
  ];
  assert.deepEqual(
    rows.map(({ name, grantees }) => [name, grantees]).sort(),
    [
      ...gate.map((name) => [name, 'waxwing_app']),
      ['settle_chained_entries', null],
      ['count_chained_entries', null],
      ['verified_by_another', 'waxwing_app waxwing_reader'],
      ['ensure_event_partitions', 'waxwing_worker'],
      ['destroy_request_keys', 'waxwing_worker'],
      ['account_of_verified_sender', 'waxwing_worker'],
      ['prune_returns', 'waxwing_worker'],
      ['prune_tls_reports', 'waxwing_worker'],
      ['prune_table', 'waxwing_worker'],
      ['drop_event_month', 'waxwing_worker'],
      ['queue_audit_entries', null], // a trigger's
    ].sort(),
  );
  for (const { name, path } of rows) assert.match(path, /search_path=public, pg_temp/, name);
});
