import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { createTestDatabase } from '../../test/kit/database.ts';
import { DatabaseUnavailable } from './database.ts';
import { type Migration, migrate, readMigrations, SchemaMismatch } from './migrate.ts';

const drops: (() => Promise<void>)[] = [];
after(async () => {
  for (const drop of drops) await drop();
});

const today = new Date('2026-11-22T12:00:00Z');

async function emptyDatabase(): Promise<pg.PoolConfig> {
  const { connection, drop } = await createTestDatabase(false);
  drops.push(drop);
  return connection;
}

async function rowsOf(connection: pg.PoolConfig, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('several processes may migrate an empty database at once: each file is applied once', async () => {
  const connection = await emptyDatabase();
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(connection, today)));
  const names = readMigrations().map((migration) => migration.name);
  assert.deepEqual(applied.flat(), names);
  const recorded = await rowsOf(connection, 'SELECT name FROM schema_migrations ORDER BY version');
  assert.deepEqual(
    recorded.map((row) => row.name),
    names,
  );
});

test('partitions of the months around are there after every migration', async () => {
  const connection = await emptyDatabase();
  await migrate(connection, today);
  await migrate(connection, new Date('2027-06-02T00:00:00Z'));
  const rows = await rowsOf(
    connection,
    `SELECT to_regclass('events_2026_10') AS before, to_regclass('verdicts_2027_09') AS ahead`,
  );
  assert.deepEqual(rows, [{ before: 'events_2026_10', ahead: 'verdicts_2027_09' }]);
});

test('a file that was edited after it had been applied is refused by name', async () => {
  const connection = await emptyDatabase();
  await migrate(connection, today);
  const edited = readMigrations().map((migration, index) =>
    index === 1 ? { ...migration, checksum: 'another' } : migration,
  );
  await assert.rejects(migrate(connection, today, edited), (error) => {
    assert.ok(error instanceof SchemaMismatch);
    assert.match(error.message, /0002_messages\.sql was changed after it had been applied/);
    return true;
  });
});

test('a schema of a newer program is refused', async () => {
  const connection = await emptyDatabase();
  const next: Migration = { version: 9999, name: '9999_later.sql', sql: 'SELECT 1', checksum: 'x' };
  await migrate(connection, today, [...readMigrations(), next]);
  await assert.rejects(migrate(connection, today), /9999_later\.sql, which this version does not know/);
});

test('a migration that fails leaves nothing behind', async () => {
  const connection = await emptyDatabase();
  const bad: Migration = {
    version: 9999,
    name: '9999_bad.sql',
    sql: 'CREATE TABLE half (n int); SELECT 1/0',
    checksum: 'x',
  };
  await assert.rejects(migrate(connection, today, [...readMigrations(), bad]), /division by zero/);
  assert.deepEqual(
    await rowsOf(connection, `SELECT to_regclass('half') AS half, to_regclass('accounts') AS accounts`),
    [{ half: null, accounts: null }],
  );
});

test('a database user who may not create roles is told what is missing', async () => {
  const connection = await emptyDatabase();
  const user = `plain_${process.pid}`;
  await rowsOf(connection, `CREATE ROLE ${user} LOGIN; GRANT CREATE ON SCHEMA public TO ${user}`);
  drops.unshift(async () => {
    await rowsOf(connection, `DROP OWNED BY ${user}; DROP ROLE ${user}`);
  });
  await assert.rejects(migrate({ ...connection, user }, today), (error) => {
    assert.ok(error instanceof SchemaMismatch);
    assert.match(error.message, /DATABASE_URL may not make the schema: permission denied.*CREATEROLE/s);
    return true;
  });
});

test('a database that does not answer is told apart from one that refuses', async () => {
  await assert.rejects(migrate({ host: '127.0.0.1', port: 1, user: 'nobody' }, today), DatabaseUnavailable);
});
