/**
 * Measures what trouble costs healthy destinations (failures everywhere, and one among ten that is slow), and whether a
 * deep queue makes taking from it dearer. Real SMTP to ten hosts on loopback, a real DNS server and a real database; worker and hosts share the process, so read
 * the ratios alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Registry } from 'prom-client';
import { openClaims } from '../src/delivery/claim.ts';
import { startDelivery } from '../src/delivery/index.ts';
import { systemClock, type World } from '../src/platform/world.ts';
import { createTestAccount } from '../test/kit/account.ts';
import { startDnsServer } from '../test/kit/dns-server.ts';
import { queueMessage } from '../test/kit/queued-message.ts';
import { type SinkScript, type SmtpSink, startSmtpSink } from '../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../test/kit/world.ts';

export interface QueueFigures {
  /** Copies a second to nine destinations while nothing is wrong. */
  readonly calmPerSecond: number;
  /** The same nine while 5 % are refused for now and 2 % for good, and a tenth destination takes 300 ms to answer. */
  readonly troubledPerSecond: number;
  /** Attempts answered then. */
  readonly troubledAnsweredPerSecond: number;
  /** The bar is 0.9. */
  readonly ratio: number;
  readonly answeredRatio: number;
  /** A claim of 50 among so many queued. */
  readonly shallow: { readonly queued: number; readonly claimMs: number };
  readonly deep: { readonly queued: number; readonly claimMs: number };
  readonly depthRatio: number;
}

export interface QueueSize {
  /** Of four windows: calm, trouble, trouble, calm, so that what drifts falls on both. */
  readonly rounds: number;
  readonly windowMs: number;
  /** Between a change of weather and what is counted. */
  readonly settleMs: number;
  /** Recipients in the queue when a window begins: more than it can send. */
  readonly waiting: number;
  readonly shallow: number;
  readonly deep: number;
}

const defaultSize: QueueSize = {
  ...{ rounds: 8, windowMs: 4_000, settleMs: 1_500, waiting: 6_000 },
  ...{ shallow: 10_000, deep: 1_000_000 },
};
const [temporaryPart, permanentPart] = [0.05, 0.02];
const perMessage = 100;
let nextPerson = 0;
const slowMs = 300;
const domains = Array.from({ length: 10 }, (_, n) => `dest${n}.example`);
const octets = `Subject: bench\r\nContent-Type: text/plain\r\n\r\n${'A line of an invented letter.\r\n'.repeat(160)}`;

