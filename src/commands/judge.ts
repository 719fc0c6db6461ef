/** `waxwing judge`: observations in, one a line; verdicts out, one a line, in the same order. It needs no server. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { judge, type Networks, type Observation } from '@waxwing/verdict';
import type { Command } from 'commander';
import { z } from 'zod';
import { observation } from '../contract/verdicts.ts';
import { listNames, listOfFile, networksFromFiles, packagedNetworks } from '../networks/index.ts';
import { CommandFault } from './fault.ts';
import { printLine } from './print-line.ts';

export const addJudgeCommand = (program: Command): void => {
  program
    .command('judge <file>')
    .description('judge observations (JSON lines); prints one verdict a line; - reads standard input')
    .option('--as-of <instant>', 'judge as of this ISO 8601 instant: verdicts may still be provisional')
    .option('--networks <path>', 'a list of networks, or a folder of them, by name: apple-egress.csv, google.json …')
    .action(judgeFile);
};

async function judgeFile(file: string, options: { asOf?: string; networks?: string }): Promise<void> {
  const asOf = options.asOf === undefined ? {} : { asOf: readInstant(options.asOf) };
  const networks = options.networks === undefined ? packagedNetworks() : readNetworks(options.networks);
  const observations = await readObservations(file);
  const verdicts = judge(observations, { ...asOf, networks });
  for (const verdict of verdicts) await printLine(JSON.stringify(verdict));
}

function readInstant(text: string): string {
  if (Number.isNaN(Date.parse(text)))
    throw new CommandFault('--as-of takes an ISO 8601 instant such as 2026-11-22T08:30:00Z.');
  return text;
}

function readNetworks(path: string): Networks {
  try {
    const isFolder = statSync(path).isDirectory();
    const paths = isFolder ? readdirSync(path).map((name) => join(path, name)) : [path];
    const files = paths
      .filter((one) => listOfFile(basename(one)) !== undefined && statSync(one).isFile())
      .map((one) => ({ fileName: basename(one), bytes: readFileSync(one), fetchedAt: statSync(one).mtime }));
    if (files.length === 0)
      throw new CommandFault(`${path} holds no list that is known. There are: ${listNames.join(', ')}.`);
    const read = networksFromFiles(files);
    if (read.kind === 'refused') throw new CommandFault(`${read.fileName} is no list of networks. ${read.why}`);
    return read.networks;
  } catch (error) {
    if (error instanceof CommandFault) throw error;
    throw new CommandFault(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}

async function readObservations(file: string): Promise<Observation[]> {
  const input = file === '-' ? process.stdin : await openFile(file);
  const observations: Observation[] = [];
  let lineNumber = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber += 1;
    if (line.trim() !== '') observations.push(readObservation(line, lineNumber));
  }
  return observations;
}

async function openFile(file: string): Promise<NodeJS.ReadableStream> {
  try {
    const opened = await open(file);
    if ((await opened.stat()).isDirectory())
      throw new CommandFault(`${file} is a folder. Name a file of JSON lines, or - for standard input.`);
    return opened.createReadStream();
  } catch (error) {
    if (error instanceof CommandFault) throw error;
    throw new CommandFault(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}

/** Only the kind is required: the judge itself treats what it cannot read as missing. */
const leastObservation = z.looseObject({ kind: observation.shape.kind });

function readObservation(line: string, lineNumber: number): Observation {
  let value: unknown;
  try {
    value = JSON.parse(line.replace(/^\uFEFF/, ''));
  } catch {
    throw new CommandFault(`Line ${lineNumber} is not JSON. Give one observation a line.`);
  }
  const parsed = leastObservation.safeParse(value);
  if (!parsed.success)
    throw new CommandFault(`Line ${lineNumber} is not an observation: "kind" must be "open" or "click".`);
  return parsed.data as Observation;
}
