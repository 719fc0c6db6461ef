/** SQL of what is learned of scanners. Rows come and go under the account's fence; nothing is decided here. */
import { bigints, bytes, instants, integers, jsons, uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
import type { Habit, HabitBlock, Tallies } from './habit.ts';
import type { Lesson } from './lesson.ts';

/** Until the transaction ends nobody else learns, or forgets, for the account: what is read can be counted on. */
export const lockHabits = (tx: Tx, accountId: string): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.scanner_habits ' || ${accountId}, 0))`);

const habitColumns = sql`
  domain_id AS "domainId", copies, some_recipients AS "someRecipients", tallies, first_seen_at AS "firstSeenAt",
  seen_at AS "seenAt", halved_at AS "halvedAt"`;

export const selectHabits = (tx: Tx, accountId: string, domainIds: readonly number[]): Promise<Habit[]> =>
  tx.query<Habit>(sql`
    SELECT ${habitColumns} FROM scanner_habits
     WHERE account_id = ${accountId} AND domain_id = ANY (${bigints(domainIds)}::bigint[])`);

/** Where the next page begins. */
export interface HabitPlace {
  readonly copies: number;
  readonly domainId: number;
}

/** Most copies first. */
export const selectHabitPage = (
  tx: Tx,
  accountId: string,
  page: {
    readonly after: HabitPlace | undefined;
    readonly limit: number;
    readonly seenSince: Date;
    readonly least: number;
  },
): Promise<Habit[]> =>
  tx.query<Habit>(sql`
    SELECT ${habitColumns} FROM scanner_habits
     WHERE account_id = ${accountId} AND copies >= ${page.least} AND seen_at >= ${page.seenSince}
       AND (${page.after?.copies ?? null}::int IS NULL
            OR (-copies, domain_id) > (-${page.after?.copies ?? null}::int, ${page.after?.domainId ?? null}::bigint))
     ORDER BY -copies, domain_id LIMIT ${page.limit}`);

export async function countHabits(tx: Tx, accountId: string): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*) AS n FROM scanner_habits WHERE account_id = ${accountId}`);
  return rows[0]?.n ?? 0;
}

export async function upsertHabits(tx: Tx, accountId: string, habits: readonly Habit[]): Promise<void> {
  await tx.query(sql`
    INSERT INTO scanner_habits (account_id, domain_id, copies, some_recipients, tallies, first_seen_at, seen_at, halved_at)
    SELECT ${accountId}, m.*
      FROM unnest(${bigints(habits.map((habit) => habit.domainId))}::bigint[], ${integers(habits.map((habit) => habit.copies))}::int[],
                  ${bytes(habits.map((habit) => habit.someRecipients))}::bytea[],
                  ${jsons(habits.map((habit) => JSON.stringify(habit.tallies)))}::jsonb[],
                  ${instants(habits.map((habit) => habit.firstSeenAt))}::timestamptz[],
                  ${instants(habits.map((habit) => habit.seenAt))}::timestamptz[],
                  ${instants(habits.map((habit) => habit.halvedAt))}::timestamptz[]) AS m
    ON CONFLICT (account_id, domain_id) DO UPDATE
       SET copies = excluded.copies, some_recipients = excluded.some_recipients, tallies = excluded.tallies,
           first_seen_at = excluded.first_seen_at, seen_at = excluded.seen_at, halved_at = excluded.halved_at`);
}

interface BlockRow {
  domainId: number;
  block: Buffer;
  machineCopies: number;
  people: Tallies;
  firstSeenAt: Date | null;
  seenAt: Date;
  personSeenAt: Date | null;
}

const blockColumns = sql`
  b.domain_id AS "domainId", b.block, b.machine_copies AS "machineCopies", b.people, b.first_seen_at AS "firstSeenAt",
  b.seen_at AS "seenAt", b.person_seen_at AS "personSeenAt"`;

const blockOf = (row: BlockRow): HabitBlock => ({ ...row, block: row.block.toString('base64url') });

export async function selectBlocks(
  tx: Tx,
  accountId: string,
  wanted: readonly Pick<HabitBlock, 'domainId' | 'block'>[],
): Promise<HabitBlock[]> {
  const rows = await tx.query<BlockRow>(sql`
    SELECT ${blockColumns}
      FROM unnest(${bigints(wanted.map((one) => one.domainId))}::bigint[],
                  ${bytes(wanted.map((one) => Buffer.from(one.block, 'base64url')))}::bytea[]) AS m (domain_id, block)
      JOIN scanner_habit_blocks b ON b.account_id = ${accountId} AND b.domain_id = m.domain_id AND b.block = m.block`);
  return rows.map(blockOf);
}

/** Which blocks may be the scanner's own, as far as a database can tell. */
export interface OwnBlockBounds {
  readonly copies: number;
  /** First scanned from so long ago that people had time to show. */
  readonly scannedBefore: Date;
  /** People who were not seen since are forgotten. */
  readonly peopleSince: Date;
}

/** Blocks in which nobody but a scanner was seen: how many, and side by side themselves. */
export interface LonelyBlocks {
  readonly domainId: number;
  readonly count: number;
  readonly packed: Buffer;
}

const hasPeople = (bounds: OwnBlockBounds) => sql`
  (b.people <> '{}' AND b.person_seen_at IS NOT NULL AND b.person_seen_at >= ${bounds.peopleSince})`;

const scannedBlocks = (accountId: string, domainIds: readonly number[], bounds: OwnBlockBounds) => sql`
  FROM scanner_habit_blocks b
 WHERE b.account_id = ${accountId} AND b.domain_id = ANY (${bigints(domainIds)}::bigint[])
   AND b.machine_copies >= ${bounds.copies} AND b.first_seen_at <= ${bounds.scannedBefore}`;

export const selectLonelyBlocks = (
  tx: Tx,
  accountId: string,
  domainIds: readonly number[],
  bounds: OwnBlockBounds,
): Promise<LonelyBlocks[]> =>
  tx.query<LonelyBlocks>(sql`
    SELECT b.domain_id AS "domainId", count(*)::int AS count, string_agg(b.block, ''::bytea) AS packed
      ${scannedBlocks(accountId, domainIds, bounds)} AND NOT ${hasPeople(bounds)}
     GROUP BY b.domain_id`);

export interface BlockCount {
  readonly domainId: number;
  readonly count: number;
}

export const countLonelyBlocks = (
  tx: Tx,
  accountId: string,
  domainIds: readonly number[],
  bounds: OwnBlockBounds,
): Promise<BlockCount[]> =>
  tx.query<BlockCount>(sql`
    SELECT b.domain_id AS "domainId", count(*)::int AS count
      ${scannedBlocks(accountId, domainIds, bounds)} AND NOT ${hasPeople(bounds)}
     GROUP BY b.domain_id`);

/** Blocks in which people were seen too. */
export async function selectSharedBlocks(
  tx: Tx,
  accountId: string,
  domainIds: readonly number[],
  bounds: OwnBlockBounds,
): Promise<HabitBlock[]> {
  const rows = await tx.query<BlockRow>(sql`
    SELECT ${blockColumns} ${scannedBlocks(accountId, domainIds, bounds)} AND ${hasPeople(bounds)}`);
  return rows.map(blockOf);
}

export async function upsertBlocks(tx: Tx, accountId: string, blocks: readonly HabitBlock[]): Promise<void> {
  await tx.query(sql`
    INSERT INTO scanner_habit_blocks (account_id, domain_id, block, machine_copies, people, first_seen_at, seen_at, person_seen_at)
    SELECT ${accountId}, m.*
      FROM unnest(${bigints(blocks.map((block) => block.domainId))}::bigint[],
                  ${bytes(blocks.map((block) => Buffer.from(block.block, 'base64url')))}::bytea[],
                  ${integers(blocks.map((block) => block.machineCopies))}::int[],
                  ${jsons(blocks.map((block) => JSON.stringify(block.people)))}::jsonb[],
                  ${instants(blocks.map((block) => block.firstSeenAt))}::timestamptz[],
                  ${instants(blocks.map((block) => block.seenAt))}::timestamptz[],
                  ${instants(blocks.map((block) => block.personSeenAt))}::timestamptz[]) AS m
    ON CONFLICT (account_id, domain_id, block) DO UPDATE
       SET machine_copies = excluded.machine_copies, people = excluded.people, first_seen_at = excluded.first_seen_at,
           seen_at = excluded.seen_at, person_seen_at = excluded.person_seen_at`);
}

export const halveBlocks = (tx: Tx, accountId: string, domainId: number, times: number): Promise<unknown> =>
  tx.query(sql`
    UPDATE scanner_habit_blocks SET machine_copies = machine_copies >> ${Math.min(times, 31)}
     WHERE account_id = ${accountId} AND domain_id = ${domainId}`);

export interface BlockBounds {
  readonly scanned: number;
  readonly peopleOnly: number;
}

/**
 * Keeps of each domain the blocks with most copies, and of those that only people were seen in the latest. Blocks of
 * scanners and people together have places of their own: forgetting one would forget that it is not the scanner's.
 */
export const trimBlocks = (tx: Tx, accountId: string, domainIds: readonly number[], bounds: BlockBounds) =>
  tx.query(sql`
    DELETE FROM scanner_habit_blocks b
     USING (SELECT domain_id, block, machine_copies > 0 AS is_scanned, machine_copies = 0 AND people = '{}' AS is_empty,
                   row_number() OVER (PARTITION BY domain_id, machine_copies > 0, people <> '{}'
                                      ORDER BY machine_copies DESC, seen_at DESC, block) AS place
              FROM scanner_habit_blocks
             WHERE account_id = ${accountId} AND domain_id = ANY (${bigints(domainIds)}::bigint[])) AS kept
     WHERE b.account_id = ${accountId} AND b.domain_id = kept.domain_id AND b.block = kept.block
       AND (kept.is_empty OR kept.place > CASE WHEN kept.is_scanned THEN ${bounds.scanned}::int ELSE ${bounds.peopleOnly}::int END)`);

export interface LearnedCopy {
  readonly domainId: number;
  readonly recipientId: string;
  readonly acceptedAt: Date;
  readonly lesson: Lesson;
}

/** By recipient. */
export async function selectLessons(
  tx: Tx,
  accountId: string,
  copies: readonly Pick<LearnedCopy, 'domainId' | 'recipientId'>[],
): Promise<Map<string, Lesson>> {
  const rows = await tx.query<{ recipient_id: string; lesson: Lesson }>(sql`
    SELECT c.recipient_id, c.lesson
      FROM unnest(${bigints(copies.map((copy) => copy.domainId))}::bigint[],
                  ${uuids(copies.map((copy) => copy.recipientId))}::uuid[]) AS m (domain_id, recipient_id)
      JOIN scanner_habit_copies c
        ON c.account_id = ${accountId} AND c.domain_id = m.domain_id AND c.recipient_id = m.recipient_id`);
  return new Map(rows.map((row) => [row.recipient_id, row.lesson]));
}

export const upsertLessons = (tx: Tx, accountId: string, copies: readonly LearnedCopy[]): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO scanner_habit_copies (account_id, domain_id, recipient_id, accepted_at, lesson)
    SELECT ${accountId}, m.*
      FROM unnest(${bigints(copies.map((copy) => copy.domainId))}::bigint[],
                  ${uuids(copies.map((copy) => copy.recipientId))}::uuid[],
                  ${instants(copies.map((copy) => copy.acceptedAt))}::timestamptz[],
                  ${jsons(copies.map((copy) => JSON.stringify(copy.lesson)))}::jsonb[]) AS m
    ON CONFLICT (account_id, domain_id, recipient_id) DO UPDATE SET lesson = excluded.lesson`);

