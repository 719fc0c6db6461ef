/**
 * `waxwing rejudge`: judges stored hits again, or tells what that would change, beside a running server or without one.
 * Results go to standard output, progress to standard error.
 */
import type { Command } from 'commander';
import { listAccounts } from '../accounts/index.ts';
import { type Config, keyProvider } from '../config.ts';
import { Problem, problemKinds } from '../contract/problem.ts';
import type { RejudgementBody } from '../contract/rejudging.ts';
import type { DatabaseServer } from '../platform/database-server.ts';
import { openMasterKey } from '../platform/master-key.ts';
import type { Actor } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import {
  askRejudgement,
  cancelRejudgement,
  type RejudgingNews,
  readRejudgement,
  runThread,
  unfinishedRun,
} from '../rejudging/index.ts';
import { inWorld } from './accounts.ts';
import { CommandFault } from './fault.ts';
import { type ShownProgress, showingProgress, tableOfRejudgement } from './show-rejudgement.ts';

const actor: Actor = { kind: 'system', id: 'command-line' };
/** Beside 0 and 1: a run is under way already; it was interrupted from the keyboard (128 + SIGINT). */
const exitCodes = { busy: 3, interrupted: 130 } as const;

interface Options {
  readonly since?: string;
  readonly until?: string;
  readonly account?: string;
  readonly dryRun?: true;
  readonly disableRule?: string[];
  readonly json?: true;
}

export const addRejudgeCommand = (program: Command): void => {
  program
    .command('rejudge')
    .description('judge stored hits again by the rules, lists and settings of now (docs/rejudging.md)')
    .option('--since <date>', 'mail accepted from then on: a day of the account, or an ISO 8601 instant')
    .option('--until <date>', 'mail accepted before then; a day is the last of them')
    .option('--account <id>', 'this account only (default: every account, one after another)')
    .option('--dry-run', 'change nothing; tell which verdicts would flip, by rule, with examples')
    .option(
      '--disable-rule <id...>',
      'of a dry run: leave this rule out, beside those that the account has switched off',
    )
    .option('--json', 'print one object a line for each account, as GET /v1/rejudgements/{id} answers')
    .action(rejudge);
};

interface Place {
  readonly world: Pick<World, 'db' | 'vault' | 'clock'>;
  readonly config: Config;
  readonly connection: DatabaseServer['connection'];
}

async function rejudge(options: Options): Promise<void> {
  if (options.disableRule !== undefined && options.dryRun !== true)
    throw new CommandFault(
      '--disable-rule goes with --dry-run. To leave a rule out for good: disabledRules in the settings.',
    );
  await inWorld(async (world, config, connection) => {
    for (const { accountId, name } of await chosenAccounts(world, options.account)) {
      if (process.exitCode !== undefined) return;
      const body = await rejudgeAccount({ world, config, connection }, accountId, options);
      if (body === undefined) return;
      process.stdout.write(options.json === true ? `${JSON.stringify(body)}\n` : `${tableOfRejudgement(body, name)}\n`);
      if (body.state !== 'done') process.exitCode ??= 1;
    }
  });
}

async function chosenAccounts({ db }: Place['world'], asked: string | undefined) {
  const accounts = await listAccounts(db);
  const chosen = accounts.filter(({ accountId }) => asked === undefined || accountId === asked);
  if (chosen.length === 0)
    throw new CommandFault(
      accounts.length === 0
        ? 'There is no account yet. Make one: waxwing accounts create NAME'
        : `There is no such account. There are: ${accounts.map((one) => one.accountId).join(', ')}`,
    );
  return chosen;
}

/** Undefined: somebody else's run is under way. */
async function rejudgeAccount(place: Place, accountId: string, options: Options): Promise<RejudgementBody | undefined> {
  const id = await idToRun(place, accountId, options);
  if (id === undefined) return undefined;
  const shown = showingProgress(process.stderr);
  const stopping = new AbortController();
  const interrupt = (): void => {
    process.exitCode = exitCodes.interrupted;
    void cancelRejudgement(place.world, { accountId, actor }, id).catch(() => undefined);
    stopping.abort();
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    await run(place, { accountId, id }, shown, stopping.signal);
    return await follow(place.world, accountId, id, shown);
  } finally {
    shown.end();
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}

/** A new run, or one of a process that is gone: that is finished first. */
async function idToRun({ world }: Place, accountId: string, options: Options): Promise<string | undefined> {
  const unfinished = await unfinishedRun(world, accountId);
  if (unfinished !== undefined && !unfinished.isHeld) {
    if (!unfinished.isDryRun && options.dryRun !== true) {
      process.stderr.write(
        `Going on with re-judging ${unfinished.id}, which was asked for before and has not ended.\n`,
      );
      return unfinished.id;
    }
    if (unfinished.isDryRun) await cancelRejudgement(world, { accountId, actor }, unfinished.id);
  }
  try {
    const { since, until, dryRun, disableRule } = options;
    const asked = { since: dateOf(since), until: dateOf(until), dryRun: dryRun === true, disabledRules: disableRule };
    return (await askRejudgement(world, { accountId, actor }, asked)).id;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code !== 'rejudging.already_running') throw new CommandFault(faultOf(error));
    process.stderr.write(`${faultOf(error)}\n`);
    process.exitCode = exitCodes.busy;
    return undefined;
  }
}

function faultOf({ code, fields }: Problem): string {
  const { title, remedy } = problemKinds[code];
  const unknownRule = fields.some(({ field }) => field.startsWith('disabledRules'));
  return unknownRule ? 'There is no such rule; docs/rules.md lists them.' : `${title} ${remedy} (${code})`;
}

function dateOf(text: string | undefined): string | undefined {
  if (
    text === undefined ||
    (/^\d{4}-\d{2}-\d{2}(T.+(Z|[+-]\d{2}:?\d{2}))?$/.test(text) && !Number.isNaN(Date.parse(text)))
  )
    return text;
  throw new CommandFault('Give a date such as 2026-11-22, or an instant such as 2026-11-22T08:30:00Z.');
}

async function run(
  { config, connection }: Place,
  which: { readonly accountId: string; readonly id: string },
  shown: ShownProgress,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    connection,
    masterKey: await openMasterKey(config.keyFile, keyProvider(config)),
    usesAsTable: config.networksAsnUrl !== 'off',
    run: which,
  };
  const hear = (news: RejudgingNews): void => {
    if (news.kind === 'progress') shown.show(news);
    if (news.kind === 'log') process.stderr.write(`${news.text}\n`);
  };
  await runThread(options, hear, signal);
}

const lookEveryMs = 500;

/** Its result; where a worker of a running server was quicker to take it up, after its end. */
async function follow(
  world: Place['world'],
  accountId: string,
  id: string,
  shown: ShownProgress,
): Promise<RejudgementBody> {
  for (;;) {
    const body = await readRejudgement(world, accountId, id);
    if (body.state !== 'queued' && body.state !== 'running') return body;
    const { judged, flipped } = body.counts;
    shown.show({ judged, flipped, activeMs: (judged / (body.hitsPerSecond ?? 1)) * 1_000 });
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
