/**
 * Brings a backup into an empty database: everything is checked before anything is written, all rows come in one
 * transaction, and what was erased since is erased again before anybody is served. It never writes over anything.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { listAccounts } from '../accounts/index.ts';
import { migrate, readMigrations } from '../platform/migrate.ts';
import { installationSigner } from '../platform/signing.ts';
import type { World } from '../platform/world.ts';
import { eraseAgain } from '../sending/index.ts';
import { type Chain, checkChain, checkFiles, openChain, rowsIn, type Source } from './backup-chain.ts';
import { chooseKeys, manifestsIn, noteRestored } from './backup-folders.ts';
import { copyIn, copyOut } from './copy-rows.ts';
import { assertNoneMissing, readErasureLog } from './erasure-log.ts';
import { countMessagesWithoutKey } from './key-store.ts';
import type { Manifest, ManifestTable } from './manifest.ts';
import { BackupFault } from './sealed-file.ts';
import { advanceCounters, copyInText, copyOutText, readTables, type TableShape } from './table-list.ts';

export interface RestoreNeeds extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly connection: pg.PoolConfig;
}

export interface RestoreWish {
  readonly dir: string;
  /** Default: the newest. */
  readonly backup?: string | undefined;
  /** Go on where every copy of keys is over: contents and addresses stay unreadable for good. */
  readonly withoutKeys?: boolean | undefined;
}

export interface Restored {
  readonly id: string;
  readonly madeAt: string;
  readonly tables: number;
  readonly rows: number;
  /** Whose copies of keys were used; null: none were left. */
  readonly keysOf: string | null;
  readonly keys: number;
  readonly erasedAgain: number;
  /** Not erased, and closed all the same: no copy of their keys was there. What was counted of them is as it was. */
  readonly messagesWithoutKey: number;
}

export async function restoreBackup(needs: RestoreNeeds, wish: RestoreWish): Promise<Restored> {
  const chain = openChain(wish.dir, needs.vault, wish.backup);
  const main = chain.newest;
  const keys = chooseKeys(wish.dir, needs.vault, main.manifest.id, needs.clock.now());
  if (keys === undefined && wish.withoutKeys !== true)
    throw new BackupFault(
      'Every copy of keys is older than seven days and over: no content or address of a message could be read. ' +
        'To restore the rest all the same: --without-keys',
    );
  const erasures = readErasureLog(wish.dir, installationSigner(needs.vault).publicKey);
  assertNoneMissing(erasures, main.manifest, manifestsIn(wish.dir, needs.vault));
  await checkChain(chain);
  if (keys !== undefined) await checkFiles(keys);
  const loaded = await loadInto(needs, chain, keys);
  let erasedAgain = 0;
  const accounts = new Set((await listAccounts(needs.db)).map(({ accountId }) => accountId));
  for (const certificate of erasures)
    if (accounts.has(certificate.account) && (await eraseAgain(needs, certificate))) erasedAgain += 1;
  const { id, madeAt } = main.manifest;
  noteRestored(wish.dir, id, needs.clock.now());
  const messagesWithoutKey = await countWithoutKey(needs.db);
  return { id, madeAt, ...loaded, keysOf: keys?.manifest.id ?? null, erasedAgain, messagesWithoutKey };
}

async function countWithoutKey(db: World['db']): Promise<number> {
  let count = 0;
  for (const { accountId } of await listAccounts(db)) count += await db.readAccount(accountId, countMessagesWithoutKey);
  return count;
}

