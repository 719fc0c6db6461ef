/**
 * Which PostgreSQL the program works on: yours by its URL, or the embedded one, started here or found running. It
 * brings the schema and the key check to the state that everything else relies on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DataDirInUse } from './data-dir-lock.ts';
import { type Database, DatabaseUnavailable } from './database.ts';
import { connectionTo, startEmbeddedPostgres } from './embedded-postgres.ts';
import { checkKeyOfInstallation } from './installation.ts';
import { migrate } from './migrate.ts';
import { recordedSocketFolder } from './postgres-cluster.ts';
import type { Vault } from './vault.ts';
import type { Clock, Log } from './world.ts';

export interface DatabaseServer {
  readonly connection: pg.PoolConfig;
  /** Ends the embedded server if it was started here. */
  stop(): Promise<void>;
}

export interface DatabaseServerOptions {
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
}

const besideDeadlineMs = 60_000;

/** For the server: the embedded PostgreSQL is started, and throws DataDirInUse where one runs already. */
export async function openDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  if (options.databaseUrl !== undefined) return external(options.databaseUrl);
  return startEmbeddedPostgres({
    dataDir: options.dataDir,
    now: new Date(),
    onRestart: (why) => options.log.error({ why }, 'the embedded PostgreSQL had to be restarted'),
  });
}

/** For a command: uses the embedded PostgreSQL of a running server, or starts it for as long as the command takes. */
export async function joinDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const deadline = performance.now() + besideDeadlineMs;
  for (;;) {
    try {
      return await openDatabaseServer(options);
    } catch (error) {
      if (!(error instanceof DataDirInUse)) throw error;
      const socketFolder = recordedSocketFolder(options.dataDir);
      if (socketFolder !== undefined) return { connection: connectionTo(socketFolder), stop: async () => undefined };
      if (performance.now() > deadline) throw error;
      await delay(100); // whoever holds the data directory is still starting
    }
  }
}

/** Migrated, and known to belong to our key. Throws SchemaMismatch, WrongKey or DatabaseUnavailable. */
export async function prepareDatabase(
  connection: pg.PoolConfig,
  needs: { readonly db: Database; readonly vault: Vault; readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const applied = await migrate(connection, needs.clock.now());
  if (applied.length > 0) needs.log.info({ applied }, 'the database has a new schema');
  await checkKeyOfInstallation(needs.db, needs.vault, needs.clock.now());
}

/** Keeps trying for as long as the database does not answer and nobody says stop. */
export async function prepareWhenAvailable(prepare: () => Promise<void>, log: Log, stop: AbortSignal): Promise<void> {
  for (let attempt = 1; !stop.aborted; attempt += 1) {
    if (attempt % 10 === 1) log.warn({ attempt }, 'the database does not answer; trying again');
    await delay(Math.min(5_000, 200 * 2 ** attempt), undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    try {
      return await prepare();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
    }
  }
}

const external = (databaseUrl: string): DatabaseServer => ({
  connection: { connectionString: databaseUrl },
  stop: async () => undefined,
});
