/**
 * Measures judging history again on the embedded database: hits that came the drain's way, judged again with a list that
 * flips a few, with rules left out so that a fifth of them flip, and with another ruleset that flips none. Afterwards
 * roll-ups must be what a recount from the verdicts gives.
 */
import { builtInLists } from '@waxwing/verdict';
import { importList } from '../src/networks/index.ts';
import { sql } from '../src/platform/database.ts';
import { askRejudgement, readRejudgement, runThread } from '../src/rejudging/index.ts';
import { acceptMail, delivered, deliverMail, type TestAccount, testKeys } from '../test/kit/mail.ts';
import { differencesFromRecount } from '../test/kit/recount.ts';
import { agents, hitsOf, storeVisits, type Visit as TimedVisit } from '../test/kit/visits.ts';
import { type TestWorld, testWorld } from '../test/kit/world.ts';

export interface RejudgeFigures {
  readonly hits: number;
  /** Each the best of the rounds. */
  readonly dryPerSecond: number;
  readonly fewFlips: Pass;
  readonly fifthFlips: Pass;
  readonly restated: Pass;
  readonly differences: number;
}

interface Pass {
  readonly perSecond: number;
  readonly flipped: number;
  readonly restated: number;
}

type Say = (line: string) => void;

const recipientsPerMessage = 1_000;
const usualMessages = 63; // 302,652 hits

export async function benchRejudge(say: Say = () => undefined, messages = usualMessages): Promise<RejudgeFigures> {
  const world = await testWorld('2026-11-22T12:00:00Z');
  try {
    const account = await testKeys(world);
    for (let number = 0; number < messages; number++) await sendAndFetch(world, account, number);
    say(`${messages * recipientsPerMessage} recipients fetched`);
    const dry = [await pass(world, account, true), await pass(world, account, true)];
    say(`dry run ${dry.map((one) => one.perSecond)} hits/s of ${dry[0]?.judged}`);
    await nameFewMore(world);
    const few = [await pass(world, account, false), await pass(world, account, false)];
    say(`few flips ${few.map((one) => `${one.perSecond} (${one.flipped})`)}`);
    await leaveOut(world, account, ['apple-prefetch', 'bare-agent-open']);
    const fifth = [await pass(world, account, false)];
    await leaveOut(world, account, []);
    fifth.push(await pass(world, account, false));
    say(`a fifth flips ${fifth.map((one) => `${one.perSecond} (${one.flipped})`)}`);
    await leaveOut(world, account, ['honeypot-hit']);
    const restated = [await pass(world, account, false)];
    await leaveOut(world, account, []);
    restated.push(await pass(world, account, false));
    say(`restated ${restated.map((one) => `${one.perSecond} (${one.restated})`)}`);
    const differences = await differencesFromRecount(world.database.connection);
    return {
      hits: dry[0]?.judged ?? 0,
      dryPerSecond: best(dry).perSecond,
      fewFlips: best(few),
      fifthFlips: best(fifth),
      restated: best(restated),
      differences: differences.length,
    };
  } finally {
    await world.close();
  }
}

const best = <P extends Pass>(passes: readonly P[]): P =>
  passes.reduce((one, other) => (other.perSecond > one.perSecond ? other : one));

/** A list that newly names the addresses of a few. */
async function nameFewMore(world: TestWorld): Promise<void> {
  const known = builtInLists.filter((list) => list.class === 'microsoft-mail').flatMap((list) => list.prefixes);
  const bytes = Buffer.from([...known, '199.7.7.0/24'].join('\n'));
  const fetchedAt = new Date('2026-11-20T00:00:00Z');
  const wish = { name: 'microsoft-mail', bytes, fetchedAt, nextCheckMs: 86_400_000, isForced: true } as const;
  const { kind } = await importList(world, wish);
  if (kind === 'refused') throw new Error('the list was refused');
}

/** In a thread of its own, as the program does it. */
async function pass(world: TestWorld, { accountId }: TestAccount, dryRun: boolean) {
  const actor = { kind: 'system', id: 'bench' } as const;
  const { id } = await askRejudgement(world, { accountId, actor }, { dryRun });
  const options = { connection: world.database.connection, masterKey: world.masterKey, usesAsTable: true };
  await runThread({ ...options, run: { accountId, id } }, () => undefined, new AbortController().signal);
  const { state, counts, hitsPerSecond } = await readRejudgement(world, accountId, id);
  if (state !== 'done') throw new Error(`a pass ended as ${state}`);
  return { perSecond: hitsPerSecond ?? 0, ...counts };
}