/** Of one domain, or of all. Gives how many domains had a habit. */
export async function deleteHabits(tx: Tx, accountId: string, domainId: number | null): Promise<number> {
  const own = sql`account_id = ${accountId} AND (${domainId}::bigint IS NULL OR domain_id = ${domainId})`;
  await tx.query(sql`DELETE FROM scanner_habit_copies WHERE ${own}`);
  await tx.query(sql`DELETE FROM scanner_habit_blocks WHERE ${own}`);
  const rows = await tx.query(sql`DELETE FROM scanner_habits WHERE ${own} RETURNING 1`);
  return rows.length;
}

export interface Forgetting {
  readonly seenBefore: Date;
  readonly copiesBefore: Date;
}

/** What was not seen for long, and what can no longer need correcting. */
export async function forgetOld(tx: Tx, accountId: string, { seenBefore, copiesBefore }: Forgetting): Promise<void> {
  await tx.query(sql`
    DELETE FROM scanner_habit_copies WHERE account_id = ${accountId} AND accepted_at < ${copiesBefore}`);
  await tx.query(sql`DELETE FROM scanner_habit_blocks WHERE account_id = ${accountId} AND seen_at < ${seenBefore}`);
  await tx.query(sql`DELETE FROM scanner_habits WHERE account_id = ${accountId} AND seen_at < ${seenBefore}`);
}

export const selectDomainNames = (tx: Tx, accountId: string, domainIds: readonly number[]) =>
  tx.query<{ id: number; sealed: Buffer }>(sql`
    SELECT id, value_sealed AS sealed FROM dimensions
     WHERE account_id = ${accountId} AND id = ANY (${bigints(domainIds)}::bigint[])`);

export async function findDomainId(tx: Tx, accountId: string, valueIndex: Uint8Array): Promise<number | undefined> {
  const rows = await tx.query<{ id: number }>(sql`
    SELECT id FROM dimensions WHERE account_id = ${accountId} AND kind = 'domain' AND value_index = ${valueIndex}`);
  return rows[0]?.id;
}
