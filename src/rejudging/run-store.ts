/** SQL of re-judgings: their rows, who holds them, how far they are, and their first examples. */
import type { Flip } from '../contract/rejudging.ts';
import { integers, jsons, texts } from '../platform/columns.ts';
import { type Sql, sql, type Tx, type WorkerTx } from '../platform/database.ts';
import type { Place, Progress, Run, RunState, Wish } from './rejudgement.ts';
import { emptyTally, type Tally } from './tally.ts';

interface RunRow {
  account_id: string;
  id: string;
  is_dry_run: boolean;
  asked_at: Date;
  asked_by_kind: Run['askedBy']['kind'];
  asked_by_id: string;
  since: Date | null;
  until: Date | null;
  disabled_rules: string[];
  ruleset: string;
  state: RunState;
  why: string | null;
  started_at: Date | null;
  ended_at: Date | null;
  expected_hits: number;
  active_ms: number;
  tally: Tally;
  place: Place | null;
  claims: number;
  lease_until: Date | null;
}

const columns = sql`account_id, id, is_dry_run, asked_at, asked_by_kind, asked_by_id, since, until, disabled_rules, ruleset,
  state, why, started_at, ended_at, expected_hits, active_ms, tally, place, claims, lease_until`;

const runOf = (row: RunRow, now: Date): Run => ({
  accountId: row.account_id,
  id: row.id,
  isDryRun: row.is_dry_run,
  askedAt: row.asked_at,
  askedBy: { kind: row.asked_by_kind, id: row.asked_by_id },
  bounds: { since: row.since, until: row.until },
  disabledRules: row.disabled_rules,
  ruleset: row.ruleset,
  state: row.state,
  why: row.why,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  expectedHits: row.expected_hits,
  activeMs: row.active_ms,
  tally: row.tally,
  place: row.place,
  claims: row.claims,
  isHeld: row.state === 'running' && row.lease_until !== null && row.lease_until > now,
});

/** False when one of the account's is under way. */
export async function insertRun(
  tx: Tx,
  accountId: string,
  { id, expectedHits, ...wish }: Wish & { readonly id: string; readonly expectedHits: number },
): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO rejudgements (account_id, id, is_dry_run, asked_at, asked_by_kind, asked_by_id, since, until, disabled_rules,
                              ruleset, state, expected_hits, tally)
    VALUES (${accountId}, ${id}, ${wish.isDryRun}, ${wish.askedAt}, ${wish.askedBy.kind}, ${wish.askedBy.id},
            ${wish.bounds.since}, ${wish.bounds.until}, ${wish.disabledRules}, ${wish.ruleset}, 'queued', ${expectedHits},
            ${JSON.stringify(emptyTally)})
    ON CONFLICT (account_id) WHERE state IN ('queued', 'running') DO NOTHING
    RETURNING 1`);
  return rows.length === 1;
}

/** By whole days of acceptance: an estimate at both ends of a range. */
export async function countExpectedHits(
  tx: Tx,
  accountId: string,
  days: { readonly from: string | null; readonly to: string | null },
): Promise<number> {
  const [row] = await tx.query<{ n: string | null }>(sql`
    SELECT sum(n) AS n
      FROM (SELECT account_id, grain, day, n FROM rollups UNION ALL SELECT account_id, grain, day, n FROM unfolded_cells) AS cell
     WHERE account_id = ${accountId} AND grain = 'ruleset'
       AND (${days.from}::date IS NULL OR day >= ${days.from}::date) AND (${days.to}::date IS NULL OR day <= ${days.to}::date)`);
  return Number(row?.n ?? 0);
}

export async function selectRun(tx: Tx, accountId: string, id: string, now: Date): Promise<Run | undefined> {
  const [row] = await tx.query<RunRow>(
    sql`SELECT ${columns} FROM rejudgements WHERE account_id = ${accountId} AND id = ${id}`,
  );
  return row && runOf(row, now);
}

/** The one that is queued or running. */
export async function selectUnfinishedRun(tx: Tx, accountId: string, now: Date): Promise<Run | undefined> {
  const [row] = await tx.query<RunRow>(sql`
    SELECT ${columns} FROM rejudgements WHERE account_id = ${accountId} AND state IN ('queued', 'running')`);
  return row && runOf(row, now);
}

export interface RunPage {
  readonly before: string | null;
  readonly rows: number;
}

/** Newest first: ids sort by when they were given. */
export async function selectRuns(tx: Tx, accountId: string, page: RunPage, now: Date): Promise<Run[]> {
  const rows = await tx.query<RunRow>(sql`
    SELECT ${columns} FROM rejudgements
     WHERE account_id = ${accountId} AND (${page.before}::uuid IS NULL OR id < ${page.before}::uuid)
     ORDER BY id DESC LIMIT ${page.rows}`);
  return rows.map((row) => runOf(row, now));
}

export interface Hold {
  readonly runner: string;
  readonly now: Date;
  readonly leaseUntil: Date;
}

const holding = ({ runner, now, leaseUntil }: Hold): Sql => sql`
  state = 'running', runner = ${runner}, lease_until = ${leaseUntil}, claims = claims + 1, started_at = coalesce(started_at, ${now})`;
const isFree = (now: Date): Sql => sql`(state = 'queued' OR (state = 'running' AND lease_until <= ${now}))`;

/** Takes the run that waits longest, of any account. */
export async function claimAnyRun(tx: WorkerTx, hold: Hold): Promise<{ accountId: string; id: string } | undefined> {
  const [row] = await tx.query<{ account_id: string; id: string }>(sql`
    UPDATE rejudgements SET ${holding(hold)}
     WHERE id = (SELECT id FROM rejudgements WHERE ${isFree(hold.now)} ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING account_id, id`);
  return row && { accountId: row.account_id, id: row.id };
}

/** Whether there is one to take. */
export async function hasFreeRun(tx: WorkerTx, now: Date): Promise<boolean> {
  const rows = await tx.query(sql`SELECT 1 FROM rejudgements WHERE ${isFree(now)} LIMIT 1`);
  return rows.length > 0;
}

export async function claimRun(tx: Tx, accountId: string, id: string, hold: Hold): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE rejudgements SET ${holding(hold)}
     WHERE account_id = ${accountId} AND id = ${id} AND ${isFree(hold.now)}
    RETURNING 1`);
  return rows.length === 1;
}

