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
  /** Median of the slowest question of a campaign report, at the large size. */
  readonly largeMs: number;
  /** The same question at the small size. */
  readonly smallMs: number;
  readonly ratio: number;
  readonly questions: readonly QuestionFigures[];
  readonly loadSeconds: number;
}

/** Medians of one question; the giant campaign holds a fifth of all hits. */
export interface QuestionFigures {
  readonly question: string;
  readonly smallMs: number;
  readonly largeMs: number;
  readonly ratio: number;
}

export interface ReportScale {
  readonly smallHits: number;
  readonly largeHits: number;
  readonly rounds: number;
}

const usualScale: ReportScale = { smallHits: 1_000_000, largeHits: 10_000_000, rounds: 40 };
const hitsPerRecipient = 4; // eight of each recipient who was seen, none of the other half

type Say = (line: string) => void;

export async function benchReport(say: Say = () => undefined, scale: ReportScale = usualScale): Promise<ReportFigures> {
  const stocks: Stock[] = [];
  try {
    const startedAt = performance.now();
    for (const hits of [scale.smallHits, scale.largeHits]) {
      stocks.push(await stockUp(hits));
      say(`${hits} hits stored`);
    }
    const loadSeconds = (performance.now() - startedAt) / 1000;
    const questions = await compare(stocks, scale.rounds);
    const { smallMs, largeMs, ratio } = questions.toSorted((a, b) => b.largeMs - a.largeMs)[0] ?? noFigures;
    return { smallHits: scale.smallHits, largeHits: scale.largeHits, smallMs, largeMs, ratio, questions, loadSeconds };
  } finally {
    for (const { world } of stocks) await world.close();
  }
}

const noFigures = { smallMs: Number.NaN, largeMs: Number.NaN, ratio: Number.NaN };

/** A database of its own for each size, so that both are asked in the same minute. */
interface Stock {
  readonly world: TestWorld;
  readonly shape: Shape;
}

