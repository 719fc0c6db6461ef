/** `waxwing backup`: a backup of the whole installation, beside a running server. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { makeBackup, pruneKeyCopies } from '../upkeep/index.ts';
import { inWorld } from './accounts.ts';
import { CommandFault } from './fault.ts';

export const addBackupCommand = (program: Command): void => {
  program
    .command('backup [folder]')
    .description('make a sealed, signed backup (default folder: WAXWING_BACKUP_DIR), and end old copies of keys')
    .option('--prune', 'only end copies of keys that are older than seven days')
    .action(backup);
};

async function backup(folder: string | undefined, options: { prune?: true }): Promise<void> {
  const { config } = readConfig(process.env);
  const dir = folder ?? config.backupDir;
  if (dir === undefined) throw new CommandFault('Name a folder for backups, or set WAXWING_BACKUP_DIR.');
  if (options.prune === true) {
    process.stdout.write(`${pruneKeyCopies(dir, new Date())} copies of keys were ended\n`);
    return;
  }
  const startedAt = performance.now();
  const made = await inWorld((world, _config, connection) => makeBackup({ ...world, connection }, dir));
  const tables = [...made.manifest.tables, ...made.keys.tables];
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const mebibytes = tables.reduce((sum, table) => sum + table.sizeBytes, 0) / 1_048_576;
  process.stdout.write(
    `Backup ${made.manifest.id}: ${tables.length} tables, ${rows} rows, ${mebibytes.toFixed(1)} MiB in ${seconds(startedAt)} s. ` +
      `${made.erasuresLogged} erasures were added to the log, ${made.keyCopiesRemoved} old copies of keys ended.\n`,
  );
}

const seconds = (startedAt: number): string => ((performance.now() - startedAt) / 1000).toFixed(1);
