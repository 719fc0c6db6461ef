/** Measures how many single observations are judged in a second, beside `isbot` reading the same agents. Prints; changes nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isbot } from 'isbot';
import { judge, type Observation } from '../src/index.ts';

export interface VerdictSpeed {
  readonly verdictsPerSecond: number;
  /** Hits of sequences of 20, judged together. */
  readonly sequenceHitsPerSecond: number;
  readonly isbotPerSecond: number;
  readonly observations: number;
}

const ROUND_MS = 600;

/** The observations of the corpus: people and machines, ordinary and awkward. */
function corpusObservations(): Observation[] {
  const folder = new URL('../corpus/', import.meta.url);
  const lines = readdirSync(folder).flatMap((name) => readFileSync(new URL(name, folder), 'utf8').trim().split('\n'));
  return lines.flatMap((line) => (JSON.parse(line) as { observations: Observation[] }).observations);
}

/** Calls per second of the best of three rounds, after one to warm up. `size` is how much one call does. */
function rate(work: () => void, size: number): number {
  const rounds = [0, 1, 2, 3].map(() => {
    const startedMs = performance.now();
    let calls = 0;
    while (performance.now() - startedMs < ROUND_MS) {
      work();
      calls += 1;
    }
    return ((calls * size) / (performance.now() - startedMs)) * 1000;
  });
  return Math.round(Math.max(...rounds.slice(1)));
}

function sequenceOf20(): Observation[] {
  return Array.from(
    { length: 20 },
    (_, index): Observation => ({
      id: `h${index}`,
      kind: index % 4 === 0 ? 'open' : 'click',
      message: 'm',
      recipient: 'r',
      ip: `198.51.100.${index % 3}`,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
      link: index % 6,
      linkCount: 6,
      at: new Date(Date.UTC(2026, 2, 10, 12) + index * 7_000).toISOString(),
      deliveredAt: '2026-03-10T11:00:00.000Z',
    }),
  );
}

export function measureVerdicts(): VerdictSpeed {
  const observations = corpusObservations();
  const single = observations.map((observation): Observation[] => [observation]);
  const sequence = sequenceOf20();
  const agents = observations.map((observation) => observation.userAgent ?? '');
  return {
    verdictsPerSecond: rate(() => single.forEach((one) => void judge(one)), single.length),
    sequenceHitsPerSecond: rate(() => judge(sequence), sequence.length),
    isbotPerSecond: rate(() => agents.forEach((agent) => void isbot(agent)), agents.length),
    observations: observations.length,
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(JSON.stringify(measureVerdicts()));
}
