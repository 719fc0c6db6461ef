/**
 * The loop that makes backups which were asked for or are due, checks them, and notes what lies in the folder. It works
 * where a folder is set; of several such processes one is at it at a time.
 */
import { existsSync } from 'node:fs';
import pg from 'pg';
import { newId } from '../platform/ids.ts';
import { errorFacts } from '../platform/log.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { BackupBusy, makeBackup, sizeOf } from './backup.ts';
import { checkChain, checkFiles, openChain, readBackups } from './backup-chain.ts';
import { idsIn, makeFolders } from './backup-folders.ts';
import { fullIdOf } from './manifest.ts';
import { operatorAccount } from './operator.ts';
import { removeOldBackups } from './retain-backups.ts';
import {
  type BackupPlan,
  type BackupRequest,
  insertRequest,
  markEnded,
  markStarted,
  noteChecked,
  noteFound,
  noteLook,
  noteRemoved,
  readCheckedAt,
  readLastMade,
  readLastRequest,
  readNoted,
  readPlan,
} from './safety-store.ts';
import { BackupFault } from './sealed-file.ts';

export interface BackupPlace {
  readonly dir: string;
  readonly connection: pg.PoolConfig;
}

const lookEveryMs = 5_000;
const noteLookEveryMs = 20_000;
const hourMs = 3_600_000;
/** After one that failed, before the plan tries again. */
const retryMs = 600_000;
const wholeCheckEveryMs = 24 * hourMs;

export function startBackups(
  world: World,
  dir: string | undefined,
  connection: pg.PoolConfig,
  everyMs = lookEveryMs,
): Running {
  let notedAt = Number.NEGATIVE_INFINITY;
  const turn = async (): Promise<void> => {
    const accountId = dir === undefined ? undefined : await operatorAccount(world.db);
    if (dir === undefined || accountId === undefined) return;
    const now = world.clock.now();
    makeFolders(dir);
    const plan = await world.db.readAccount(accountId, readPlan);
    if (plan.lookedAt === null || now.getTime() - notedAt >= noteLookEveryMs) {
      await world.db.asAccount(accountId, (tx) => noteLook(tx, now));
      notedAt = now.getTime();
    }
    await noteFolder(world, dir);
    await askWhenDue(world, accountId, plan);
    const request = await world.db.readAccount(accountId, readLastRequest);
    if (request === undefined || request.endedAt !== null) return;
    await alone(connection, async () => {
      const still = await world.db.readAccount(accountId, readLastRequest);
      if (still?.id === request.id && still.endedAt === null)
        await serve(world, accountId, { dir, connection }, still, plan);
    });
  };
  return repeat(world, { name: 'the making of backups', everyMs, turn });
}

/** What lies in the folder and is not known, or known and gone, since the last look. */
async function noteFolder(world: World, dir: string): Promise<void> {
  const there = new Set(idsIn(dir));
  const noted = await readNoted(world.db);
  const gone = noted
    .filter(({ id, isWhole, isRemoved }) => isWhole && !isRemoved && !there.has(id))
    .map(({ id }) => id);
  if (gone.length > 0) await noteRemoved(world.db, gone, world.clock.now());
  const known = new Set(noted.filter(({ isWhole, isRemoved }) => isWhole && !isRemoved).map(({ id }) => id));
  if ([...there].every((id) => known.has(id))) return;
  for (const { id, chain } of readBackups(dir, world.vault)) {
    if (known.has(id) || chain === undefined) continue;
    const { manifest } = chain.newest;
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    const madeAt = new Date(manifest.madeAt);
    await noteFound(world.db, { id, madeAt, fullId: fullIdOf(manifest), sizeBytes: sizeOf(manifest), rows });
  }
}

async function askWhenDue(world: World, accountId: string, { everyHours }: BackupPlan): Promise<void> {
  if (everyHours === null) return;
  const now = world.clock.now();
  await world.db.asAccount(accountId, async (tx) => {
    const last = await readLastRequest(tx);
    if (last !== undefined && last.endedAt === null) return;
    const hasFailedLately =
      last?.fault != null && last.endedAt !== null && now.getTime() - last.endedAt.getTime() < retryMs;
    const madeAt = (await readLastMade(tx))?.getTime() ?? Number.NEGATIVE_INFINITY;
    if (!hasFailedLately && now.getTime() - madeAt >= everyHours * hourMs)
      await insertRequest(tx, newId(now), 'backup', now);
  });
}

/** Undone when the connection ends, however it does. */
async function alone(connection: pg.PoolConfig, run: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ ...connection, application_name: 'waxwing-backups' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ mine: boolean }>(
      "SELECT pg_try_advisory_lock(hashtext('waxwing.backup_requests')) AS mine",
    );
    if (rows[0]?.mine === true) await run();
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function serve(world: World, accountId: string, place: BackupPlace, request: BackupRequest, plan: BackupPlan) {
  await world.db.asAccount(accountId, (tx) => markStarted(tx, request.id, world.clock.now()));
  let backupId: string | null = null;
  let fault: string | null = null;
  try {
    if (request.what === 'check') await checkAll(world, place.dir);
    else backupId = await backUp(world, place, request, plan);
  } catch (error) {
    if (error instanceof BackupBusy) return; // somebody at the command line: the next turn tries again
    world.log.error(errorFacts(error), 'a backup failed');
    fault = faultOf(error, place.dir);
  }
  await world.db.asAccount(accountId, (tx) => markEnded(tx, request.id, { at: world.clock.now(), backupId, fault }));
}

/** Our own words name files; anybody else's may hold more than the console should show. */
const faultOf = (error: unknown, dir: string): string => {
  if (error instanceof BackupFault) return error.message.replaceAll(`${dir}/`, '');
  return `It failed (${(error as NodeJS.ErrnoException).code ?? 'see the log of the worker'}).`;
};

async function backUp(
  world: World,
  place: BackupPlace,
  { what }: BackupRequest,
  { keepDays }: BackupPlan,
): Promise<string> {
  const { manifest } = await makeBackup(
    { ...world, connection: place.connection },
    place.dir,
    what === 'backup' ? 'auto' : 'full',
  );
  const fullCheckedAt = await readCheckedAt(world.db, fullIdOf(manifest));
  const now = world.clock.now();
  const isTime = fullCheckedAt === null || now.getTime() - fullCheckedAt.getTime() >= wholeCheckEveryMs;
  if (isTime) await checkAll(world, place.dir);
  else await checkNewest(world, place.dir);
  if (keepDays !== null) removeOldBackups(place.dir, world.vault, keepDays, now);
  await noteFolder(world, place.dir);
  return manifest.id;
}

/** The newest with all that it leans on. What does not fit is noted with the newest, which cannot be restored. */
async function checkAll(world: World, dir: string): Promise<void> {
  if (!existsSync(dir) || idsIn(dir).length === 0) throw new BackupFault(`There is no backup in ${dir}.`);
  const newest = idsIn(dir).at(-1) ?? '';
  try {
    const chain = openChain(dir, world.vault, newest);
    await checkChain(chain);
    const ids = chain.links.map(({ manifest }) => manifest.id);
    await noteChecked(world.db, ids, world.clock.now(), null);
  } catch (error) {
    if (error instanceof BackupFault) await noteChecked(world.db, [newest], world.clock.now(), faultOf(error, dir));
    throw error;
  }
}

async function checkNewest(world: World, dir: string): Promise<void> {
  const { newest } = openChain(dir, world.vault, undefined);
  await checkFiles(newest);
  await noteChecked(world.db, [newest.manifest.id], world.clock.now(), null);
}
