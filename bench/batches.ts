/**
 * Measures what a batch saves: recipients a second that one request of ten thousand has accepted, each in their own words by a
 * template, against the same mail sent one by one, in turns on one process; and the most memory that it takes.
 */
import { performance } from 'node:perf_hooks';
import { watchMemory } from './backlog.ts';
import { openSite, type Running, residentBytes, type Site, submit } from './programs.ts';

export interface BatchFigures {
  readonly batchPerSecond: number;
  readonly singlePerSecond: number;
  /** The median of those of single turns. */
  readonly ratio: number;
  readonly residentBytes: { readonly atFirst: number; readonly peak: number };
}

const turns = 3;
const perBatch = 10_000;
const singles = 400;
/** As many requests at once as a busy program would have open. */
const senders = 8;

const template = {
  name: 'Visit',
  subject: 'Your visit, {{ name }}',
  html: '<p>Dear {{ name }}, we expect you on {{ day }}.</p><a href="https://clinic.example/visit?ref={{ ref }}">Your visit</a>',
  text: 'Dear {{ name }}, we expect you on {{ day }}: https://clinic.example/visit?ref={{ ref }}',
};
const from = 'Clinic <care@clinic.example>';
const emailOf = (n: number): string => `p${n}@domain${n % 500}.example`;
const dataOf = (n: number) => ({ name: `Ana ${n}`, day: 'Monday', ref: `R${n}` });

export async function benchBatches(say: (line: string) => void = () => undefined): Promise<BatchFigures> {
  // Nothing goes out: what is measured is acceptance, and the process has no role that delivers.
  const site = await openSite('smtp://127.0.0.1:1');
  try {
    const web = await site.start('web');
    const templateId = await keepTemplate(site, web);
    await sendBatch(site, web, { templateId, first: 90_000_000, count: 1_000 });
    await sendSingly(site, web, { templateId, first: 91_000_000, count: 50 });
    const atFirst = residentBytes(web.child.pid);
    const memory = watchMemory(web);
    const rates: { readonly batch: number; readonly single: number }[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      const first = turn * 1_000_000;
      const batch = await perSecond(perBatch, () => sendBatch(site, web, { templateId, first, count: perBatch }));
      const next = { templateId, first: first + perBatch, count: singles };
      const single = await perSecond(singles, () => sendSingly(site, web, next));
      rates.push({ batch, single });
      say(`turn ${turn + 1}: ${Math.round(batch)} and ${Math.round(single)} recipients/s`);
    }
    return {
      batchPerSecond: median(rates.map(({ batch }) => batch)),
      singlePerSecond: median(rates.map(({ single }) => single)),
      ratio: median(rates.map(({ batch, single }) => batch / single)),
      residentBytes: { atFirst, peak: memory.end().resident },
    };
  } finally {
    await site.close();
  }
}

async function keepTemplate(site: Site, web: Running): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${web.httpPort}/v1/templates`, {
    method: 'POST',
    headers: { authorization: `Bearer ${site.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(template),
  });
  if (answer.status !== 201) throw new Error(`the template was refused: ${answer.status}`);
  return ((await answer.json()) as { id: string }).id;
}

interface Some {
  readonly templateId: string;
  readonly first: number;
  readonly count: number;
}

function sendBatch(site: Site, web: Running, { templateId, first, count }: Some): Promise<void> {
  const recipients = Array.from({ length: count }, (_, n) => ({ email: emailOf(first + n), data: dataOf(first + n) }));
  const body = JSON.stringify({ from, templateId, campaign: 'visits', recipients });
  return submit(() => web.httpPort, site.apiKey, { path: '/v1/batches', body, key: `batch-${first}` });
}

async function sendSingly(site: Site, web: Running, { templateId, first, count }: Some): Promise<void> {
  let next = first;
  const sender = async (): Promise<void> => {
    while (next < first + count) {
      const n = next;
      next += 1;
      const body = JSON.stringify({ from, templateId, campaign: 'visits', to: [emailOf(n)], data: dataOf(n) });
      await submit(() => web.httpPort, site.apiKey, { path: '/v1/messages', body, key: `one-${n}` });
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
}

async function perSecond(count: number, act: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await act();
  return (count * 1_000) / (performance.now() - began);
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
