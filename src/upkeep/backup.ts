/**
 * Makes a backup: every table from one snapshot, in sealed chunks, with a signed manifest; an increment stores only the
 * chunks that the backup before it has not. Copies of keys go whole to a folder of their own, where they end after seven
 * days. It locks nobody out and writes nothing readable.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { listAccounts } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { newId } from '../platform/ids.ts';
import type { World } from '../platform/world.ts';
import {
  type Chain,
  fileOf,
  indexKey,
  indexLine,
  indexOf,
  isStanding,
  openChain,
  readIndex,
  tableKey,
} from './backup-chain.ts';
import { idsIn, keysFolder, madeAtOf, makeFolders, pruneKeyCopies } from './backup-folders.ts';
import { type ChunkPlace, chunkId, cutRows, writeChunks } from './chunk-file.ts';
import { copyOut } from './copy-rows.ts';
import { writeErasureLog } from './erasure-log.ts';
import { fullIdOf, type Manifest, type ManifestTable, writeManifest } from './manifest.ts';
import { BackupFault, writeSealed } from './sealed-file.ts';
import { copyOutText, endingKeyTables, keyTables, readMonths, readTables, type TableShape } from './table-list.ts';

export interface BackupNeeds extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly connection: pg.PoolConfig;
}

/** `auto`: an increment while there is a full backup of the last seven days to lean on. */
export type BackupKind = 'auto' | 'full' | 'incremental';

export interface BackupMade {
  readonly manifest: Manifest;
  readonly keys: Manifest;
  readonly erasuresLogged: number;
  readonly keyCopiesRemoved: number;
}

/** Another process is at a backup of this database. */
export class BackupBusy extends BackupFault {}

const fullEveryMs = 7 * 86_400_000;
/** Each increment is one more folder that must be there; this bounds how many. */
const mostLinks = 200;

