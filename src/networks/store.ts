/** All SQL of the network lists. Contents are large, so they are read only when a revision says that they are new. */
import { sql, type Tx } from '../platform/database.ts';
import type { Validators } from './fetch-list.ts';
import { isListName, type ListName } from './lists.ts';

export interface ListState {
  readonly name: ListName;
  readonly revision: number;
  readonly prefixes: number;
  readonly source: string | null;
  readonly fetchedAt: Date | null;
  readonly checkedAt: Date | null;
  readonly refusal: { readonly code: string; readonly text: string; readonly at: Date } | null;
}

interface StateRow {
  name: string;
  revision: number;
  prefixes: number;
  source: string | null;
  fetched_at: Date | null;
  checked_at: Date | null;
  refusal_code: string | null;
  refusal_text: string | null;
  refused_at: Date | null;
}

export async function readStates(tx: Tx): Promise<ListState[]> {
  const rows = await tx.query<StateRow>(sql`
    SELECT name, revision, prefixes, source, fetched_at, checked_at, refusal_code, refusal_text, refused_at
      FROM network_lists`);
  return rows.flatMap(stateOf);
}

/** A newer version may have left lists that this one does not know. */
function stateOf(row: StateRow): ListState[] {
  const { name, revision, prefixes, source, refusal_code: code, refusal_text: text, refused_at: at } = row;
  if (!isListName(name)) return [];
  const refusal = code === null || text === null || at === null ? null : { code, text, at };
  return [{ name, revision, prefixes, source, fetchedAt: row.fetched_at, checkedAt: row.checked_at, refusal }];
}

export async function readContents(tx: Tx, names: readonly ListName[]): Promise<ReadonlyMap<ListName, Uint8Array>> {
  const rows = await tx.query<{ name: ListName; content: Buffer }>(sql`
    SELECT name, content FROM network_lists WHERE name = ANY (${names}) AND content IS NOT NULL`);
  return new Map(rows.map((row) => [row.name, row.content]));
}

/** Makes a row for each list that is to be asked for. One whose URL has changed is due at once. */
export async function plan(tx: Tx, name: ListName, url: string, dueAt: Date, now: Date): Promise<void> {
  await tx.query(sql`
    INSERT INTO network_lists AS l (name, asked_url, due_at) VALUES (${name}, ${url}, ${dueAt})
    ON CONFLICT (name) DO UPDATE SET asked_url = excluded.asked_url, due_at = ${now}
     WHERE l.asked_url IS DISTINCT FROM excluded.asked_url`);
}

/** A list that is ours to ask for until the claim ends. */
export interface ClaimedList extends Validators {
  readonly name: ListName;
  readonly source: string | null;
  readonly content: Uint8Array | null;
  readonly failures: number;
}

/** The list that is due longest, unless somebody asks for it already. */
export async function claimDue(
  tx: Tx,
  names: readonly ListName[],
  now: Date,
  until: Date,
): Promise<ClaimedList | undefined> {
  const [row] = await tx.query<ClaimRow>(sql`
    UPDATE network_lists SET claimed_until = ${until}
     WHERE name = (SELECT name FROM network_lists
                    WHERE name = ANY (${names}) AND due_at <= ${now} AND (claimed_until IS NULL OR claimed_until <= ${now})
                    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING name, source, etag, last_modified, content, failures`);
  return row && { ...row, lastModified: row.last_modified };
}

interface ClaimRow extends Omit<ClaimedList, 'lastModified'> {
  last_modified: string | null;
}

/** For whoever was interrupted: another process may ask at once. */
export async function releaseClaim(tx: Tx, name: ListName): Promise<void> {
  await tx.query(sql`UPDATE network_lists SET claimed_until = NULL WHERE name = ${name}`);
}

export interface NewContent extends Validators {
  readonly content: Uint8Array;
  readonly prefixes: number;
  readonly source: string;
  readonly fetchedAt: Date;
}

/** New content ends what was wrong before. */
export async function storeContent(tx: Tx, name: ListName, made: NewContent, now: Date, dueAt: Date): Promise<void> {
  const { content, prefixes, source, etag, lastModified, fetchedAt } = made;
  await tx.query(sql`
    INSERT INTO network_lists AS l (name, revision, content, prefixes, source, etag, last_modified, fetched_at, checked_at, due_at)
    VALUES (${name}, 1, ${content}, ${prefixes}, ${source}, ${etag}, ${lastModified}, ${fetchedAt}, ${now}, ${dueAt})
    ON CONFLICT (name) DO UPDATE
       SET revision = l.revision + 1, content = excluded.content, prefixes = excluded.prefixes, source = excluded.source,
           etag = excluded.etag, last_modified = excluded.last_modified, fetched_at = excluded.fetched_at,
           checked_at = excluded.checked_at, due_at = excluded.due_at, claimed_until = NULL, failures = 0,
           refusal_code = NULL, refusal_text = NULL, refused_at = NULL`);
}

/** The publisher says that what we have is what he has. */
export async function storeUnchanged(tx: Tx, name: ListName, now: Date, dueAt: Date): Promise<void> {
  await tx.query(sql`
    UPDATE network_lists
       SET revision = revision + 1, fetched_at = ${now}, checked_at = ${now}, due_at = ${dueAt}, claimed_until = NULL,
           failures = 0, refusal_code = NULL, refusal_text = NULL, refused_at = NULL
     WHERE name = ${name}`);
}

export async function storeRefusal(
  tx: Tx,
  name: ListName,
  refusal: { readonly code: string; readonly text: string },
  now: Date,
  dueAt: Date,
): Promise<void> {
  await tx.query(sql`
    UPDATE network_lists
       SET checked_at = ${now}, due_at = ${dueAt}, claimed_until = NULL, failures = failures + 1,
           refusal_code = ${refusal.code}, refusal_text = ${refusal.text}, refused_at = ${now}
     WHERE name = ${name}`);
}

/** The row stays, so that every process sees that something has moved. False: there was nothing. */
export async function forgetContent(tx: Tx, name: ListName): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE network_lists
       SET revision = revision + 1, content = NULL, prefixes = 0, source = NULL, etag = NULL, last_modified = NULL, fetched_at = NULL
     WHERE name = ${name} AND content IS NOT NULL RETURNING name`);
  return rows.length > 0;
}

/** What was asked for lately is not asked for again. Gives how many lists are due now. */
export async function askNow(tx: Tx, now: Date, notSince: Date): Promise<number> {
  const rows = await tx.query(sql`
    UPDATE network_lists SET due_at = ${now}
     WHERE asked_url IS NOT NULL AND (checked_at IS NULL OR checked_at < ${notSince}) RETURNING name`);
  return rows.length;
}
