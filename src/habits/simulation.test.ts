/**
 * Thirty recipient domains with scanners of different habits, and people, for two weeks: how many of the single scans
 * that nothing else gives away are found by habit, and whether a person is ever taken for one. Chance is seeded.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { acceptMail, deliverMail, testKeys } from '../../test/kit/mail.ts';
import { learner, links, settle } from '../../test/kit/scanners.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { AccountKeys, DeliveryOutcome } from '../events/index.ts';
import { sql } from '../platform/database.ts';
import { storeToldHits, type ToldHit } from '../tracking/index.ts';

const days = 14;
const domainCount = 30;
const peoplePerDomain = 40;
const mailsPerDay = 14;
const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;

let world: TestWorld;
let keys: AccountKeys;
before(async () => {
  world = await testWorld('2026-11-01T00:00:00Z');
  keys = await testKeys(world);
});
after(() => world.close());

/** mulberry32, so that every run is the same. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = chance(20_261_122);
const pick = (count: number): number => Math.floor(random() * count);
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const around = (median: number, spread: number): number => median * Math.exp(spread * normal());

interface Domain {
  readonly name: string;
  readonly medianMs: number;
  readonly spread: number;
  readonly blocks: readonly string[];
  /** How many of its scans follow one link only. */
  readonly singles: number;
  /** The scanner stands in the office and leaves by the same addresses as the people there. */
  readonly isInOffice: boolean;
  readonly office: string;
}

const domains = Array.from({ length: domainCount }, (_, n): Domain => {
  const office = `198.18.${n}`;
  const isInOffice = n % 5 === 0;
  return {
    name: `hospital${n}.example`,
    medianMs: around(40_000, 0.8),
    spread: 0.2 + 0.4 * random(),
    blocks: isInOffice ? [office] : Array.from({ length: 1 + pick(4) }, (_, b) => `203.${n}.${b}`),
    singles: 0.2 + 0.3 * random(),
    isInOffice,
    office,
  };
});

type Who = 'burst' | 'single' | 'person';
const who = new Map<string, { readonly who: Who; readonly domain: Domain; readonly day: number }>();
const agents = [1, 2, 3, 4, 5].map((n) => `Mozilla/5.0 (Windows NT 10.0; rv:14${n}.0) Gecko/20100101 Firefox/14${n}.0`);

/** What is fetched of one copy, by the scanner and by its reader. */
function fetches(domain: Domain, day: number, person: number, sentAtMs: number): Omit<ToldHit, 'subject'>[] {
  const hit = (atMs: number, linkIndex: number | null, ip: string, by: Who): Omit<ToldHit, 'subject'> => {
    const id = randomUUID();
    who.set(id, { who: by, domain, day });
    const kind = linkIndex === null ? 'open' : 'click';
    return { id, kind, atMs: Math.round(atMs), linkIndex, ip, userAgent: agents[person % 5] ?? null, says: null };
  };
  const scanAtMs = sentAtMs + around(domain.medianMs, domain.spread);
  const scanner = `${domain.blocks[pick(domain.blocks.length)]}.${1 + pick(250)}`;
  const scans =
    random() < domain.singles
      ? [hit(scanAtMs, pick(links.length), scanner, 'single')]
      : links.map((_, link) => hit(scanAtMs + link * 150, link, scanner, 'burst'));
  // Half of the scans load the image too, a little before the links.
  if (random() < 0.5)
    scans.unshift(hit(scanAtMs - 5_000 * random(), null, scanner, scans.length === 1 ? 'single' : 'burst'));
  if (random() > 0.4) return scans;
  // One reader in eight is quick, as quick as the scanner; a third sit in the office.
  const readAtMs = sentAtMs + (random() < 0.125 ? around(45_000, 0.4) : around(40 * minuteMs, 1.5));
  const own =
    person % 3 === 0 ? `${domain.office}.${1 + (person % 250)}` : `100.${64 + pick(60)}.${person}.${pick(250)}`;
  const opened = hit(readAtMs, null, own, 'person');
  return [...scans, opened, hit(readAtMs + 8_000 + 20_000 * random(), pick(links.length), own, 'person')];
}

/** One mailing to some people of each domain, fetched, stored in the order of time and settled by the day's end. */
async function mailing(day: number): Promise<void> {
  const hits: ToldHit[] = [];
  for (const domain of domains) {
    const acceptedAt = world.clock.now();
    const people = Array.from({ length: mailsPerDay }, (_, n) => (day * mailsPerDay + n * 3) % peoplePerDomain);
    const to = people.map((person) => `person${person}@${domain.name}`);
    const { messageId, recipientIds } = await acceptMail(world, keys, { to, links, acceptedAt });
    const outcomes = recipientIds.map(
      (recipientId, n): DeliveryOutcome => ({
        recipientId,
        kind: 'delivered',
        at: new Date(acceptedAt.getTime() + n * 3 * minuteMs),
        detail: { host: 'mx.example.net', reply: null, why: 'accepted' },
        via: 'mx',
      }),
    );
    await deliverMail(world, keys, outcomes);
    for (const [n, { recipientId, at }] of outcomes.entries())
      for (const hit of fetches(domain, day, people[n] ?? 0, at.getTime()))
        hits.push({ ...hit, subject: { messageId, recipientId } });
  }
  hits.sort((one, other) => one.atMs - other.atMs);
  for (let from = 0; from < hits.length; from += 1_000) {
    const some = hits.slice(from, from + 1_000);
    world.clock.set(new Date(Math.max(world.clock.now().getTime(), some.at(-1)?.atMs ?? 0) + 500));
    await world.db.asAccount(keys.accountId, (tx) => storeToldHits(tx, keys, some, world.clock.now()));
    await settle(world, learner);
  }
}

test('habits find most single scans that nothing else gives away, and lose nobody', { timeout: 180_000 }, async (t) => {
  for (let day = 0; day < days; day++) {
    world.clock.set(new Date(Math.max(world.clock.now().getTime(), Date.UTC(2026, 10, 1) + day * dayMs)));
    await mailing(day);
  }
  const rows = await world.db.readAccount(keys.accountId, (tx) =>
    tx.query<{ id: string; verdict: string; by_habit: boolean }>(sql`
      SELECT event_id AS id, verdict, reasons @> '[{"rule": "learned-scanner"}]' AS by_habit FROM verdicts`),
  );
  const late = rows.flatMap((row) => {
    const truth = who.get(row.id);
    return truth !== undefined && truth.day >= 4 ? [{ ...row, ...truth }] : [];
  });
  const singles = late.filter((row) => row.who === 'single' && (row.verdict === 'human' || row.by_habit));
  const apart = singles.filter((row) => !row.domain.isInOffice);
  const found = apart.filter((row) => row.by_habit);
  const people = late.filter((row) => row.who === 'person');
  const lost = people.filter((row) => row.by_habit);
  t.diagnostic(
    `${found.length} of ${apart.length} single scans found where the scanner has a network of its own; ` +
      `${singles.filter((row) => row.by_habit).length} of ${singles.length} in all; ` +
      `${lost.length} of ${people.length} hits of people lost`,
  );
  assert.ok(apart.length > 500 && people.length > 1_500, 'the simulation is large enough to mean something');
  assert.equal(lost.length, 0);
  assert.ok(found.length / apart.length > 0.8, `${found.length} of ${apart.length}`);
});
