/** Gives a test file a database of its own: a copy of a migrated template, gone when it is closed. */
import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Database, openDatabase } from '../../src/platform/database.ts';
import { connectionTo } from '../../src/platform/embedded-postgres.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { testCluster } from './cluster.ts';

export interface TestDatabase {
  readonly db: Database;
  /** The owner's way in, for `psql`-like looks and for programs under test (`connectionUrl`). */
  readonly connection: pg.PoolConfig;
  readonly connectionUrl: string;
  close(): Promise<void>;
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const { connection, connectionUrl, drop } = await createTestDatabase(true);
  const db = openDatabase({ connection, onIdleError: () => undefined });
  const close = async (): Promise<void> => {
    await db.close();
    await drop();
  };
  return { db, connection, connectionUrl, close };
}

/** A database without a pool on it; empty unless it is migrated. */
export async function createTestDatabase(isMigrated: boolean): Promise<{
  connection: pg.PoolConfig;
  connectionUrl: string;
  drop(): Promise<void>;
}> {
  const socketFolder = await testCluster();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asOwner(socketFolder, async (client) => {
    const template = isMigrated ? await migratedTemplate(client, socketFolder) : 'template0';
    // Files are copied as they are: half the time of writing each page to the log, where nothing waits for the disk.
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  });
  return {
    connection: connectionTo(socketFolder, name),
    connectionUrl: `postgresql://waxwing@localhost/${name}?host=${encodeURIComponent(socketFolder)}`,
    drop: () =>
      asOwner(socketFolder, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

async function migratedTemplate(client: pg.Client, socketFolder: string): Promise<string> {
  const checksums = readMigrations().map((migration) => migration.checksum);
  const day = new Date().toISOString().slice(0, 10);
  const name = `template_${createHash('sha256').update(`${day} ${checksums}`).digest('hex').slice(0, 16)}`;
  const isThere = async (): Promise<boolean> =>
    (await client.query('SELECT FROM pg_database WHERE datname = $1', [name])).rowCount === 1;
  if (await isThere()) return name;
  await client.query(`SELECT pg_advisory_lock(hashtext('waxwing.template'))`);
  try {
    if (await isThere()) return name;
    const unfinished = `${name}_new`;
    await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${unfinished} TEMPLATE template0`);
    await migrate(connectionTo(socketFolder, unfinished), new Date());
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
    return name;
  } finally {
    await client.query(`SELECT pg_advisory_unlock(hashtext('waxwing.template'))`);
  }
}

async function asOwner<T>(socketFolder: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionTo(socketFolder, 'postgres'));
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
