/**
 * What learning the scanners' habits costs: what it adds to judging and storing a hit, side by side with an account that
 * has switched it off, and how fast settled hits are learned from. Real database, real verdicts.
 */
import { randomUUID } from 'node:crypto';
import { builtInNetworks, gatherEvidence } from '@waxwing/verdict';
import { habitLearner, knownHabits } from '../src/habits/index.ts';
import { sql } from '../src/platform/database.ts';
import { announceHits, settleOnce } from '../src/settling/index.ts';
import { readKeptEvidence, storeToldHits, type ToldHit } from '../src/tracking/index.ts';
import { acceptMail, delivered, deliverMail, type TestAccount, testKeys } from '../test/kit/mail.ts';
import { type TestWorld, testWorld } from '../test/kit/world.ts';

export interface HabitFigures {
  /** Storing a batch with learning on ÷ off, medians of alternating batches. */
  readonly storingRatio: number;
  readonly storedPerSecond: number;
  /** Leaving word of what will settle, of a batch of three thousand. */
  readonly wordMicrosPerHit: number;
  /** Comparing a hit with what is known of its domain's scanner. */
  readonly compareMicrosPerHit: number;
  readonly settledHits: number;
  readonly settledPerSecond: number;
}

type Say = (line: string) => void;

const domains = 200;
const linksPerCopy = 6;
const copiesPerBatch = 500;
const batches = 24;
const minuteMs = 60_000;
const links = Array.from({ length: linksPerCopy }, (_, n) => `https://clinic.example/${n}`);

export async function benchHabits(say: Say = () => undefined): Promise<HabitFigures> {
  const world = await testWorld(new Date(Date.now() - 12 * 60 * minuteMs).toISOString());
  try {
    const [learning, other] = [await testKeys(world, 'Learning'), await testKeys(world, 'Not learning')];
    await world.db.asAccount(other.accountId, (tx) =>
      tx.query(sql`UPDATE account_settings SET learn_scanner_habits = false`),
    );
    const times: Record<'on' | 'off', number[]> = { on: [], off: [] };
    for (let n = 0; n < batches; n++)
      for (const [name, account] of n % 2 === 0 ? pairs(learning, other) : pairs(learning, other).toReversed())
        times[name].push(await storeBatch(world, account, n));
    const hits = batches * copiesPerBatch * linksPerCopy;
    say(`${hits} hits of each account stored`);
    const settledPerSecond = await measureSettling(world, hits);
    const wordMicrosPerHit = await measureWord(world, learning);
    return {
      storingRatio: median(times.on) / median(times.off),
      storedPerSecond: (copiesPerBatch * linksPerCopy) / (median(times.on) / 1000),
      wordMicrosPerHit,
      compareMicrosPerHit: await measureComparing(world, learning),
      settledHits: hits,
      settledPerSecond,
    };
  } finally {
    await world.close();
  }
}

const pairs = (on: TestAccount, off: TestAccount): (readonly ['on' | 'off', TestAccount])[] => [
  ['on', on],
  ['off', off],
];

/** Half of the copies are scanned, half read by a person. Gives how long judging and storing took. */
async function storeBatch(world: TestWorld, account: TestAccount, n: number): Promise<number> {
  const acceptedAt = world.clock.now();
  const to = Array.from({ length: copiesPerBatch }, (_, at) => `person${at}@hospital${(n * 7 + at) % domains}.example`);
  const { messageId, recipientIds } = await acceptMail(world, account, { to, links, acceptedAt });
  await deliverMail(
    world,
    account,
    recipientIds.map((id) => delivered(id, acceptedAt)),
  );
  world.clock.advance(40_000);
  const hits = recipientIds.flatMap((recipientId, at) =>
    links.map((_, link) => toldHit({ messageId, recipientId }, world.clock.now().getTime(), at, link)),
  );
  const startedAt = performance.now();
  await world.db.asAccount(account.accountId, (tx) => storeToldHits(tx, account, hits, world.clock.now()));
  return performance.now() - startedAt;
}

function toldHit(subject: ToldHit['subject'], atMs: number, at: number, link: number): ToldHit {
  const isScan = at % 2 === 0;
  return {
    id: randomUUID(),
    kind: 'click',
    atMs: atMs + (isScan ? link * 100 : link * 40_000),
    linkIndex: link,
    ip: isScan ? `203.0.113.${at % 250}` : `100.64.${at >> 8}.${at % 250}`,
    userAgent: `Mozilla/5.0 (Windows NT 10.0; rv:14${at % 10}.0) Gecko/20100101 Firefox/14${at % 10}.0`,
    says: null,
    subject,
  };
}

async function measureSettling(world: TestWorld, hits: number): Promise<number> {
  world.clock.advance(60 * minuteMs);
  const learner = habitLearner(readKeptEvidence);
  const startedAt = performance.now();
  while ((await settleOnce(world, learner)) > 0);
  return hits / ((performance.now() - startedAt) / 1000);
}

async function measureWord(world: TestWorld, { accountId }: TestAccount): Promise<number> {
  const verdict = { settlesAt: world.clock.now() };
  const took: number[] = [];
  for (let n = 0; n < 30; n++) {
    const ids = Array.from({ length: copiesPerBatch }, () => randomUUID());
    const hits = ids.flatMap((recipientId) => links.map(() => ({ id: randomUUID(), recipientId, verdict })));
    await world.db.asAccount(accountId, async (tx) => {
      const startedAt = performance.now();
      await announceHits(tx, ['scanner-habits'], hits, [], world.clock.now());
      took.push(performance.now() - startedAt);
    });
  }
  return (median(took) * 1_000) / (copiesPerBatch * linksPerCopy);
}

async function measureComparing(world: TestWorld, account: TestAccount): Promise<number> {
  world.clock.advance(1_440 * minuteMs);
  const known = await world.db.asAccount(account.accountId, (tx) =>
    knownHabits(tx, account.accountId, world.clock.now()),
  );
  const keyOf = (text: string): string => text;
  const hits = Array.from({ length: 250 }, (_, n) =>
    gatherEvidence({ kind: 'click', ip: `203.0.113.${n}`, deliveredAt: 0, at: 40_000 }, builtInNetworks, keyOf),
  );
  const rounds = 4_000;
  let found = 0;
  const startedAt = performance.now();
  for (let n = 0; n < rounds; n++) for (const [at, hit] of hits.entries()) found += known.compare(at, hit)?.copies ?? 0;
  if (found < 0) throw new Error('nothing was compared');
  return ((performance.now() - startedAt) * 1_000) / (rounds * hits.length);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

if (import.meta.main) console.log(JSON.stringify({ bench: 'habits', ...(await benchHabits(console.error)) }));
