/** `waxwing judge`: observations in, one a line; verdicts out, one a line, in the same order. It needs no server. */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { judge, type Observation } from '@waxwing/verdict';
import type { Command } from 'commander';
import { z } from 'zod';
import { observation } from '../contract/verdicts.ts';
import { CommandFault } from './fault.ts';

export const addJudgeCommand = (program: Command): void => {
  program
    .command('judge <file>')
    .description('judge observations (JSON lines); prints one verdict a line; - reads standard input')
    .option('--as-of <instant>', 'judge as of this ISO 8601 instant: verdicts may still be provisional')
    .action((file: string, options: { asOf?: string }) => judgeFile(file, options.asOf));
};

async function judgeFile(file: string, asOf: string | undefined): Promise<void> {
  const now = asOf === undefined ? undefined : readInstant(asOf);
  const observations = await readObservations(file);
  const verdicts = judge(observations, now === undefined ? {} : { asOf: now });
  for (const verdict of verdicts) await printLine(JSON.stringify(verdict));
}

function readInstant(text: string): string {
  if (Number.isNaN(Date.parse(text)))
    throw new CommandFault('--as-of takes an ISO 8601 instant such as 2026-11-22T08:30:00Z.');
  return text;
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
    return (await open(file)).createReadStream();
  } catch (error) {
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

/** Waits for a slow reader instead of holding everything in memory. */
async function printLine(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}
