/**
 * Measures what a million queued recipients cost: the memory of the program while they are accepted and while they go out,
 * the rate at which they leave, and how soon a password reset goes out beside them.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSmtpSink } from '../test/kit/smtp-sink.ts';
import { openSite, proportionalBytes, type Running, residentBytes, type Site, submit } from './programs.ts';

export interface BacklogFigures {
  readonly queued: number;
  readonly acceptedPerSecond: number;
  /**
   * Of all processes but the database's, which are one here: at its start; and the most while it accepts, and while it does
   * everything on top of all that. Proportional: pages shared with processes that are none of Waxwing's count in part.
   */
  readonly residentBytes: { readonly atFirst: number; readonly accepting: number; readonly sending: number };
  readonly proportionalBytes: { readonly accepting: number; readonly sending: number };
  /** Copies a second with few queued, and with all of it. */
  readonly shallowPerSecond: number;
  readonly deepPerSecond: number;
  readonly resetMs: { readonly p50: number; readonly p99: number; readonly count: number };
}

export interface BacklogSize {
  readonly queued: number;
  readonly perBatch: number;
  readonly sendForMs: number;
  readonly resets: number;
}

export const usualBacklogSize: BacklogSize = { queued: 1_000_000, perBatch: 10_000, sendForMs: 30_000, resets: 50 };

export async function benchBacklog(
  say: (line: string) => void = () => undefined,
  size: BacklogSize = usualBacklogSize,
): Promise<BacklogFigures> {
  const resets = new Map<string, (at: number) => void>();
  const sink = await startSmtpSink({
    keep: false,
    onMessage: ({ to }) => resets.get(to[0] ?? '')?.(performance.now()),
  });
  const site = await openSite(`smtp://127.0.0.1:${sink.port}`);
  try {
    const all = await site.start('all');
    const atFirst = residentBytes(all.child.pid);
    const shallow = await measureShallow(site, all, sink.count, size);
    await all.kill();
    const web = await site.start('web,smtp');
    const accepting = watchMemory(web);
    const acceptedPerSecond = await acceptAll(site, web, size, say);
    const peakAccepting = accepting.end();
    await web.kill();
    const whole = await site.start('all');
    const sending = watchMemory(whole);
    await sleep(3_000);
    const [began, before] = [performance.now(), sink.count()];
    const times = await sendResets(site, whole, resets, size);
    await sleep(Math.max(0, size.sendForMs - (performance.now() - began)));
    const deepPerSecond = ((sink.count() - before) * 1_000) / (performance.now() - began);
    // And one more of the largest batches beside all that.
    await send(site, whole, 95_000_000, size.perBatch);
    const peakSending = sending.end();
    return {
      ...{ queued: size.queued, acceptedPerSecond, shallowPerSecond: shallow, deepPerSecond },
      residentBytes: { atFirst, accepting: peakAccepting.resident, sending: peakSending.resident },
      proportionalBytes: { accepting: peakAccepting.proportional, sending: peakSending.proportional },
      resetMs: { p50: quantile(times, 0.5), p99: quantile(times, 0.99), count: times.length },
    };
  } finally {
    await site.close();
    await sink.close();
  }
}

const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

const batch = (first: number, count: number) => ({
  from: 'care@clinic.example',
  subject: 'For {{ name }}',
  html: '<p>Dear {{ name }}, <a href="https://clinic.example/">come</a>.</p>',
  campaign: 'November letter',
  recipients: Array.from({ length: count }, (_, n) => ({
    email: `p${first + n}@domain${(first + n) % 500}.example`,
    data: { name: `Ana ${first + n}` },
  })),
});

const send = (site: Site, web: Running, first: number, count: number): Promise<void> =>
  submit(() => web.httpPort, site.apiKey, {
    ...{ path: '/v1/batches', body: JSON.stringify(batch(first, count)), key: `batch-${first}-${count}` },
  });

/** Copies a second of ten thousand, from the first on. */
async function measureShallow(site: Site, web: Running, count: () => number, size: BacklogSize): Promise<number> {
  const wanted = Math.min(size.perBatch, size.queued);
  await send(site, web, 90_000_000, wanted);
  const [began, before] = [performance.now(), count()];
  const deadline = began + 300_000;
  while (count() < wanted && performance.now() < deadline) await sleep(10);
  return ((count() - before) * 1_000) / (performance.now() - began);
}

async function acceptAll(site: Site, web: Running, size: BacklogSize, say: (line: string) => void): Promise<number> {
  const began = performance.now();
  for (let first = 0; first < size.queued; first += size.perBatch) {
    await send(site, web, first, Math.min(size.perBatch, size.queued - first));
    if ((first / size.perBatch) % 10 === 9)
      say(`${first + size.perBatch} accepted, web ${Math.round(residentBytes(web.child.pid) / 1024 / 1024)} MiB`);
  }
  return (size.queued * 1_000) / (performance.now() - began);
}

async function sendResets(
  site: Site,
  web: Running,
  resets: Map<string, (at: number) => void>,
  size: BacklogSize,
): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < size.resets; n += 1) {
    const to = `reset${n}@people.example`;
    const arrived = new Promise<number>((resolve) => resets.set(to, resolve));
    const body = JSON.stringify({ from: 'care@clinic.example', to: [to], subject: 'Your password', text: 'A link.' });
    await submit(() => web.httpPort, site.apiKey, { path: '/v1/messages', body, key: to });
    const answered = performance.now();
    times.push(Math.max(0, (await arrived) - answered));
    await sleep(100 + 200 * Math.random());
  }
  return times;
}

interface Memory {
  readonly resident: number;
  readonly proportional: number;
}

/** The most that a process has in memory, looked at five times a second. */
export function watchMemory({ child }: Running): { end(): Memory } {
  let peak: Memory = { resident: 0, proportional: 0 };
  const timer = setInterval(() => {
    const resident = residentBytes(child.pid);
    if (resident > peak.resident) peak = { resident, proportional: proportionalBytes(child.pid) };
  }, 200);
  return {
    end() {
      clearInterval(timer);
      return peak;
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const queued = Number(process.argv[2] ?? usualBacklogSize.queued);
  console.log(JSON.stringify(await benchBacklog((line) => console.error(line), { ...usualBacklogSize, queued })));
}