async function stockUp(hits: number): Promise<Stock> {
  const world = await testWorld(new Date().toISOString());
  const owner = new pg.Client({ ...world.database.connection, statement_timeout: 0 });
  try {
    await owner.connect();
    const shape = await prepare(world, hits / hitsPerRecipient);
    await load(owner, world, shape, hits / hitsPerRecipient);
    return { world, shape };
  } catch (error) {
    await world.close();
    throw error;
  } finally {
    await owner.end().catch(() => undefined);
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

async function prepare(world: TestWorld, recipients: number): Promise<Shape> {
  const { accountId } = await createAccount(world, { name: 'Example Clinic', actor: { kind: 'system', id: 'bench' } });
  const keys = { accountId, vault: await accountVault(world, accountId) };
  const ids = (kind: 'campaign' | 'domain' | 'sender' | 'link', names: string[]): Promise<number[]> =>
    dimensionIds(
      world.db,
      keys,
      names.map((value) => ({ kind, value })),
    );
  const urls = numbered(10, (number) => `https://clinic.example/${number}`);
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

/** That many recipients, their hits, and the roll-ups as the writer's rules count them. */
async function load(owner: pg.Client, world: TestWorld, shape: Shape, recipients: number): Promise<void> {
  await owner.query(restlessTables); // vacuuming ten million rows would be measured with the reports
  const { accountId, campaignIds, domainIds, senderId, linkIds, linkSetId: links } = shape;
  await owner.query(stateShape, [
    0,
    recipients,
    accountId,
    campaignIds,
    domainIds,
    senderId,
    linkIds,
    links,
    world.clock.now(),
  ]);
  const second = new pg.Client({ ...world.database.connection, statement_timeout: 0 });
  await second.connect();
  try {
    await Promise.all([run(owner, [...countedTables, ...hitTables.slice(0, 1)]), run(second, hitTables.slice(1))]);
  } finally {
    await second.end();
  }
  await run(owner, ['DROP TABLE fresh', ...reportTables.map((table) => `VACUUM ANALYZE ${table}`), 'CHECKPOINT']);
}

const reportTables = ['recipient_states', 'link_states', 'rollups', 'dimensions'];
const restlessTables = `
  DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relname ~ '^(events|verdicts)_|^(recipient_states|link_states|rollups)$' LOOP
      EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
    END LOOP;
  END $$`;

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
          CASE h.bit WHEN 2 THEN 'suspected' WHEN 8 THEN 'certain' ELSE 'probable' END, 'bench', h.type = 'opened' AND h.bit = 8, '[]', 'bench', ${occurredAt}, ${occurredAt}
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
  SELECT account_id, '${grain}', accepted_day, campaign_id, ${key}, count(*), ${statusCounts}, ${viewCounts(openMask, clickMask, true)}, 0
    FROM fresh f GROUP BY 1, 2, 3, 4, 5 ${addUp}`;

const prefetches = `(CASE WHEN f.is_seen THEN (f.open_bit = 8)::int * 2 + (f.other_open_bit = 8)::int ELSE 0 END)`;
const estimateViews = [1, 3, 7]
  .map(
    (human) => `
      count(*) FILTER (WHERE behind = 0 AND opens & ${human} <> 0), count(*) FILTER (WHERE behind > 0 AND (opens | clicks) & ${human} <> 0),
      count(*) FILTER (WHERE behind = 0 AND opens & ${human} <> 0 AND clicks & ${human} <> 0),
      count(*) FILTER (WHERE behind > 0 AND clicks & ${human} <> 0)`,
  )
  .join(', ');

const estimateGrain = (grain: string): string => `
  INSERT INTO rollups (${cell})
  SELECT account_id, '${grain}-estimate', accepted_day, campaign_id, ${grain}_id, count(*), count(*) FILTER (WHERE behind > 0), 0, 0, ${estimateViews}, 0
    FROM (SELECT f.*, ${prefetches} AS behind, ${openMask} AS opens, ${clickMask} AS clicks FROM fresh f) AS counted
   WHERE CASE WHEN behind > 0 THEN status = 'delivered' ELSE opens & 7 <> 0 END GROUP BY 1, 2, 3, 4, 5 ${addUp}`;

const countedTables = [
  `INSERT INTO recipient_states (account_id, recipient_id, message_id, accepted_at, accepted_day, campaign_id, sender_id, domain_id,
     link_set_id, status, opens_human, opens_suspected, opens_probable, opens_certain, clicks_human, clicks_suspected, clicks_probable, clicks_certain, prefetches)
   SELECT account_id, recipient_id, message_id, accepted_at, accepted_day, campaign_id, sender_id, domain_id, link_set_id, status,
          ${kinds('o', [
            ['open_bit', 2],
            ['other_open_bit', 1],
          ])}, ${kinds('c', [
            ['click_bit', 3],
            ['other_click_bit', 2],
          ])}, ${prefetches}
     FROM fresh f ORDER BY number`,
  `INSERT INTO link_states (account_id, recipient_id, link_id, accepted_at, accepted_day, campaign_id, clicks_human, clicks_suspected, clicks_probable, clicks_certain)
   SELECT account_id, recipient_id, l.link_id, accepted_at, accepted_day, campaign_id,
          (l.bit = 1)::int * l.n, (l.bit = 2)::int * l.n, (l.bit = 4)::int * l.n, (l.bit = 8)::int * l.n
     FROM fresh f CROSS JOIN LATERAL (VALUES (f.link_id, f.click_bit, 3), (f.other_link_id, f.other_click_bit, 2)) AS l (link_id, bit, n)
    WHERE is_seen ORDER BY number`,
  recipientGrain('sender', 'sender_id'),
  recipientGrain('domain', 'domain_id'),
  recipientGrain('link-set', 'link_set_id'),
  estimateGrain('sender'),
  estimateGrain('domain'),
  `INSERT INTO rulesets (account_id, name) SELECT DISTINCT account_id, 'bench' FROM fresh`,
  `INSERT INTO rollups (${cell})
   SELECT f.account_id, 'ruleset', accepted_day, campaign_id, r.id, count(*), ${countNames
     .slice(1)
     .map(() => 0)
     .join(', ')}
     FROM ${hits.replace('WHERE', 'JOIN rulesets r ON r.account_id = f.account_id WHERE')} GROUP BY 1, 2, 3, 4, 5 ${addUp}`,
  `INSERT INTO rollups (${cell})
   SELECT account_id, 'link', accepted_day, campaign_id, l.link_id, count(*), 0, 0, 0, ${viewCounts('0', 'l.bit', false)}, 0
     FROM fresh f CROSS JOIN LATERAL (VALUES (f.link_id, f.click_bit), (f.other_link_id, f.other_click_bit)) AS l (link_id, bit)
    WHERE is_seen GROUP BY 1, 2, 3, 4, 5 ${addUp}`,
  `INSERT INTO rollups (${cell})
   SELECT account_id, 'quarter', (${occurredAt} AT TIME ZONE 'UTC')::date, campaign_id, floor(extract(epoch FROM ${occurredAt}) / 900)::bigint,
          count(*), 0, 0, 0, ${viewCounts("(CASE h.type WHEN 'opened' THEN h.bit ELSE 0 END)", "(CASE h.type WHEN 'clicked' THEN h.bit ELSE 0 END)", false)}, 0
     FROM ${hits} GROUP BY 1, 2, 3, 4, 5 ${addUp}`,
];

const groupings = ['campaign', 'recipientDomain', 'link', 'day'] as const;

type Question = readonly [name: string, campaign: number, groupBy: EngagementQuery['groupBy']];
const questions = [0, 1].flatMap((campaign) =>
  groupings.map(
    (groupBy): Question => [`${campaign === 0 ? 'giant' : 'usual'} campaign by ${groupBy}`, campaign, groupBy],
  ),
);

/** Each question of each size in turn, so that none profits from a quieter moment. */
async function compare(stocks: readonly Stock[], rounds: number): Promise<QuestionFigures[]> {
  const times = questions.map(() => stocks.map((): number[] => []));
  for (let round = -5; round < rounds; round++) {
    for (const [at, [, campaign, groupBy]] of questions.entries()) {
      for (const [size, stock] of stocks.entries()) {
        const tookMs = await askOnce(stock, campaign, groupBy);
        if (round >= 0) times[at]?.[size]?.push(tookMs);
      }
    }
  }
  return questions.map(([question], at) => {
    const [smallMs = Number.NaN, largeMs = Number.NaN] = (times[at] ?? []).map(median);
    return { question, smallMs, largeMs, ratio: largeMs / smallMs };
  });
}

async function askOnce(
  { world, shape }: Stock,
  campaign: number,
  groupBy: EngagementQuery['groupBy'],
): Promise<number> {
  const caller = { accountId: shape.accountId, actor: { kind: 'system', id: 'bench' } as const };
  const query = {
    campaign: campaignName(campaign),
    groupBy,
    automated: 'account',
    view: 'account',
    format: 'json',
  } as const;
  const startedAt = performance.now();
  const { totals } = await readEngagementReport(world, caller, query).then((report) =>
    JSON.parse(JSON.stringify(report)),
  );
  const tookMs = performance.now() - startedAt;
  if (totals.people.clicked === 0 || totals.machines.clicked === 0) throw new Error('the report is empty');
  if (totals.estimated === null) throw new Error('nothing is estimated');
  return tookMs;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

if (import.meta.main) {
  const figures = await benchReport((line) => process.stderr.write(`${line}\n`));
  console.log(JSON.stringify({ bench: 'report', ...figures }));
}
