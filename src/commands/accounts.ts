/** `waxwing accounts create` and `waxwing sign-in`: work beside a running server, or start its database for themselves. */
import type { Command } from 'commander';
import { createAccount, createSignInLink, listAccounts } from '../accounts/index.ts';
import { type Config, keyProvider, readConfig } from '../config.ts';
import { openDatabase } from '../platform/database.ts';
import { type DatabaseServer, joinDatabaseServer, prepareDatabase } from '../platform/database-server.ts';
import { openLog } from '../platform/log.ts';
import { needsNewKey, openMasterKey, takeNewKeyBack } from '../platform/master-key.ts';
import type { Actor } from '../platform/route.ts';
import { openVault } from '../platform/vault.ts';
import { systemClock, type World } from '../platform/world.ts';
import { CommandFault } from './fault.ts';

const actor: Actor = { kind: 'system', id: 'command-line' };

export function addAccountCommands(program: Command): void {
  program
    .command('accounts')
    .description('accounts of this installation')
    .command('create <name>')
    .description('make an account; prints { "account", "apiKey" } — the key is shown this once')
    .action(create);
  program
    .command('sign-in [account]')
    .description('print a one-time link to the console, valid for a day (the oldest account unless an id is given)')
    .action(signIn);
}

async function create(name: string): Promise<void> {
  const trimmed = name.trim();
  if (trimmed === '' || trimmed.length > 200) throw new CommandFault('An account’s name has 1 to 200 characters.');
  const { accountId, apiKey } = await inWorld((world) => createAccount(world, { name: trimmed, actor }));
  process.stdout.write(`${JSON.stringify({ account: accountId, apiKey })}\n`);
}

async function signIn(account: string | undefined): Promise<void> {
  const link = await inWorld(async (world, config) => {
    const accounts = await listAccounts(world.db);
    const chosen = account === undefined ? accounts[0] : accounts.find((one) => one.accountId === account);
    if (chosen === undefined)
      throw new CommandFault(
        account === undefined
          ? 'There is no account yet. Make one: waxwing accounts create NAME'
          : `There is no such account. There are: ${accounts.map((one) => one.accountId).join(', ')}`,
      );
    return createSignInLink(world, chosen.accountId, publicUrl(config), actor);
  });
  process.stdout.write(`${link}\n`);
}

const publicUrl = (config: Config): string => config.publicUrl ?? `http://127.0.0.1:${config.httpPort ?? 3000}`;

export async function inWorld<T>(
  run: (
    world: Pick<World, 'db' | 'vault' | 'clock'>,
    config: Config,
    connection: DatabaseServer['connection'],
  ) => Promise<T>,
): Promise<T> {
  const { config, warnings } = readConfig(process.env);
  const log = openLog('warn', 'stderr');
  for (const warning of warnings) log.warn(warning);
  const isNewKey = needsNewKey(config.keyFile, config.dataDir);
  const vault = openVault(await openMasterKey(config.keyFile, keyProvider(config)));
  const server = await joinDatabaseServer({ ...config, log });
  const db = openDatabase({ connection: server.connection, maxConnections: 2 });
  try {
    await takeNewKeyBack(isNewKey, config.keyFile, () =>
      prepareDatabase(server.connection, { db, vault, clock: systemClock, log }),
    );
    return await run({ db, vault, clock: systemClock }, config, server.connection);
  } finally {
    await db.close();
    await server.stop();
  }
}
