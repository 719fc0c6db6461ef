/** `waxwing backup`: a backup of the whole installation, beside a running server. */
import { type Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../config.ts';
import {
  type BackupKind,
  checkChain,
  fullIdOf,
  makeBackup,
  openChain,
  pruneKeyCopies,
  removeOldBackups,
  sizeOf,
} from '../upkeep/index.ts';
import { inWorld } from './accounts.ts';
import { CommandFault } from './fault.ts';

interface Options {
  readonly prune?: true;
  readonly full?: true;
  readonly incremental?: true;
  readonly check?: true;
  readonly keep?: number;
}

const days = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 7) throw new InvalidArgumentError('Give a number of days, 7 at least.');
  return value;
};

export const addBackupCommand = (program: Command): void => {
  program
    .command('backup [folder]')
    .description('make a sealed, signed backup (default folder: WAXWING_BACKUP_DIR), and end old copies of keys')
    .option('--full', 'store everything (default: an increment, while there is a full one of the last seven days)')
    .option('--incremental', 'store only what is new, and fail where there is nothing to lean on')
    .option('--keep <days>', 'then remove chains of which even the newest backup is older', days)
    .option('--check', 'only read the newest backup again, with all that it leans on')
    .option('--prune', 'only end copies of keys that are older than seven days')
    .action(backup);
};

async function backup(folder: string | undefined, options: Options): Promise<void> {
  const { config } = readConfig(process.env);
  const dir = folder ?? config.backupDir;
  if (dir === undefined) throw new CommandFault('Name a folder for backups, or set WAXWING_BACKUP_DIR.');
  if (options.full === true && options.incremental === true)
    throw new CommandFault('A backup is full or an increment. Leave one of the two out.');
  if (options.prune === true) process.stdout.write(`${pruneKeyCopies(dir, new Date())} copies of keys were ended\n`);
  else if (options.check === true) await check(dir);
  else await make(dir, options);
}

async function make(dir: string, options: Options): Promise<void> {
  const kind: BackupKind = options.full === true ? 'full' : options.incremental === true ? 'incremental' : 'auto';
  const startedAt = performance.now();
  await inWorld(async (world, _config, connection) => {
    const made = await makeBackup({ ...world, connection }, dir, kind);
    const { manifest, keys } = made;
    const tables = [...manifest.tables, ...keys.tables];
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const mebibytes = (sizeOf(manifest) + sizeOf(keys)) / 1_048_576;
    const base = fullIdOf(manifest) === manifest.id ? 'full' : `an increment of ${fullIdOf(manifest)}`;
    process.stdout.write(
      `Backup ${manifest.id}: ${base}, ${tables.length} tables, ${rows} rows, ${mebibytes.toFixed(1)} MiB written in ${seconds(startedAt)} s. ` +
        `${made.erasuresLogged} erasures were added to the log, ${made.keyCopiesRemoved} old copies of keys ended.\n`,
    );
    if (options.keep === undefined) return;
    const gone = removeOldBackups(dir, world.vault, options.keep, world.clock.now());
    process.stdout.write(`${gone.length} old backups were removed.\n`);
  });
}

const check = (dir: string): Promise<void> =>
  inWorld(async (world) => {
    const startedAt = performance.now();
    const chain = openChain(dir, world.vault, undefined);
    await checkChain(chain);
    process.stdout.write(
      `Backup ${chain.newest.manifest.id} and the ${chain.links.length - 1} that it leans on are as they were written, read in ${seconds(startedAt)} s.\n`,
    );
  });

const seconds = (startedAt: number): string => ((performance.now() - startedAt) / 1000).toFixed(1);
