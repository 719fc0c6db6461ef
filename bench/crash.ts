/**
 * Kills processes of the real program, and the PostgreSQL below them, at random moments while mail goes through, and
 * counts what arrived: everybody who was answered for has it, and few have it twice. One process accepts, one delivers, and
 * one has every role, with its tracking host, drain and intake of bounces.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startSmtpSink } from '../test/kit/smtp-sink.ts';
import { openSite, type Running, type Site, submit } from './programs.ts';

export interface CrashSize {
  readonly sends: number;
  readonly perMessage: number;
  readonly meanBetweenKillsMs: number;
  /** Each victim in turn, then at random until it is over; absent: as many as fit. */
  readonly killsAtMost?: number;
  /** Chance from 0 up to 1, so that a run can be repeated. */
  readonly chance?: () => number;
}

export interface CrashFigures {
  readonly sends: number;
  readonly kills: { readonly worker: number; readonly web: number; readonly all: number; readonly postgres: number };
  readonly lost: number;
  readonly sentTwice: number;
  /** What all killed workers, and PostgreSQL below living ones, may have had under way. */
  readonly inFlightAtMost: number;
  readonly seconds: number;
}

type Victim = keyof CrashFigures['kills'];
type Cast = Record<Exclude<Victim, 'postgres'>, Running>;

export const usualCrashSize: CrashSize = { sends: 100_000, perMessage: 20, meanBetweenKillsMs: 5_000 };
/** What a process has begun and not recorded, at most: src/delivery/worker.ts. */
const inFlightOfWorker = 100;
const bounces = { WAXWING_BOUNCE_PORT: '0', WAXWING_BOUNCE_DOMAIN: 'bounces.clinic.example' };
const askersAtOnce = 8;
const patienceMs = 1_800_000;

export async function benchCrash(
  say: (line: string) => void = () => undefined,
  size: CrashSize = usualCrashSize,
): Promise<CrashFigures> {
  const arrived = new Map<string, number>();
  const sink = await startSmtpSink({
    keep: false,
    onMessage: ({ to }) => {
      for (const one of to) arrived.set(one, (arrived.get(one) ?? 0) + 1);
    },
  });
  const site = await openSite(`smtp://127.0.0.1:${sink.port}`);
  const began = performance.now();
  try {
    const [web, worker, all] = await Promise.all([
      site.start('web,smtp'),
      site.start('worker'),
      site.start('all', bounces),
    ]);
    const cast = { web, worker, all };
    say(`started after ${seconds(began)} s`);
    const state = { isOver: false };
    const killing = killAtRandom(site, cast, size, state, say);
    await submitAll(site, cast, size);
    say(`accepted after ${seconds(began)} s, ${arrived.size} arrived`);
    await untilQuiet(arrived, size.sends, () => say(`${arrived.size} arrived after ${seconds(began)} s`));
    state.isOver = true;
    const kills = await killing;
    // What a dead worker had under way is sent again when its lease ends: late copies count too.
    await untilEmpty(site);
    return figures(arrived, size, kills, seconds(began));
  } finally {
    await site.close();
    await sink.close();
  }
}

const seconds = (began: number): number => Math.round((performance.now() - began) / 1_000);

function figures(
  arrived: ReadonlyMap<string, number>,
  { sends }: CrashSize,
  kills: CrashFigures['kills'],
  took: number,
): CrashFigures {
  let copies = 0;
  for (const count of arrived.values()) copies += count;
  return {
    ...{ sends, kills, seconds: took },
    lost: sends - arrived.size,
    sentTwice: copies - arrived.size,
    // PostgreSQL's end is one for both that deliver.
    inFlightAtMost: (kills.worker + kills.all + 2 * kills.postgres) * inFlightOfWorker,
  };
}

async function submitAll(site: Site, cast: Cast, { sends, perMessage }: CrashSize): Promise<void> {
  const wanted = Math.ceil(sends / perMessage);
  let next = 0;
  const asker = async (): Promise<void> => {
    for (let n = next++; n < wanted; n = next++) {
      const first = n * perMessage;
      const to = Array.from({ length: Math.min(perMessage, sends - first) }, (_, m) => `p${first + m}@example.org`);
      const body = JSON.stringify({ from: 'care@clinic.example', to, subject: 'x', html: '<p>A letter.</p>' });
      // Asked again after a crash, either may be the one that answers.
      const port = (): number => (Math.random() < 0.5 ? cast.web : cast.all).httpPort;
      await submit(port, site.apiKey, { path: '/v1/messages', body, key: `order-${n}` });
    }
  };
  await Promise.all(Array.from({ length: askersAtOnce }, asker));
}

async function killAtRandom(
  site: Site,
  cast: Cast,
  { meanBetweenKillsMs, killsAtMost = Number.POSITIVE_INFINITY, chance = Math.random }: CrashSize,
  state: { readonly isOver: boolean },
  say: (line: string) => void,
): Promise<CrashFigures['kills']> {
  const kills = { worker: 0, web: 0, all: 0, postgres: 0 };
  // The worker first: its lease ends while the others start again.
  const victims: readonly Victim[] = ['worker', 'postgres', 'all', 'web'];
  for (let n = 0; n < victims.length || (n < killsAtMost && !state.isOver); n += 1) {
    await sleep(meanBetweenKillsMs * (0.3 + 1.4 * chance()));
    // Each in turn before any at random, so that a short run has all of them.
    const victim = victims[n < victims.length ? n : Math.floor(chance() * victims.length)] ?? 'worker';
    kills[victim] += 1;
    say(`kill -9 of ${victim}`);
    if (victim === 'postgres') await killPostgres(site);
    else {
      const { roles, httpPort, kill } = cast[victim];
      await kill();
      cast[victim] = await site.start(roles, {
        ...(victim === 'all' ? bounces : {}),
        WAXWING_HTTP_PORT: String(httpPort),
      });
    }
  }
  return kills;
}

/** Its keeper starts it again. */
async function killPostgres({ postgres }: Site): Promise<void> {
  const { pid } = postgres;
  if (pid === undefined) return;
  process.kill(pid, 'SIGKILL');
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(50))
    if (postgres.pid !== undefined && postgres.pid !== pid) return;
  throw new Error('PostgreSQL was not started again');
}

async function untilQuiet(arrived: ReadonlyMap<string, number>, wanted: number, tell: () => void): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let n = 1; arrived.size < wanted; n += 1) {
    if (performance.now() > deadline) return; // what is missing then is lost
    await sleep(500);
    if (n % 40 === 0) tell();
  }
}

async function isQueueEmpty(connection: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query('SELECT FROM deliveries LIMIT 1')).rowCount === 0;
  } finally {
    await client.end();
  }
}

/** Until nothing is in the queue, so that nobody can be sent anything any more. */
async function untilEmpty({ postgres }: Site): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await sleep(200)) {
    // It may still be starting.
    if (await isQueueEmpty(postgres.connection).catch(() => false)) return;
  }
  throw new Error('the queue did not become empty');
}

if (process.argv[1] === import.meta.filename) {
  const sends = Number(process.argv[2] ?? usualCrashSize.sends);
  const run = await benchCrash((line) => console.error(line), { ...usualCrashSize, sends });
  console.log(JSON.stringify(run));
}
