/** `waxwing keys`: rotations of wrapping keys and of the master key, and its keeper. They work beside a running server. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { listAccounts } from '../accounts/index.ts';
import { type Config, keyProvider, readConfig } from '../config.ts';
import { fileKeys } from '../platform/key-provider.ts';
import { addMasterKey, dropOlderLines, openMasterKey, rewriteKeyFile } from '../platform/master-key.ts';
import type { Actor } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { type Rotation, retireOlderKeys, rewrapAccount, runRotation, startRotation } from '../upkeep/index.ts';
import { inWorld } from './accounts.ts';
import { CommandFault } from './fault.ts';

const actor: Actor = { kind: 'system', id: 'command-line' };
/** Running servers look at the key file every second. */
const heardAfterMs = 5_000;

export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('the keys that everything is sealed under');
  keys
    .command('rotate')
    .description('give accounts a new wrapping key and seal all that is theirs anew under it, beside a running server')
    .option('--account <id>', 'this account only (default: every one)')
    .option('--retire', 'then destroy the keys before it, when nothing is under them any more')
    .action(rotate);
  keys
    .command('rotate-master')
    .description('add a line to the key file and seal the accounts’ keys anew under it')
    .option('--prepare', 'only add the line: copy the file to the other machines, then run this again without')
    .option('--no-new-line', 'seal under the file’s last line, which --prepare has added')
    .option('--drop-older', 'then take the lines before the last out of the file')
    .action(rotateMaster);
  keys
    .command('wrap')
    .description('have a plain key file wrapped by the keeper that WAXWING_KEY_PROVIDER names')
    .action(wrap);
}

async function rotate(options: { account?: string; retire?: true }): Promise<void> {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  await inWorld(async (world) => {
    const accounts = await listAccounts(world.db);
    const chosen = accounts.filter((one) => options.account === undefined || one.accountId === options.account);
    if (chosen.length === 0) throw new CommandFault('There is no such account.');
    const started = new Map<string, Rotation>();
    for (const { accountId } of chosen) started.set(accountId, await startRotation(world, { accountId, actor }));
    for (const [accountId, rotation] of started) {
      await follow(world, accountId, rotation, stopping.signal);
      if (options.retire === true && !stopping.signal.aborted) await retire(world, accountId);
    }
  });
}

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

async function follow(world: Needs, accountId: string, rotation: Rotation, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  process.stderr.write(
    `${accountId}: wrapping key ${rotation.version}, in force at ${rotation.inForceAt.toISOString()}\n`,
  );
  let told = '';
  const tell = (words: string): void => {
    if (words !== told) process.stderr.write(`${accountId}: ${words}\n`);
    told = words;
  };
  const end = await runRotation(world, accountId, rotation.id, {
    signal,
    sleep: async (ms) => void (await delay(ms, undefined, { signal }).catch(() => undefined)),
    onProgress: ({ rewrapped, total, keysDone, resealed }) =>
      tell(keysDone ? `${resealed} values` : `${rewrapped} of ${total} messages`),
  });
  if (end.doneAt === null) {
    process.stdout.write(
      `${accountId}: stopped at ${end.rewrapped} of ${end.total}; the server goes on, or run this again\n`,
    );
    process.exitCode = 130;
  } else
    process.stdout.write(
      `${accountId}: done, ${end.rewrapped} messages’ keys and ${end.resealed} values are under wrapping key ${end.version}\n`,
    );
}

async function retire(world: Needs, accountId: string): Promise<void> {
  const oldest = await retireOlderKeys(world, accountId, actor);
  if (oldest === undefined)
    throw new CommandFault(`${accountId}: something is still under an older key; none was destroyed. Run this again.`);
  process.stdout.write(`${accountId}: the keys before wrapping key ${oldest} are destroyed\n`);
}

async function rotateMaster(options: { prepare?: true; newLine: boolean; dropOlder?: true }): Promise<void> {
  const { config } = readConfig(process.env);
  await inWorld(async () => undefined); // the key file must be this database's before it is changed
  if (options.newLine) process.stdout.write(`The key file has ${await addLine(config)} lines now. Back it up.\n`);
  if (options.prepare === true) return;
  await delay(options.newLine ? heardAfterMs : 0);
  await inWorld(async (world) => {
    let keys = 0;
    for (const { accountId } of await listAccounts(world.db)) keys += await rewrapAccount(world, accountId, actor);
    process.stdout.write(`${keys} keys of accounts are sealed under the file’s last line.\n`);
  });
  if (options.dropOlder === true) await dropOlder(config);
}

/** A process that has not heard of the last line could have made an account under an older one meanwhile. */
async function dropOlder(config: Config): Promise<void> {
  await delay(heardAfterMs);
  await inWorld(async (world) => {
    for (const { accountId } of await listAccounts(world.db)) await rewrapAccount(world, accountId, actor);
  });
  const dropped = await dropOlderLines(config.keyFile, keyProvider(config));
  process.stdout.write(
    `${dropped} older lines are out of ${config.keyFile}. Copy it to your other machines; earlier backups need the file as it was.\n`,
  );
}

const addLine = (config: Config): Promise<number> => addMasterKey(config.keyFile, keyProvider(config));

async function wrap(): Promise<void> {
  const { config } = readConfig(process.env);
  const keeper = keyProvider(config);
  if (keeper.name === 'file')
    throw new CommandFault('Set WAXWING_KEY_PROVIDER to aws-kms or vault-transit first (docs/keys.md).');
  const lines = await rewriteKeyFile(config.keyFile, fileKeys, keeper);
  await openMasterKey(config.keyFile, keeper);
  process.stdout.write(
    `${lines} lines of ${config.keyFile} are wrapped by ${keeper.name}. Destroy plain copies of it.\n`,
  );
}