export async function benchQueue(
  say: (line: string) => void = () => undefined,
  size: QueueSize = defaultSize,
): Promise<QueueFigures> {
  const world = await testWorld();
  try {
    const rounds = await benchTrouble({ ...world, clock: systemClock }, size, say);
    const shallow = { queued: size.shallow, claimMs: await benchClaims(world, size.shallow) };
    const deep = { queued: size.deep, claimMs: await benchClaims(world, size.deep) };
    const ratioOf = (what: keyof Rates): number =>
      median(rounds.map(({ calm, troubled }) => troubled[what] / calm[what]));
    return {
      calmPerSecond: median(rounds.map(({ calm }) => calm.delivered)),
      troubledPerSecond: median(rounds.map(({ troubled }) => troubled.delivered)),
      troubledAnsweredPerSecond: median(rounds.map(({ troubled }) => troubled.answered)),
      ...{ ratio: ratioOf('delivered'), answeredRatio: ratioOf('answered'), shallow, deep },
      depthRatio: deep.claimMs / shallow.claimMs,
    };
  } finally {
    await world.close();
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

interface Round {
  readonly calm: Rates;
  readonly troubled: Rates;
}

/** A second, of the nine that are not slow. */
interface Rates {
  readonly delivered: number;
  /** Attempts that were answered, whatever was said. */
  readonly answered: number;
}

async function benchTrouble(world: World, size: QueueSize, say: (line: string) => void): Promise<Round[]> {
  const sinks = await openSinks();
  const zones = domains.flatMap((domain, n) => [
    [domain, { mx: [{ preference: 10, exchange: `mx.${domain}` }] }] as const,
    [`mx.${domain}`, { a: [`127.0.0.${n + 2}`] }] as const,
  ]);
  const dns = await startDnsServer(Object.fromEntries(zones));
  const { accountId } = await createTestAccount(world);
  const delivery = startDelivery(
    { ...world, metrics: new Registry() },
    {
      ...{ trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', retryBaseMs: 1_000 },
      ...{ mxPort: sinks[0]?.port ?? 0, dnsServers: [dns.address] },
    },
  );
  const counts = { refused: 0 };
  const rounds: Round[] = [];
  let queued = 0;
  const window = async (isTroubled: boolean): Promise<Rates> => {
    for (const [n, sink] of sinks.entries())
      sink.answerWith(isTroubled ? troubleOf(n === sinks.length - 1, counts) : undefined);
    const done = (): number => sinks.reduce((sum, sink) => sum + sink.count(), 0) + counts.refused;
    for (; queued < done() + size.waiting; queued += perMessage) await queueForAll(world, accountId);
    delivery.nudge();
    await sleep(size.settleMs);
    return await ratesWithin(size.windowMs, sinks.slice(0, -1), counts);
  };
  try {
    await window(false); // warm
    for (let round = 1; round <= size.rounds; round += 1) {
      const [calm, ...troubled] = [await window(false), await window(true), await window(true)];
      rounds.push({ calm: mean([calm, await window(false)]), troubled: mean(troubled) });
      say(told(rounds.at(-1), round));
    }
  } finally {
    await delivery.close();
    await dns.close();
    for (const one of sinks) await one.close();
  }
  return rounds;
}

const mean = (all: readonly Rates[]): Rates => ({
  delivered: all.reduce((sum, { delivered }) => sum + delivered, 0) / all.length,
  answered: all.reduce((sum, { answered }) => sum + answered, 0) / all.length,
});

function told(round: Round | undefined, number: number): string {
  const perSecond = (rate = 0): string => `${Math.round(rate)}/s`;
  const { calm, troubled } = round ?? {};
  return `round ${number}: nothing wrong ${perSecond(calm?.delivered)}, in trouble ${perSecond(troubled?.delivered)} delivered of ${perSecond(troubled?.answered)} tried`;
}

/** 5 % for now and 2 % for good; the slow one takes 300 ms for each answer beside. */
function troubleOf(isSlow: boolean, counts: { refused: number }): SinkScript {
  return async ({ stage }) => {
    if (isSlow && stage !== 'body') await sleep(slowMs);
    if (stage !== 'rcpt') return undefined;
    const drawn = Math.random();
    if (drawn >= temporaryPart + permanentPart) return undefined;
    if (!isSlow) counts.refused += 1;
    return drawn < temporaryPart
      ? { code: 450, text: '4.2.1 The mailbox is busy' }
      : { code: 550, text: '5.1.1 No such mailbox' };
  };
}

/** All on one port, each on an address of its own. */
async function openSinks(): Promise<SmtpSink[]> {
  const first = await startSmtpSink({ host: '127.0.0.2', keep: false });
  const others: SmtpSink[] = [];
  for (let n = 1; n < domains.length; n += 1)
    others.push(await startSmtpSink({ host: `127.0.0.${n + 2}`, port: first.port, keep: false }));
  return [first, ...others];
}

/** One message to all ten domains in turn, as in a list of many people. */
async function queueForAll(world: World, accountId: string): Promise<void> {
  const to = Array.from({ length: perMessage }, (_, n) => `p${nextPerson++}@${domains[n % domains.length]}`);
  await queueMessage(world, { accountId, octets, byDomain: true, to });
}

async function ratesWithin(
  windowMs: number,
  healthy: readonly SmtpSink[],
  counts: { refused: number },
): Promise<Rates> {
  const taken = (): number => healthy.reduce((sum, sink) => sum + sink.count(), 0);
  const [began, deliveredBefore, refusedBefore] = [performance.now(), taken(), counts.refused];
  await sleep(windowMs);
  const seconds = (performance.now() - began) / 1_000;
  const delivered = (taken() - deliveredBefore) / seconds;
  return { delivered, answered: delivered + (counts.refused - refusedBefore) / seconds };
}

/** The median of 40 claims of 50, of three accounts with ten campaigns each. */
async function benchClaims(world: TestWorld, queued: number): Promise<number> {
  const accounts: string[] = [];
  for (let n = 0; n < 3; n += 1) accounts.push((await createTestAccount(world)).accountId);
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  const now = world.clock.now();
  await owner.query('DELETE FROM deliveries');
  await owner.query(
    `INSERT INTO deliveries (account_id, recipient_id, message_id, domain_id, priority, campaign_id, queued_at, due_at)
     SELECT ($1::uuid[])[1 + n % 3], gen_random_uuid(), gen_random_uuid(), n % 500, 1, 1 + n % 10, $2, $2
       FROM generate_series(1, $3) AS n`,
    [accounts, now, queued],
  );
  await owner.query('VACUUM ANALYZE deliveries');
  await owner.end();
  const claims = openClaims();
  const tookMs: number[] = [];
  for (let n = 0; n < 40; n += 1) {
    const began = performance.now();
    await world.db.asWorker((tx) => claims.take(tx, { now, leaseEnd: new Date(now.getTime() + 60_000) }, 50));
    tookMs.push(performance.now() - began);
  }
  return median(tookMs);
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify(await benchQueue((line) => console.error(line))));
}
