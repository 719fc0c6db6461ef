/**
 * Measures whether one slow destination costs the others anything, and whether a deep queue makes taking from it dearer.
 * Real SMTP to ten hosts on loopback, a real DNS server and a real database; worker and hosts share the process, so read
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
import { type SmtpSink, startSmtpSink } from '../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../test/kit/world.ts';

export interface QueueFigures {
  /** Copies a second to nine destinations beside a tenth as fast as they. */
  readonly besideFastPerSecond: number;
  /** The same beside a tenth that answers after 300 ms. */
  readonly besideSlowPerSecond: number;
  /** The bar is 0.9. */
  readonly ratio: number;
  /** A claim of 50 among so many queued. */
  readonly shallow: { readonly queued: number; readonly claimMs: number };
  readonly deep: { readonly queued: number; readonly claimMs: number };
  readonly depthRatio: number;
}

export interface QueueSize {
  readonly perDestination: number;
  readonly rounds: number;
  readonly shallow: number;
  readonly deep: number;
}

const defaultSize: QueueSize = { perDestination: 100, rounds: 9, shallow: 10_000, deep: 1_000_000 };
const slowMs = 300;
const domains = Array.from({ length: 10 }, (_, n) => `dest${n}.example`);
const octets = `Subject: bench\r\nContent-Type: text/plain\r\n\r\n${'A line of an invented letter.\r\n'.repeat(160)}`;

export async function benchQueue(
  say: (line: string) => void = () => undefined,
  size: QueueSize = defaultSize,
): Promise<QueueFigures> {
  const world = await testWorld();
  try {
    const { besideFast, besideSlow } = await benchSlowDestination({ ...world, clock: systemClock }, size, say);
    const shallow = { queued: size.shallow, claimMs: await benchClaims(world, size.shallow) };
    const deep = { queued: size.deep, claimMs: await benchClaims(world, size.deep) };
    const [besideFastPerSecond, besideSlowPerSecond] = [median(besideFast), median(besideSlow)];
    return {
      ...{ besideFastPerSecond, besideSlowPerSecond, shallow, deep },
      // Of each pair of rounds, which ran one right after the other.
      ratio: median(besideSlow.map((rate, n) => rate / (besideFast[n] ?? rate))),
      depthRatio: deep.claimMs / shallow.claimMs,
    };
  } finally {
    await world.close();
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

async function benchSlowDestination(world: World, size: QueueSize, say: (line: string) => void) {
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
      ...{ trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example' },
      ...{ mxPort: sinks[0]?.port ?? 0, dnsServers: [dns.address] },
    },
  );
  const [besideFast, besideSlow]: [number[], number[]] = [[], []];
  try {
    await healthyPerSecond(world, accountId, sinks, 30, () => delivery.nudge()); // warm
    for (let round = 1; round <= size.rounds; round += 1) {
      // In turns, so that neighbours' load falls on both.
      for (const isSlow of round % 2 === 0 ? [true, false] : [false, true]) {
        sinks
          .at(-1)
          ?.answerWith(isSlow ? ({ stage }) => (stage === 'data' ? sleep(slowMs, undefined) : undefined) : undefined);
        const rate = await healthyPerSecond(world, accountId, sinks, size.perDestination, () => delivery.nudge());
        (isSlow ? besideSlow : besideFast).push(rate);
      }
      say(
        `round ${round}: beside a fast one ${Math.round(besideFast.at(-1) ?? 0)}/s, beside a slow one ${Math.round(besideSlow.at(-1) ?? 0)}/s`,
      );
    }
  } finally {
    await delivery.close();
    await dns.close();
    for (const one of sinks) await one.close();
  }
  return { besideFast, besideSlow };
}

/** All on one port, each on an address of its own. */
async function openSinks(): Promise<SmtpSink[]> {
  const first = await startSmtpSink({ host: '127.0.0.2', keep: false });
  const others: SmtpSink[] = [];
  for (let n = 1; n < domains.length; n += 1)
    others.push(await startSmtpSink({ host: `127.0.0.${n + 2}`, port: first.port, keep: false }));
  return [first, ...others];
}

/** Copies a second until the nine have theirs; then the tenth is waited for. */
async function healthyPerSecond(
  world: World,
  accountId: string,
  sinks: readonly SmtpSink[],
  each: number,
  nudge: () => void,
): Promise<number> {
  const wanted = sinks.map((sink) => sink.count() + each);
  for (const domain of domains)
    await queueMessage(world, {
      accountId,
      octets,
      domain,
      to: Array.from({ length: each }, (_, n) => `p${n}@${domain}`),
    });
  const began = performance.now();
  nudge();
  const have = (some: readonly SmtpSink[]): boolean => some.every((sink, n) => sink.count() >= (wanted[n] ?? 0));
  await until(() => have(sinks.slice(0, -1)));
  const tookMs = performance.now() - began;
  await until(() => have(sinks));
  return (each * (domains.length - 1) * 1_000) / tookMs;
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 180_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('not everything arrived in three minutes');
    await sleep(5);
  }
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