/** False when the run is no longer this runner's: cancelled, or taken over. Then nothing of this transaction may stand. */
export async function moveRun(tx: Tx, run: Pick<Run, 'accountId' | 'id'>, hold: Hold, to: Progress): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE rejudgements
       SET tally = ${JSON.stringify(to.tally)}, place = ${to.place === null ? null : JSON.stringify(to.place)},
           active_ms = ${Math.round(to.activeMs)}, lease_until = ${hold.leaseUntil}, claims = 1
     WHERE account_id = ${run.accountId} AND id = ${run.id} AND runner = ${hold.runner} AND state = 'running'
    RETURNING 1`);
  return rows.length === 1;
}

export interface Ending {
  readonly state: 'done' | 'cancelled' | 'failed';
  readonly why: string | null;
  readonly at: Date;
}

/** A runner ends only what it holds; null is whoever cancels. */
export async function endRun(
  tx: Tx,
  run: Pick<Run, 'accountId' | 'id'>,
  runner: string | null,
  ending: Ending,
): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE rejudgements
       SET state = ${ending.state}, why = ${ending.why}, ended_at = ${ending.at}, runner = NULL, lease_until = NULL
     WHERE account_id = ${run.accountId} AND id = ${run.id} AND state IN ('queued', 'running')
       AND (${runner}::uuid IS NULL OR runner = ${runner}::uuid)
    RETURNING 1`);
  return rows.length === 1;
}

/** Lets go of a run, so that another goes on at once. */
export async function releaseRun(tx: Tx, run: Pick<Run, 'accountId' | 'id'>, hold: Hold): Promise<void> {
  await tx.query(sql`
    UPDATE rejudgements SET lease_until = ${hold.now}
     WHERE account_id = ${run.accountId} AND id = ${run.id} AND runner = ${hold.runner} AND state = 'running'`);
}

export interface NewExample {
  readonly rule: string;
  readonly place: number;
  readonly flip: Flip;
}

export async function insertExamples(
  tx: Tx,
  { accountId, id }: Pick<Run, 'accountId' | 'id'>,
  examples: readonly NewExample[],
): Promise<void> {
  if (examples.length === 0) return;
  await tx.query(sql`
    INSERT INTO rejudgement_examples (account_id, run_id, rule, place, example)
    SELECT ${accountId}, ${id}, m.*
      FROM unnest(${texts(examples.map(({ rule }) => rule))}::text[], ${integers(examples.map(({ place }) => place))}::int[],
                  ${jsons(examples.map(({ flip }) => JSON.stringify(flip)))}::jsonb[]) AS m`);
}

export async function selectExamples(tx: Tx, accountId: string, runId: string): Promise<Map<string, Flip[]>> {
  const rows = await tx.query<{ rule: string; example: Flip }>(sql`
    SELECT rule, example FROM rejudgement_examples WHERE account_id = ${accountId} AND run_id = ${runId}
     ORDER BY rule, place`);
  const byRule = new Map<string, Flip[]>();
  for (const { rule, example } of rows) byRule.set(rule, [...(byRule.get(rule) ?? []), example]);
  return byRule;
}
