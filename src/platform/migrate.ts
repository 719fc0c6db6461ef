/**
 * Brings a database to this program's schema: numbered SQL files, each once, all in one transaction. It refuses a
 * database that a newer program has changed, and a file that was edited after it had been applied.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { asUnavailable } from './database.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/** The database's schema is not one that this program can work on. The message says what to do. */
export class SchemaMismatch extends Error {}

const migrationsFolder = join(import.meta.dirname, '..', '..', 'migrations');
const monthsAhead = 3;
const oldestServer = 150_000;

export function readMigrations(folder = migrationsFolder): Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), 'utf8');
      return { version: Number(name.slice(0, 4)), name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

/** Several processes may call this at once: one works, the others wait and find it done. Returns what was applied; throws DatabaseUnavailable. */
export async function migrate(
  connection: pg.PoolConfig,
  today: Date,
  migrations: readonly Migration[] = readMigrations(),
): Promise<string[]> {
  const client = new pg.Client({ ...connection, application_name: 'waxwing-migrate', connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    await refuseOldServer(client);
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('waxwing.migrate'))`);
    const pending = pendingMigrations(migrations, await readApplied(client));
    for (const migration of pending) await apply(client, migration, today);
    await client.query('SELECT ensure_event_partitions($1::date, $2)', [day(today), monthsAhead]);
    await client.query('COMMIT');
    return pending.map((migration) => migration.name);
  } catch (error) {
    throw isNotAllowed(error) ? notAllowed(error) : asUnavailable(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function pendingMigrations(
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const byVersion = new Map(known.map((migration) => [migration.version, migration]));
  for (const done of applied) {
    const file = byVersion.get(done.version);
    if (file === undefined)
      throw new SchemaMismatch(
        `The database has migration ${done.name}, which this version does not know: a newer Waxwing has used it. ` +
          'Run that version, or restore a backup from before.',
      );
    if (file.checksum !== done.checksum)
      throw new SchemaMismatch(
        `Migration ${done.name} was changed after it had been applied to this database. ` +
          'Restore the file as it was released, and put the change into a new migration.',
      );
  }
  const done = new Set(applied.map((migration) => migration.version));
  return known.filter((migration) => !done.has(migration.version));
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  const version = rows[0]?.version ?? 0;
  if (version < oldestServer)
    throw new SchemaMismatch(
      `The database is PostgreSQL ${Math.floor(version / 10_000)}; Waxwing needs 15 or newer. Upgrade the server.`,
    );
}

// SQLSTATE 42501, insufficient_privilege: PostgreSQL docs, appendix A.
const isNotAllowed = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && error.code === '42501';

const notAllowed = (error: pg.DatabaseError): SchemaMismatch =>
  new SchemaMismatch(
    `The database user of DATABASE_URL may not make the schema: ${error.message}. It must own the database and may ` +
      'create roles (ALTER ROLE … CREATEROLE). Where another user of the same server has made the roles waxwing_app, ' +
      'waxwing_reader and waxwing_worker, grant them to it WITH ADMIN OPTION.',
  );

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)`,
  );
  const { rows } = await client.query<AppliedMigration>(
    'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
  );
  return rows;
}

async function apply(client: pg.Client, migration: Migration, today: Date): Promise<void> {
  await client.query(migration.sql);
  await client.query('INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)', [
    migration.version,
    migration.name,
    migration.checksum,
    today,
  ]);
}

const day = (date: Date): string => date.toISOString().slice(0, 10);
