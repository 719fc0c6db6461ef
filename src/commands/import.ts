/**
 * `waxwing import`: files of a provider's payloads into the running installation's database, or, with --judge-only, into
 * verdict lines without any database. What comes twice is stored once, so a broken import is simply run again.
 */
import { open } from 'node:fs/promises';
import { judge, type Observation } from '@waxwing/verdict';
import type { Command } from 'commander';
import { accountVault, listAccounts } from '../accounts/index.ts';
import { namedProvider, provider as providerForm, providerOfName } from '../contract/providers.ts';
import { observationsOf } from '../core/providers/observations.ts';
import type { ProviderName } from '../core/providers/provider-event.ts';
import { maxEventsAtOnce, type PlacedEvent, type Refusal, readPayload } from '../core/providers/read-payload.ts';
import { followNetworks, packagedNetworks } from '../networks/index.ts';
import type { Actor } from '../platform/route.ts';
import { systemClock } from '../platform/world.ts';
import { takePayload } from '../providers/index.ts';
import { inWorld } from './accounts.ts';
import { CommandFault } from './fault.ts';
import { payloadsOf } from './payload-files.ts';
import { printLine } from './print-line.ts';

interface ImportOptions {
  readonly provider: string;
  readonly account?: string;
  readonly judgeOnly?: true;
}

export function addImportCommand(program: Command): void {
  program
    .command('import <file>')
    .description('take a provider’s event payloads (JSON, JSON lines or arrays; - reads standard input)')
    .requiredOption('--provider <name>', `who sent them: ${providerForm.options.join(', ')}`)
    .option('--account <id>', 'whose they are (the oldest account unless an id is given)')
    .option('--judge-only', 'print a verdict line for each open and click instead; needs no database')
    .action((file: string, options: ImportOptions) =>
      options.judgeOnly === true ? judgeFile(file, options) : importFile(file, options),
    );
}

function providerOf({ provider }: ImportOptions): ProviderName {
  const parsed = namedProvider.safeParse(provider.toLowerCase());
  if (!parsed.success) throw new CommandFault(`--provider takes one of: ${providerForm.options.join(', ')}.`);
  return providerOfName(parsed.data);
}

const actor: Actor = { kind: 'system', id: 'command-line' };
/** Some thousands a transaction would hold rows for long; one each would be slow. */
const eventsPerStep = 2_000;

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const provider = providerOf(options);
  const text = await readWhole(file);
  await inWorld(async (known, config) => {
    const networks = followNetworks(known, { usesAsTable: config.networksAsnUrl !== 'off' });
    await networks.look();
    await networks.close();
    const world = { ...known, networks };
    const accountId = await chosenAccount(await listAccounts(world.db), options.account);
    const account = { accountId, vault: await accountVault(world, accountId) };
    const summary = { accepted: 0, duplicates: 0, ignored: 0, refused: 0 };
    let seen = 0;
    for (const step of stepsOf(text)) {
      const taken = await takePayload(world, account, { provider, payload: step, actor, connectionId: null });
      tellRefusals(taken.refused, seen);
      summary.accepted += taken.accepted;
      summary.duplicates += taken.duplicates;
      summary.ignored += taken.ignored;
      summary.refused += taken.refused.length;
      seen += step.length;
      process.stderr.write(`${seen} read: ${wordsOf(summary)}\n`);
    }
    await printLine(JSON.stringify({ account: accountId, provider, ...summary }));
  });
}

const wordsOf = (summary: Readonly<Record<string, number>>): string =>
  Object.entries(summary)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');

function* stepsOf(text: string): Generator<readonly unknown[]> {
  let step: unknown[] = [];
  for (const payload of payloadsOf(text)) {
    step.push(payload);
    if (step.length < eventsPerStep) continue;
    yield step;
    step = [];
  }
  if (step.length > 0) yield step;
}

function tellRefusals(refused: readonly Refusal[], before: number): void {
  for (const { index, reason } of refused.slice(0, 20))
    process.stderr.write(`event ${before + index + 1}: ${reason}\n`);
  if (refused.length > 20) process.stderr.write(`and ${refused.length - 20} more were refused\n`);
}

async function chosenAccount(accounts: readonly { accountId: string }[], wanted: string | undefined): Promise<string> {
  const chosen = wanted === undefined ? accounts[0] : accounts.find((one) => one.accountId === wanted);
  if (chosen !== undefined) return chosen.accountId;
  throw new CommandFault(
    wanted === undefined
      ? 'There is no account yet. Make one: waxwing accounts create NAME'
      : `There is no such account. There are: ${accounts.map((one) => one.accountId).join(', ')}`,
  );
}

/** All of a file is judged together: what one source did to many recipients is evidence. */
async function judgeFile(file: string, options: ImportOptions): Promise<void> {
  const provider = providerOf(options);
  const events: PlacedEvent[] = [];
  let seen = 0;
  for (const step of stepsOf(await readWhole(file))) {
    const reading = readPayload(provider, step, systemClock.now().getTime());
    if (reading.kind !== 'read') throw new CommandFault(`A payload has more than ${maxEventsAtOnce} events.`);
    tellRefusals(reading.refused, seen);
    events.push(...reading.events);
    seen += step.length;
  }
  const observations: Observation[] = observationsOf(
    provider,
    events.map(({ event }) => event),
  );
  for (const verdict of judge(observations, { networks: packagedNetworks() })) await printLine(JSON.stringify(verdict));
}

/** An engine's texts end at half a gigabyte. */
const maxFileBytes = 400_000_000;

async function readWhole(file: string): Promise<string> {
  const input = file === '-' ? process.stdin : await openFile(file);
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of input) {
    parts.push(Buffer.from(part as Uint8Array));
    sizeBytes += parts.at(-1)?.length ?? 0;
    if (sizeBytes > maxFileBytes)
      throw new CommandFault('The file is larger than 400 MB. Split it by lines; what comes twice is stored once.');
  }
  return Buffer.concat(parts).toString('utf8');
}

async function openFile(file: string): Promise<NodeJS.ReadableStream> {
  try {
    return (await open(file)).createReadStream();
  } catch (error) {
    throw new CommandFault(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}