async function loadInto(needs: RestoreNeeds, chain: Chain, keys: Source | undefined) {
  const client = new pg.Client({ ...needs.connection, application_name: 'waxwing-restore' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await refuseUsed(client);
    await makeSchema(needs, chain.newest.manifest);
    await client.query('BEGIN; SET LOCAL statement_timeout = 0');
    const loaded = await loadAll(needs, client, chain, keys);
    await client.query('COMMIT');
    await migrate(needs.connection, needs.clock.now());
    return loaded;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function refuseUsed(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'schema_migrations'`,
  );
  if (rows.length === 0) return;
  const isOurs = rows.some(({ name }) => name === 'accounts');
  const used = isOurs && (await client.query('SELECT FROM accounts LIMIT 1')).rowCount !== 0;
  if (!isOurs || used)
    throw new BackupFault(
      'The database is not empty. Restore into a new one: another WAXWING_DATA_DIR, or a new database in DATABASE_URL.',
    );
}

/** The schema that the backup was made under; what came later is applied afterwards, to its rows too. */
async function makeSchema({ connection, clock }: RestoreNeeds, manifest: Manifest): Promise<void> {
  const known = readMigrations();
  for (const { name, version, checksum } of manifest.migrations)
    if (!known.some((one) => one.version === version && one.checksum === checksum))
      throw new BackupFault(
        `The backup has migration ${name}, which this version does not know. Restore it with the Waxwing that made it.`,
      );
  const versions = new Set(manifest.migrations.map(({ version }) => version));
  await migrate(
    connection,
    clock.now(),
    known.filter(({ version }) => versions.has(version)),
  );
}

async function loadAll(needs: RestoreNeeds, client: pg.Client, chain: Chain, keys: Source | undefined) {
  const main = chain.newest;
  const shapes = await readTables(client);
  for (const month of main.manifest.months) await client.query('SELECT ensure_event_partitions($1::date, 0)', [month]);
  await client.query(`TRUNCATE ${shapes.map(({ name }) => `"${name}"`).join(', ')}`);
  let rows = 0;
  for (const [shape, table] of inOrder(shapes, main.manifest))
    rows += await loadTable(client, shape, table, rowsIn(needs, chain, table));
  let keyRows = 0;
  for (const [shape, table] of keys === undefined ? [] : inOrder(shapes, keys.manifest))
    keyRows += await loadKeys(needs, client, keys as Source, shape, table, main);
  await advanceCounters(client);
  return { tables: main.manifest.tables.length, rows, keys: keyRows };
}

/** Those that are referred to come first. */
function inOrder(shapes: readonly TableShape[], manifest: Manifest): [TableShape, ManifestTable][] {
  for (const { name } of manifest.tables)
    if (!shapes.some((shape) => shape.name === name))
      throw new BackupFault(`The backup has a table ${name} that its schema lacks.`);
  return shapes.flatMap((shape): [TableShape, ManifestTable][] => {
    const table = manifest.tables.find(({ name }) => name === shape.name);
    return table === undefined ? [] : [[shape, table]];
  });
}

/** Copies of keys lean on nothing. */
const keysIn = (needs: RestoreNeeds, source: Source, table: ManifestTable): AsyncIterable<Uint8Array> =>
  rowsIn(needs, { newest: source, links: [source] }, table);

/** Without the triggers, whose work is in the backup already; and what lies in the table then must be what was copied. */
async function loadTable(
  client: pg.Client,
  shape: TableShape,
  table: ManifestTable,
  copied: AsyncIterable<Uint8Array>,
): Promise<number> {
  await client.query(`ALTER TABLE "${shape.name}" DISABLE TRIGGER USER`);
  const rows = await copyIn(client, copyInText(shape.name, table.columns), copied);
  await client.query(`ALTER TABLE "${shape.name}" ENABLE TRIGGER USER`);
  const hash = createHash('sha256');
  await copyOut(client, copyOutText(shape), (chunk) => hash.update(chunk));
  if (rows !== table.rows || hash.digest('hex') !== table.plainSha256)
    throw new BackupFault(
      `The table ${shape.name} is not what was copied: ${rows} of ${table.rows} rows. Nothing was restored.`,
    );
  return rows;
}

/** Copies of keys may be newer than the backup: those of messages and accounts that are not in it are left out. */
async function loadKeys(
  needs: RestoreNeeds,
  client: pg.Client,
  source: Source,
  shape: TableShape,
  table: ManifestTable,
  main: Source,
): Promise<number> {
  const isItsOwn = source.manifest.id === main.manifest.id;
  if (isItsOwn && main.manifest.tables.some(({ name }) => name === shape.name)) return 0; // the same rows
  if (isItsOwn) return loadTable(client, shape, table, keysIn(needs, source, table));
  const columns = table.columns.map((name) => `"${name}"`).join(', ');
  await client.query(`CREATE TEMP TABLE key_copies (LIKE "${shape.name}") ON COMMIT DROP`);
  await copyIn(client, copyInText('key_copies', table.columns), keysIn(needs, source, table));
  const isKnown = shape.name === 'message_keys' ? 'm.id = k.message_id' : 'm.account_id = k.account_id';
  const parent = shape.name === 'message_keys' ? 'messages' : 'accounts';
  const { rowCount } = await client.query(
    `INSERT INTO "${shape.name}" (${columns}) SELECT ${columns} FROM key_copies k WHERE EXISTS (SELECT FROM ${parent} m WHERE ${isKnown})
     ON CONFLICT DO NOTHING`,
  );
  await client.query('DROP TABLE key_copies');
  return rowCount ?? 0;
}
