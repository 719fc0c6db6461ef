/** Reads the labelled cases and says of each hit who made it. It judges nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Observation, Verdict } from '../src/index.ts';

export interface Expected {
  readonly verdict: Verdict['verdict'];
  /** Who it was in truth, where nothing in the hit tells and a judge must say otherwise. */
  readonly truth?: Verdict['verdict'];
}

export interface Case {
  readonly case: string;
  readonly source: string;
  readonly sure: 'certain' | 'likely';
  readonly observations: readonly Observation[];
  readonly expect: readonly Expected[];
}

/** `cited`: the agent, network, shape or time was reported; `partly`: some of it, says the source; `composed`: made up to be typical. */
export type Origin = 'cited' | 'partly' | 'composed';

export interface LabelledHit {
  readonly observation: Observation;
  readonly isMachine: boolean;
  readonly isCertain: boolean;
  readonly origin: Origin;
  readonly caseName: string;
}

export function readCases(folder: string): Case[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Case);
}

export function originOf({ source }: Case): Origin {
  if (source.startsWith('composed')) return 'composed';
  return source.includes('composed') ? 'partly' : 'cited';
}

export function hitsOf(entry: Case): LabelledHit[] {
  if (entry.observations.length !== entry.expect.length) throw new Error(`${entry.case}: a label for every hit`);
  return entry.expect.map((expected, index) => ({
    observation: entry.observations[index] as Observation,
    isMachine: (expected.truth ?? expected.verdict) === 'automated',
    isCertain: entry.sure === 'certain',
    origin: originOf(entry),
    caseName: entry.case,
  }));
}
