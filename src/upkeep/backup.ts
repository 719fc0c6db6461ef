/**
 * Makes a backup: every table from one snapshot, streamed into sealed files, with a signed manifest. Copies of keys go to
 * a folder of their own, where they end after seven days. It locks nobody out and writes nothing readable.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { newId } from '../platform/ids.ts';
import type { World } from '../platform/world.ts';
import { keysFolder, makeFolders, pruneKeyCopies } from './backup-folders.ts';
import { copyOut } from './copy-rows.ts';
import { writeErasureLog } from './erasure-log.ts';
import { type Manifest, type ManifestTable, writeManifest } from './manifest.ts';
import { fileKey, writeSealed } from './sealed-file.ts';
import { copyOutText, keyTables, readMonths, readTables, type TableShape } from './table-list.ts';

export interface BackupNeeds extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly connection: pg.PoolConfig;
}

export interface BackupMade {
  readonly manifest: Manifest;
  readonly keys: Manifest;
  readonly erasuresLogged: number;
  readonly keyCopiesRemoved: number;
}

export async function makeBackup(needs: BackupNeeds, dir: string): Promise<BackupMade> {
  makeFolders(dir);
  const now = needs.clock.now();
  const id = newId(now);
  const client = new pg.Client({ ...needs.connection, application_name: 'waxwing-backup' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    // Before the snapshot: whoever erases from now on knows that copies of keys may exist.
    await client.query('INSERT INTO backups (id, started_at) VALUES ($1, $2)', [id, now]);
    // Those that erase just now did not know: they end first, and are not in the snapshot.
    await client.query("BEGIN; SELECT pg_advisory_xact_lock(hashtext('waxwing.erasing')); COMMIT");
    const { main, keys } = await copySnapshot(needs, client, dir, { id, now });
    await client.query('UPDATE backups SET finished_at = $2 WHERE id = $1', [id, needs.clock.now()]);
    const erasuresLogged = await writeErasureLog(needs.db, dir);
    return { manifest: main, keys, erasuresLogged, keyCopiesRemoved: pruneKeyCopies(dir, needs.clock.now()) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface Copying {
  readonly id: string;
  readonly now: Date;
}

/** Both folders get their names only when they are whole, the keys first: a backup is there, or it is not. */
async function copySnapshot(needs: BackupNeeds, client: pg.Client, dir: string, { id, now }: Copying) {
  const folders = { main: join(dir, id), keys: join(keysFolder(dir), id) };
  for (const folder of Object.values(folders)) mkdirSync(`${folder}.part`, { mode: 0o700 });
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0');
  const tables = await readTables(client);
  const { rows: migrations } = await client.query<Manifest['migrations'][number]>(
    'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
  );
  const shared = { id, madeAt: now.toISOString(), migrations, months: await readMonths(client) };
  const copyAll = async (type: 'backup' | 'keys', folder: string): Promise<Manifest> => {
    const salt = randomBytes(32);
    const copied: ManifestTable[] = [];
    for (const table of tables.filter(({ name }) => keyTables.includes(name) === (type === 'keys')))
      copied.push(await copyTable(client, table, `${folder}.part`, tableKey(needs, salt, type, id, table.name)));
    return writeManifest(`${folder}.part`, needs.vault, {
      type,
      ...shared,
      salt: salt.toString('base64'),
      tables: copied,
    });
  };
  const keys = await copyAll('keys', folders.keys);
  const main = await copyAll('backup', folders.main);
  await client.query('COMMIT');
  renameSync(`${folders.keys}.part`, folders.keys);
  renameSync(`${folders.main}.part`, folders.main);
  return { main, keys };
}

export const tableKey = (
  { vault }: Pick<World, 'vault'>,
  salt: Uint8Array,
  type: 'backup' | 'keys',
  id: string,
  table: string,
): Buffer => fileKey(vault.derive('backup'), salt, `${type} ${id} ${table}`);

export const fileOf = (folder: string, table: string): string => join(folder, `${table}.sealed`);

async function copyTable(client: pg.Client, table: TableShape, folder: string, key: Buffer): Promise<ManifestTable> {
  const file = writeSealed(fileOf(folder, table.name), key);
  const rows = await copyOut(client, copyOutText(table), (chunk) => file.write(chunk));
  return { name: table.name, columns: [...table.columns], rows, ...file.end() };
}