export async function makeBackup(needs: BackupNeeds, dir: string, kind: BackupKind = 'auto'): Promise<BackupMade> {
  makeFolders(dir);
  const client = new pg.Client({ ...needs.connection, application_name: 'waxwing-backup' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await takeTurn(client);
    const now = needs.clock.now();
    const id = newId(now);
    const base = chooseBase(needs, dir, kind, now);
    // Before the snapshot: whoever erases from now on knows that copies of keys may exist.
    await client.query('INSERT INTO backups (id, started_at) VALUES ($1, $2)', [id, now]);
    // Those that erase just now did not know: they end first, and are not in the snapshot.
    await client.query("BEGIN; SELECT pg_advisory_xact_lock(hashtext('waxwing.erasing')); COMMIT");
    const { main, keys } = await copySnapshot(needs, client, dir, { id, now, base });
    await noteMade(client, [main, keys], needs.clock.now());
    await recordMade(needs, main);
    const erasuresLogged = await writeErasureLog(needs.db, dir);
    return { manifest: main, keys, erasuresLogged, keyCopiesRemoved: pruneKeyCopies(dir, needs.clock.now()) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Held until the connection ends. */
async function takeTurn(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ mine: boolean }>(
    "SELECT pg_try_advisory_lock(hashtext('waxwing.backing_up')) AS mine",
  );
  if (rows[0]?.mine !== true)
    throw new BackupBusy('Another backup of this database is being made. Try again when it has ended.');
}

async function noteMade(client: pg.Client, manifests: readonly Manifest[], at: Date): Promise<void> {
  const [main] = manifests;
  if (main === undefined) return;
  const rows = main.tables.reduce((sum, table) => sum + table.rows, 0);
  await client.query(
    'UPDATE backups SET finished_at = $2, full_id = $3, size_bytes = $4, row_count = $5 WHERE id = $1',
    [main.id, at, fullIdOf(main), manifests.reduce((sum, one) => sum + sizeOf(one), 0), rows],
  );
}

/** Every account's data is in it, so every account's log tells of it; how large others are it does not tell. */
async function recordMade({ db, clock }: BackupNeeds, manifest: Manifest): Promise<void> {
  const kind = fullIdOf(manifest) === manifest.id ? 'full' : 'increment';
  for (const { accountId } of await listAccounts(db))
    await db.asAccount(accountId, (tx) =>
      record(tx, {
        at: clock.now(),
        actor: { kind: 'system', id: 'backup' },
        action: 'backup.made',
        object: { kind: 'backup', id: manifest.id },
        detail: { kind },
      }),
    );
}

export const sizeOf = ({ tables }: Manifest): number =>
  tables.reduce((sum, { sizeBytes, index }) => sum + sizeBytes + (index?.sizeBytes ?? 0), 0);

/** What the new backup leans on; undefined: it is to be a full one. */
function chooseBase({ vault }: BackupNeeds, dir: string, kind: BackupKind, now: Date): Chain | undefined {
  if (kind === 'full' || idsIn(dir).length === 0) {
    if (kind === 'incremental')
      throw new BackupFault(`There is no backup in ${dir} that an increment could lean on. Make a full one.`);
    return undefined;
  }
  try {
    const chain = openChain(dir, vault, undefined);
    if (!isStanding(chain))
      throw new BackupFault(
        `Files of ${chain.newest.folder}, or of what it leans on, are missing or cut off. Make a full one.`,
      );
    if (kind === 'incremental') return chain;
    const isOld = madeAtOf(fullIdOf(chain.newest.manifest)) + fullEveryMs <= now.getTime();
    return isOld || chain.links.length > mostLinks ? undefined : chain;
  } catch (error) {
    if (kind === 'incremental' || !(error instanceof BackupFault)) throw error;
    return undefined;
  }
}

interface Copying {
  readonly id: string;
  readonly now: Date;
  readonly base: Chain | undefined;
}

/** Both folders get their names only when they are whole, the keys first: a backup is there, or it is not. */
async function copySnapshot(needs: BackupNeeds, client: pg.Client, dir: string, { id, now, base }: Copying) {
  const folders = { main: join(dir, id), keys: join(keysFolder(dir), id) };
  for (const folder of Object.values(folders)) mkdirSync(`${folder}.part`, { mode: 0o700 });
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0');
  const tables = await readTables(client);
  const { rows: migrations } = await client.query<Manifest['migrations'][number]>(
    'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
  );
  const shared = { id, madeAt: now.toISOString(), migrations, months: await readMonths(client) };
  const copyAll = async (
    type: 'backup' | 'keys',
    copyOne: (table: TableShape, place: Place) => Promise<ManifestTable>,
    links?: Manifest['links'],
  ): Promise<Manifest> => {
    const folder = `${type === 'keys' ? folders.keys : folders.main}.part`;
    const salt = randomBytes(32).toString('base64');
    const copied: ManifestTable[] = [];
    for (const table of tables.filter(({ name }) =>
      type === 'keys' ? keyTables.includes(name) : !endingKeyTables.includes(name),
    ))
      copied.push(await copyOne(table, { folder, manifest: { type, id, salt } }));
    return writeManifest(folder, needs.vault, { type, ...shared, salt, tables: copied, ...(links && { links }) });
  };
  const keys = await copyAll('keys', (table, place) => copyWhole(needs, client, table, place));
  const links = (base?.links ?? []).map(({ manifest }) => ({ id: manifest.id, signature: manifest.signature }));
  const main = await copyAll('backup', (table, place) => copyChunks(needs, client, table, place, base), links);
  await client.query('COMMIT');
  renameSync(`${folders.keys}.part`, folders.keys);
  renameSync(`${folders.main}.part`, folders.main);
  return { main, keys };
}

interface Place {
  readonly folder: string;
  readonly manifest: Pick<Manifest, 'type' | 'id' | 'salt'>;
}

/** Of keys nothing may lie in an older folder than the copy's own: each copy ends by itself. */
async function copyWhole(
  needs: BackupNeeds,
  client: pg.Client,
  table: TableShape,
  place: Place,
): Promise<ManifestTable> {
  const file = writeSealed(fileOf(place.folder, table.name), tableKey(needs, place, table.name));
  const rows = await copyOut(client, copyOutText(table), (chunk) => file.write(chunk));
  return { name: table.name, columns: [...table.columns], rows, ...file.end() };
}

async function copyChunks(
  needs: BackupNeeds,
  client: pg.Client,
  table: TableShape,
  place: Place,
  base: Chain | undefined,
): Promise<ManifestTable> {
  const known = await knownChunks(needs, base, table.name);
  const idKey = needs.vault.derive('backup');
  const own = base?.links.length ?? 0;
  const file = writeChunks(fileOf(place.folder, table.name), tableKey(needs, place, table.name));
  const index = writeSealed(indexOf(place.folder, table.name), indexKey(needs, place, table.name));
  const plainHash = createHash('sha256');
  const counts = { chunks: 0, newChunks: 0 };
  const cutter = cutRows((plain) => {
    plainHash.update(plain);
    const id = chunkId(idKey, plain);
    const old = known.get(id);
    const found = old ?? { link: own, ...file.put(plain, id) };
    known.set(id, found);
    counts.chunks += 1;
    counts.newChunks += old === undefined ? 1 : 0;
    index.write(Buffer.from(indexLine(found)));
  });
  const rows = await copyOut(client, copyOutText(table), (row) => cutter.row(row));
  cutter.end();
  const { sizeBytes, sealedSha256 } = index.end();
  return {
    name: table.name,
    columns: [...table.columns],
    rows,
    ...file.end(),
    plainSha256: plainHash.digest('hex'),
    index: { sizeBytes, sealedSha256, ...counts },
  };
}

/** The last backup of a chain says where all is that the chain holds of the table. */
async function knownChunks(
  needs: BackupNeeds,
  base: Chain | undefined,
  table: string,
): Promise<Map<string, ChunkPlace>> {
  const isThere = base?.newest.manifest.tables.some(({ name, index }) => name === table && index !== undefined);
  if (base === undefined || isThere !== true) return new Map();
  return new Map((await readIndex(needs, base.newest, table)).map((place) => [place.id, place]));
}
