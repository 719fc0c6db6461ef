/**
 * Measures how a campaign report grows with what is stored: the same questions at one and at ten million hits, asked of
 * the code behind the route. The hits are written by SQL, in the shapes that mail gives them: a half of the recipients
 * never seen, a few domains with most of the mail, one campaign that holds a fifth of everything and many small ones.
 */
import pg from 'pg';
import { accountVault, createAccount } from '../src/accounts/index.ts';
import type { EngagementQuery } from '../src/contract/reports.ts';
import { countNames } from '../src/core/report/cells.ts';
import { dimensionIds, linkSetId } from '../src/events/index.ts';
import { readEngagementReport } from '../src/reports/index.ts';
import { type TestWorld, testWorld } from '../test/kit/world.ts';
import { stateShape } from './report-shape.ts';

export interface ReportFigures {
  readonly smallHits: number;
  readonly largeHits: number;
  /** Median of the slowest of a campaign report's four groupings. */
  readonly smallMs: number;
  readonly largeMs: number;
  readonly ratio: number;
  /** Medians by campaign and grouping at the large size; the giant campaign holds a fifth of all hits. */
  readonly largeByQuestionMs: Readonly<Record<string, number>>;
  readonly loadSeconds: number;
}

export interface ReportScale {
  readonly smallHits: number;
  readonly largeHits: number;
  readonly rounds: number;
}

const issueScale: ReportScale = { smallHits: 1_000_000, largeHits: 10_000_000, rounds: 40 };
const hitsPerRecipient = 4; // eight of each recipient who was seen, none of the other half

type Say = (line: string) => void;

