/** `waxwing restore`: a backup into an empty database, checked, with what was erased since erased again. */

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { listAccounts } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { keyProvider, readConfig } from '../config.ts';
import { type Database, openDatabase } from '../platform/database.ts';
import { openDatabaseServer } from '../platform/database-server.ts';
import { checkKeyOfInstallation } from '../platform/installation.ts';
import { openLog } from '../platform/log.ts';
import { openMasterKey } from '../platform/master-key.ts';
import { openVault } from '../platform/vault.ts';
import { systemClock } from '../platform/world.ts';
import { type Restored, restoreBackup } from '../upkeep/index.ts';
import { CommandFault } from './fault.ts';

interface Options {
  readonly backup?: string;
  readonly withoutKeys?: true;
}

export const addRestoreCommand = (program: Command): void => {
  program
    .command('restore <folder>')
    .description(
      'bring a backup into an empty database; needs the key file that it was made with; the server must not run',
    )
    .option('--backup <id>', 'which one (default: the newest)')
    .option('--without-keys', 'go on where every copy of keys is over: contents and addresses stay unreadable for good')
    .action(restore);
};

async function restore(dir: string, options: Options): Promise<void> {
  const { config } = readConfig(process.env);
  if (!existsSync(config.keyFile))
    throw new CommandFault(`There is no key file ${config.keyFile}. Put the one there that the backup was made with.`);
  const vault = openVault(await openMasterKey(config.keyFile, keyProvider(config)));
  const server = await openDatabaseServer({ ...config, log: openLog('warn', 'stderr') });
  const db = openDatabase({ connection: server.connection, maxConnections: 2 });
  const startedAt = performance.now();
  try {
    const needs = { db, vault, clock: systemClock, connection: server.connection };
    const done = await restoreBackup(needs, { dir, ...options });
    await checkKeyOfInstallation(db, vault, systemClock.now());
    await recordRestored(db, done);
    process.stdout.write(`${wordsFor(done, (performance.now() - startedAt) / 1000)}\n`);
  } finally {
    await db.close();
    await server.stop();
  }
}

/** Every account went back to how it was then, and its log says so. */
async function recordRestored(db: Database, { id, madeAt, erasedAgain, keysOf }: Restored): Promise<void> {
  for (const { accountId } of await listAccounts(db))
    await db.asAccount(accountId, (tx) =>
      record(tx, {
        at: systemClock.now(),
        actor: { kind: 'system', id: 'command-line' },
        action: 'backup.restored',
        object: { kind: 'backup', id },
        detail: { madeAt, erasedAgain, hasKeys: keysOf !== null },
      }),
    );
}

const wordsFor = (done: Restored, seconds: number): string =>
  `Restored ${done.id} of ${done.madeAt}: ${done.tables} tables, ${done.rows} rows, as they were copied, in ${seconds.toFixed(1)} s. ` +
  `${done.keysOf === null ? 'No copy of keys was left' : `${done.keys} keys from the copies of ${done.keysOf}`}. ` +
  `${done.erasedAgain} messages that were erased since were erased again. ` +
  (done.messagesWithoutKey === 0
    ? 'Every other message has its key.'
    : `${done.messagesWithoutKey} messages have no key: their contents and addresses can never be read again; ` +
      'what was counted of them, and when, can.');
