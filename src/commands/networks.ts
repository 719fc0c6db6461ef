/** `waxwing networks`, `… import` and `… refresh`: the lists that verdicts lean on, beside a running server or without one. */
import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { type Config, listUrls, networkRefresh } from '../config.ts';
import {
  followNetworks,
  forgetList,
  importList,
  isListName,
  type ListName,
  listNames,
  type Refreshed,
  readNetworks,
  refreshNow,
} from '../networks/index.ts';
import { inWorld } from './accounts.ts';
import { CommandFault } from './fault.ts';

const dayMs = 86_400_000;

export function addNetworkCommands(program: Command): void {
  const networks = program
    .command('networks')
    .description('the lists of networks that verdicts lean on, with their ages')
    .option('--json', 'print what GET /v1/networks answers')
    .action(show);
  networks
    .command('import <list> <file>')
    .description(`take a list from a file, as its publisher gives it or one network a line (${listNames.join(', ')})`)
    .option('--fetched-at <instant>', 'when the publisher gave it, ISO 8601 (default: the file’s date)')
    .option('--force', 'take it though it is smaller than expected')
    .action(importFile);
  networks
    .command('forget <list>')
    .description('go back to what comes with the program, until the publisher is asked again')
    .action(forget);
  networks
    .command('refresh [lists...]')
    .description('ask the publishers now, of all lists or of these')
    .action(refresh);
}

async function show(options: { json?: true }): Promise<void> {
  const answer = await inWorld(async (world, config) => {
    const inUse = followNetworks(world, { usesAsTable: config.networksAsnUrl !== 'off' });
    await inUse.close();
    return readNetworks(world, inUse, networkRefresh(config));
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(answer)}\n` : tableOf(answer));
}

function tableOf({ lists, refreshHours }: Awaited<ReturnType<typeof readNetworks>>): string {
  const head = ['list', 'means', 'prefixes', 'from', 'age', 'last try'];
  const rows = lists.map((list) => [
    list.name,
    list.class,
    String(list.prefixes),
    list.origin,
    list.ageDays === null ? '–' : `${list.ageDays} days${list.isStale ? ', stale' : ''}`,
    list.lastRefusal === null ? '' : `${list.lastRefusal.code}: ${list.lastRefusal.text}`,
  ]);
  const widths = head.map((title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  const asked =
    refreshHours === null ? 'Publishers are not asked.' : `Publishers are asked every ${refreshHours} hours.`;
  return `${[head, ...rows].map(line).join('\n')}\n\n${asked}\n`;
}

function listNamed(text: string): ListName {
  if (isListName(text)) return text;
  throw new CommandFault(`There is no list ${text.slice(0, 40)}. There are: ${listNames.join(', ')}.`);
}

async function importFile(list: string, file: string, options: { fetchedAt?: string; force?: true }): Promise<void> {
  const name = listNamed(list);
  const { bytes, changedAt } = readFile(file);
  const fetchedAt = options.fetchedAt === undefined ? changedAt : readInstant(options.fetchedAt);
  const compiled = await inWorld((world, config) =>
    importList(world, { name, bytes, fetchedAt, nextCheckMs: intervalMs(config), isForced: options.force === true }),
  );
  if (compiled.kind === 'refused')
    throw new CommandFault(`The list was refused (${compiled.code}). ${compiled.why}${remedy(compiled.code)}`);
  process.stdout.write(`${name}: ${compiled.prefixes} prefixes, in use within a minute\n`);
}

async function forget(list: string): Promise<void> {
  const name = listNamed(list);
  const isForgotten = await inWorld((world) => forgetList(world, name));
  process.stdout.write(isForgotten ? `${name}: forgotten everywhere within a minute\n` : `${name}: there was none\n`);
}

const remedy = (code: string): string =>
  code === 'too_few' || code === 'shrunken' ? ' If it is right all the same: --force' : '';

const intervalMs = (config: Config): number => networkRefresh(config)?.intervalMs ?? dayMs;

function readFile(file: string): { bytes: Uint8Array; changedAt: Date } {
  try {
    return { bytes: readFileSync(file), changedAt: statSync(file).mtime };
  } catch (error) {
    throw new CommandFault(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}

function readInstant(text: string): Date {
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs) || atMs > Date.now())
    throw new CommandFault('--fetched-at takes an ISO 8601 instant that has passed, such as 2026-11-22T08:30:00Z.');
  return new Date(atMs);
}

async function refresh(names: readonly string[]): Promise<void> {
  const chosen = names.map(listNamed);
  let isFine = true;
  await inWorld(async (world, config) => {
    const all = Object.entries(listUrls(config));
    const urls = Object.fromEntries(all.filter(([name]) => chosen.length === 0 || chosen.some((one) => one === name)));
    if (Object.keys(urls).length === 0) throw new CommandFault('No publisher is set for that (docs/networks.md).');
    await refreshNow(world, { urls, intervalMs: intervalMs(config) }, (done) => {
      isFine &&= done.refusal === undefined;
      process.stdout.write(`${lineOf(done)}\n`);
    });
  });
  if (!isFine) process.exitCode = 1;
}

const lineOf = ({ name, outcome, prefixes, refusal }: Refreshed): string =>
  refusal === undefined
    ? `${name}: ${outcome}${prefixes === undefined ? '' : `, ${prefixes} prefixes`}`
    : `${name}: ${outcome} (${refusal.code}). ${refusal.text} What is in use stays in use.`;