export async function benchReport(say: Say = () => undefined, scale: ReportScale = issueScale): Promise<ReportFigures> {
  const world = await testWorld(new Date().toISOString());
  const owner = new pg.Client({ ...world.database.connection, statement_timeout: 0 });
  await owner.connect();
  try {
    const startedAt = performance.now();
    const shape = await prepare(world, owner, scale.largeHits / hitsPerRecipient);
    const middle = scale.smallHits / hitsPerRecipient;
    await load(owner, world, shape, 0, middle);
    say(`${scale.smallHits} hits stored`);
    const small = await measure(world, shape, scale.rounds);
    await load(owner, world, shape, middle, scale.largeHits / hitsPerRecipient);
    say(`${scale.largeHits} hits stored`);
    const large = await measure(world, shape, scale.rounds);
    const [smallMs, largeMs] = [slowest(small), slowest(large)];
    return {
      ...{ smallHits: scale.smallHits, largeHits: scale.largeHits, smallMs, largeMs, ratio: largeMs / smallMs },
      largeByQuestionMs: large,
      loadSeconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    await owner.end();
    await world.close();
  }
}

interface Shape {
  readonly accountId: string;
  readonly campaignIds: readonly number[];
  readonly domainIds: readonly number[];
  readonly senderId: number;
  readonly linkIds: readonly number[];
  readonly linkSetId: number;
}

const recipientsPerCampaign = 4_000;
const domainCount = 1_000;
const numbered = (count: number, name: (number: number) => string): string[] =>
  Array.from({ length: count }, (_, number) => name(number));

/** The first campaign is the giant. */
const campaignName = (number: number): string => `campaign ${number}`;

async function prepare(world: TestWorld, owner: pg.Client, recipients: number): Promise<Shape> {
  const { accountId } = await createAccount(world, { name: 'Example Clinic', actor: { kind: 'system', id: 'bench' } });
  const keys = { accountId, vault: await accountVault(world, accountId) };
  const ids = (kind: 'campaign' | 'domain' | 'sender' | 'link', names: string[]): Promise<number[]> =>
    dimensionIds(
      world.db,
      keys,
      names.map((value) => ({ kind, value })),
    );
  const urls = numbered(10, (number) => `https://clinic.example/${number}`);
  await owner.query(`SET synchronous_commit = off`);
  return {
    accountId,
    campaignIds: await ids(
      'campaign',
      numbered(2 + Math.ceil((recipients * 0.8) / recipientsPerCampaign), campaignName),
    ),
    domainIds: await ids(
      'domain',
      numbered(domainCount, (number) => `d${number}.example`),
    ),
    senderId: (await ids('sender', ['care@clinic.example']))[0] ?? 0,
    linkIds: await ids('link', urls),
    linkSetId: await linkSetId(world.db, keys, urls),
  };
}

/** Recipients `from` up to `to`, their hits, and the roll-ups as the writer's rules count them. */
async function load(owner: pg.Client, world: TestWorld, shape: Shape, from: number, to: number): Promise<void> {
  await owner.query(`DROP TABLE IF EXISTS fresh`);
  await owner.query(stateShape, [
    from,
    to,
    shape.accountId,
    shape.campaignIds,
    shape.domainIds,
    shape.senderId,
    shape.linkIds,
    shape.linkSetId,
    world.clock.now(),
  ]);
  const second = new pg.Client({ ...world.database.connection, statement_timeout: 0 });
  await second.connect();
  try {
    await Promise.all([run(owner, [...countedTables, ...hitTables.slice(0, 1)]), run(second, hitTables.slice(1))]);
  } finally {
    await second.end();
  }
  await run(owner, ['ANALYZE recipient_states', 'ANALYZE link_states', 'VACUUM ANALYZE rollups', 'ANALYZE dimensions']);
}

async function run(client: pg.Client, statements: readonly string[]): Promise<void> {
  await client.query(`SET synchronous_commit = off`);
  for (const statement of statements) await client.query(statement);
}

const hits = `
  fresh f CROSS JOIN LATERAL (VALUES
    (0, 'opened', f.open_bit, NULL::int), (1, 'opened', f.open_bit, NULL), (2, 'opened', f.other_open_bit, NULL),
    (3, 'clicked', f.click_bit, f.link), (4, 'clicked', f.click_bit, f.link), (5, 'clicked', f.click_bit, f.link),
    (6, 'clicked', f.other_click_bit, f.other_link), (7, 'clicked', f.other_click_bit, f.other_link)) AS h (number, type, bit, link)
  WHERE f.is_seen`;
const occurredAt = `(f.accepted_at + make_interval(mins => (f.number % 600)::int, secs => h.number))`;
const hitId = `overlay(overlay(f.recipient_id::text PLACING '1' FROM 20 FOR 1) PLACING h.number::text FROM 8 FOR 1)::uuid`;

const hitTables = [
  `INSERT INTO events (account_id, id, occurred_at, recorded_at, type, message_id, recipient_id, link_index, detail_sealed)
   SELECT f.account_id, ${hitId}, ${occurredAt}, ${occurredAt}, h.type, f.message_id, f.recipient_id, h.link - 1, '\\x00112233445566778899'
     FROM ${hits} ORDER BY f.number`,
  `INSERT INTO verdicts (account_id, event_id, occurred_at, verdict, strength, actor, unknowable, reasons, ruleset, judged_at, settles_at)
   SELECT f.account_id, ${hitId}, ${occurredAt}, CASE WHEN h.bit IN (1, 2) THEN 'human' ELSE 'automated' END,
          CASE h.bit WHEN 2 THEN 'suspected' WHEN 8 THEN 'certain' ELSE 'probable' END, 'bench', false, '[]', 'bench', ${occurredAt}, ${occurredAt}
     FROM ${hits} ORDER BY f.number`,
];

const kinds = (name: string, bits: readonly (readonly [column: string, count: number])[]): string =>
  [1, 2, 4, 8]
    .map(
      (bit) =>
        `CASE WHEN f.is_seen THEN ${bits.map(([column, count]) => `(f.${column} = ${bit})::int * ${count}`).join(' + ')} ELSE 0 END AS ${name}${bit}`,
    )
    .join(', ');

const cell = `account_id, grain, day, campaign_id, key_id, ${countNames.join(', ')}`;
const addUp = `ON CONFLICT (account_id, grain, campaign_id, day, key_id)
  DO UPDATE SET ${countNames.map((name) => `${name} = rollups.${name} + EXCLUDED.${name}`).join(', ')}`;
const openMask = `(CASE WHEN f.is_seen THEN f.open_bit | f.other_open_bit ELSE 0 END)`;
const clickMask = `(CASE WHEN f.is_seen THEN f.click_bit | f.other_click_bit ELSE 0 END)`;

/** What core/report/cells.ts counts, in SQL. */
const viewCounts = (opens: string, clicks: string, impliesOpen: boolean): string =>
  [1, 3, 7]
    .map((human) => {
      const clicked = `(${clicks} & ${human}) <> 0`;
      const opened = `((${opens} & ${human}) <> 0${impliesOpen ? ` OR ${clicked}` : ''})`;
      return `count(*) FILTER (WHERE ${opened}), count(*) FILTER (WHERE ${opens} <> 0 AND NOT ${opened}),
              count(*) FILTER (WHERE ${clicked}), count(*) FILTER (WHERE ${clicks} <> 0 AND NOT ${clicked})`;
    })
    .join(', ');
const statusCounts = ['delivered', 'bounced', 'deferred']
  .map((status) => `count(*) FILTER (WHERE status = '${status}')`)
  .join(', ');

const recipientGrain = (grain: string, key: string): string => `
  INSERT INTO rollups (${cell})
  SELECT account_id, '${grain}', accepted_day, campaign_id, ${key}, count(*), ${statusCounts}, ${viewCounts(openMask, clickMask, true)}
    FROM fresh f GROUP BY 1, 2, 3, 4, 5 ${addUp}`;

const countedTables = [
  `INSERT INTO recipient_states (account_id, recipient_id, message_id, accepted_at, accepted_day, campaign_id, sender_id, domain_id,
     link_set_id, status, opens_human, opens_suspected, opens_probable, opens_certain, clicks_human, clicks_suspected, clicks_probable, clicks_certain)
   SELECT account_id, recipient_id, message_id, accepted_at, accepted_day, campaign_id, sender_id, domain_id, link_set_id, status,
          ${kinds('o', [
            ['open_bit', 2],
            ['other_open_bit', 1],
          ])}, ${kinds('c', [
            ['click_bit', 3],
            ['other_click_bit', 2],
          ])}
     FROM fresh f ORDER BY number`,
  `INSERT INTO link_states (account_id, recipient_id, link_id, accepted_at, accepted_day, campaign_id, clicks_human, clicks_suspected, clicks_probable, clicks_certain)
   SELECT account_id, recipient_id, l.link_id, accepted_at, accepted_day, campaign_id,
          (l.bit = 1)::int * l.n, (l.bit = 2)::int * l.n, (l.bit = 4)::int * l.n, (l.bit = 8)::int * l.n
     FROM fresh f CROSS JOIN LATERAL (VALUES (f.link_id, f.click_bit, 3), (f.other_link_id, f.other_click_bit, 2)) AS l (link_id, bit, n)
    WHERE is_seen ORDER BY number`,
  recipientGrain('sender', 'sender_id'),
  recipientGrain('domain', 'domain_id'),
  recipientGrain('link-set', 'link_set_id'),
  `INSERT INTO rollups (${cell})
   SELECT account_id, 'link', accepted_day, campaign_id, l.link_id, count(*), 0, 0, 0, ${viewCounts('0', 'l.bit', false)}
     FROM fresh f CROSS JOIN LATERAL (VALUES (f.link_id, f.click_bit), (f.other_link_id, f.other_click_bit)) AS l (link_id, bit)
    WHERE is_seen GROUP BY 1, 2, 3, 4, 5 ${addUp}`,
  `INSERT INTO rollups (${cell})
   SELECT account_id, 'quarter', (${occurredAt} AT TIME ZONE 'UTC')::date, campaign_id, floor(extract(epoch FROM ${occurredAt}) / 900)::bigint,
          count(*), 0, 0, 0, ${viewCounts("(CASE h.type WHEN 'opened' THEN h.bit ELSE 0 END)", "(CASE h.type WHEN 'clicked' THEN h.bit ELSE 0 END)", false)}
     FROM ${hits} GROUP BY 1, 2, 3, 4, 5 ${addUp}`,
];

const groupings = ['campaign', 'recipientDomain', 'link', 'day'] as const;

/** Medians by question, the questions taking turns so that none profits from a quieter moment. */
async function measure(world: TestWorld, shape: Shape, rounds: number): Promise<Record<string, number>> {
  const caller = { accountId: shape.accountId, actor: { kind: 'system', id: 'bench' } as const };
  const questions = [0, 7].flatMap((number) =>
    groupings.map((groupBy): [string, EngagementQuery] => [
      `${number === 0 ? 'giant' : 'usual'} campaign by ${groupBy}`,
      { campaign: campaignName(number), groupBy, automated: 'account', view: 'account', format: 'json' },
    ]),
  );
  const times = new Map<string, number[]>(questions.map(([name]) => [name, []]));
  for (let round = -5; round < rounds; round++) {
    for (const [name, query] of questions) {
      const startedAt = performance.now();
      const text = JSON.stringify(await readEngagementReport(world, caller, query));
      if (!text.includes('"sent"')) throw new Error('the report is empty');
      if (round >= 0) times.get(name)?.push(performance.now() - startedAt);
    }
  }
  return Object.fromEntries(
    [...times].map(([name, all]) => [name, all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0]),
  );
}

const slowest = (medians: Readonly<Record<string, number>>): number => Math.max(...Object.values(medians));

if (import.meta.main) {
  const figures = await benchReport((line) => process.stderr.write(`${line}\n`));
  console.log(JSON.stringify({ bench: 'report', ...figures }));
}
