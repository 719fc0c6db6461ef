/**
 * Measures what a second worker process adds where destinations answer after 50 ms, whether anybody gets a copy twice, and
 * how soon mail that one process accepts is handed over by another one that had nothing to do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startSmtpSink } from '../test/kit/smtp-sink.ts';
import { openSite, type Running, type Site, submit } from './programs.ts';

export interface WorkersFigures {
  readonly onePerSecond: number;
  readonly twoPerSecond: number;
  /** The bar is 1.7. */
  readonly ratio: number;
  readonly sentTwice: number;
  /** From the answer to a submission until another process has handed it over, with nothing else to do. */
  readonly handedOverMs: { readonly p50: number; readonly p99: number };
}

const answerMs = 50;
const windowMs = 6_000;
const rounds = 5;
const words = 20;
const perBatch = 4_000;

const middle = (values: readonly number[], part = 0.5): number =>
  values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

export async function benchWorkers(say: (line: string) => void = () => undefined): Promise<WorkersFigures> {
  const arrived = new Map<string, number>();
  let copies = 0;
  const sink = await startSmtpSink({
    keep: false,
    script: ({ stage }) => (stage === 'data' && arrived.has('busy') ? sleep(answerMs, undefined) : undefined),
    onMessage: ({ to: [to = ''] }) => {
      copies += 1;
      arrived.set(to, performance.now());
    },
  });
  const site = await openSite(`smtp://127.0.0.1:${sink.port}`);
  try {
    const [web, first] = [await site.start('web'), await site.start('worker')];
    const handedOver = await handOver(site, web, arrived);
    arrived.set('busy', 0);
    const [one, two]: [number[], number[]] = [[], []];
    let queued = 0;
    const keepFull = async (): Promise<void> => {
      while (queued < copies + 3 * perBatch) queued += await queueBatch(site, web, queued);
    };
    let second: Running | undefined;
    for (let round = 1; round <= rounds; round += 1) {
      await keepFull();
      one.push(await copiesPerSecond(() => copies));
      second = await site.start('worker');
      await keepFull();
      two.push(await copiesPerSecond(() => copies));
      second.child.kill('SIGTERM'); // ends in order, so that nothing is sent again
      while (second.child.exitCode === null && second.child.signalCode === null) await sleep(50);
      say(`round ${round}: one ${Math.round(one.at(-1) ?? 0)}/s, two ${Math.round(two.at(-1) ?? 0)}/s`);
    }
    first.child.kill('SIGTERM');
    const [onePerSecond, twoPerSecond] = [middle(one), middle(two)];
    return {
      ...{ onePerSecond, twoPerSecond },
      // Of each round, whose two halves ran one right after the other.
      ratio: middle(two.map((rate, n) => rate / (one[n] ?? rate))),
      sentTwice: copies - (arrived.size - 1),
      handedOverMs: { p50: middle(handedOver), p99: middle(handedOver, 0.99) },
    };
  } finally {
    await site.close();
    await sink.close();
  }
}

async function handOver(site: Site, web: Running, arrived: ReadonlyMap<string, number>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < words; n += 1) {
    const to = `reset${n}@people.example`;
    const body = JSON.stringify({ from: 'care@clinic.example', to: [to], subject: 'x', text: 'x' });
    await submit(() => web.httpPort, site.apiKey, { path: '/v1/messages', body, key: to });
    const answered = performance.now();
    while (!arrived.has(to)) await sleep(1);
    times.push(Math.max(0, (arrived.get(to) ?? answered) - answered));
    await sleep(150 + 150 * Math.random());
  }
  return times;
}

async function queueBatch(site: Site, web: Running, first: number): Promise<number> {
  const recipients = Array.from({ length: perBatch }, (_, n) => ({ email: `p${first + n}@example.org` }));
  const body = JSON.stringify({ from: 'care@clinic.example', subject: 'x', html: '<p>A letter.</p>', recipients });
  await submit(() => web.httpPort, site.apiKey, { path: '/v1/batches', body, key: `batch-${first}` });
  return perBatch;
}

/** Once it runs evenly. */
async function copiesPerSecond(count: () => number): Promise<number> {
  await sleep(4_000);
  const [began, before] = [performance.now(), count()];
  await sleep(windowMs);
  return ((count() - before) * 1_000) / (performance.now() - began);
}

if (process.argv[1] === import.meta.filename)
  console.log(JSON.stringify(await benchWorkers((line) => console.error(line))));