const leaveOut = (world: TestWorld, { accountId }: TestAccount, rules: readonly string[]): Promise<unknown> =>
  world.db.asAccount(accountId, (tx) =>
    tx.query(sql`UPDATE account_settings SET disabled_rules = ${rules} WHERE account_id = ${accountId}`),
  );

/** A message a minute, a campaign every ten. */
async function sendAndFetch(world: TestWorld, account: TestAccount, number: number): Promise<void> {
  const acceptedAt = new Date(Date.UTC(2026, 10, 20, 8) + number * 60_000);
  const { messageId, recipientIds } = await acceptMail(world, account, {
    campaign: `campaign ${Math.floor(number / 10)}`,
    to: Array.from({ length: recipientsPerMessage }, (_, at) => `r${number}.${at}@d${at % 50}.example`),
    links: Array.from({ length: 3 }, (_, at) => `https://clinic.example/${at}`),
    acceptedAt,
  });
  const deliveredAt = new Date(acceptedAt.getTime() + 5_000);
  await deliverMail(
    world,
    account,
    recipientIds.map((id) => delivered(id, deliveredAt)),
  );
  const hits = recipientIds.flatMap((recipientId, at) =>
    hitsOf(
      { messageId },
      recipientId,
      visits(at).map((one) => timed(one, number, at, deliveredAt)),
    ),
  );
  for (let from = 0; from < hits.length; from += 1_000)
    await storeVisits(world, account, hits.slice(from, from + 1_000));
}

interface Visit {
  readonly kind: 'open' | 'click';
  readonly afterMs: number;
  readonly link: number | null;
  readonly ip: (number: number, at: number) => string;
  readonly userAgent: string;
}

const home = (number: number, at: number): string => `198.${18 + ((at >> 8) & 1)}.${number + 1}.${at & 255}`;
/** One in two hundred and fifty of those who are at home is in the addresses that a new list names. */
const homeOrListed = (number: number, at: number): string => (at % 250 === 0 ? `199.7.7.${number}` : home(number, at));
const { chrome, iphone: safari, gmail, apple: bare } = agents;

const hour = 3_600_000;
const visit = (
  kind: Visit['kind'],
  afterMs: number,
  userAgent: string,
  ip: Visit['ip'],
  link: number | null = null,
): Visit => ({ kind, afterMs, link, ip, userAgent });

const person = [
  visit('open', hour, chrome, homeOrListed),
  visit('click', hour + 9_000, chrome, homeOrListed, 1),
  visit('click', hour + 60_000, chrome, homeOrListed, 2),
  visit('open', 30 * hour, chrome, homeOrListed),
  visit('open', 31 * hour, safari, home),
];
const gmailReader = [0, 1, 2, 3].map((times) =>
  visit('open', (times + 1) * hour, gmail, (number, at) => `66.249.${80 + (number % 8)}.${at & 255}`),
);
const apple = [0, 1, 2, 3, 4].map((times) =>
  visit('open', 600_000 + times * hour, bare, (number, at) => `104.28.${number}.${at & 255}`),
);
const scanner = [0, 1, 2].map((link) =>
  visit('click', 40_000 + link * 100, chrome, (number, at) => `40.94.${number}.${at & 255}`, link),
);

/** Of ten recipients: four people at home, three behind Gmail, two behind Apple's prefetch, one behind a scanner. */
function visits(at: number): readonly Visit[] {
  const kind = Math.floor(at / 7) % 10;
  if (kind < 4) return person;
  if (kind < 7) return [...gmailReader, visit('click', 2 * hour, safari, home, 0)];
  return kind < 9 ? apple : scanner;
}

const timed = (one: Visit, number: number, at: number, deliveredAt: Date): TimedVisit => ({
  kind: one.kind,
  atMs: deliveredAt.getTime() + one.afterMs + at,
  ip: one.ip(number, at),
  userAgent: one.userAgent,
  ...(one.link === null ? {} : { link: one.link }),
});

if (import.meta.main) {
  const messages = Number(process.argv[2] ?? usualMessages);
  const figures = await benchRejudge((line) => process.stderr.write(`${line}\n`), messages);
  console.log(JSON.stringify({ bench: 'rejudge', ...figures }));
}
