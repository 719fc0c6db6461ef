/** SQL of rotations: wrapping keys, how far a rotation has come, and the keys under them. It decides nothing. */
import { bytes, uuids } from '../platform/columns.ts';
import { type Database, empty, join, raw, sql, type Tx } from '../platform/database.ts';

export interface Rotation {
  readonly id: string;
  readonly version: number;
  readonly startedAt: Date;
  readonly inForceAt: Date;
  readonly total: number;
  readonly rewrapped: number;
  readonly rewrappedInPass: number;
  readonly reachedAt: Date | null;
  readonly reachedId: string | null;
  /** Messages' keys are through; the values of `dataColumn` are next, behind `dataKey`. */
  readonly keysDone: boolean;
  readonly dataColumn: string | null;
  readonly dataKey: readonly string[] | null;
  readonly resealed: number;
  readonly resealedInPass: number;
  readonly doneAt: Date | null;
}

const columns = sql`
  r.id, r.version, r.started_at AS "startedAt", k.in_force_at AS "inForceAt", r.total, r.rewrapped,
  r.rewrapped_in_pass AS "rewrappedInPass", r.reached_at AS "reachedAt", r.reached_id AS "reachedId",
  r.keys_done AS "keysDone", r.data_column AS "dataColumn", r.data_key AS "dataKey", r.resealed,
  r.resealed_in_pass AS "resealedInPass", r.done_at AS "doneAt"
  FROM key_rotations r JOIN account_keys k ON k.account_id = r.account_id AND k.version = r.version`;

/** One rotation of an account begins at a time. */
export const lockAccountKeys = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.key_rotation ' || current_account(), 0))`);

export async function findUnfinished(tx: Tx): Promise<Rotation | undefined> {
  const rows = await tx.query<Rotation>(
    sql`SELECT ${columns} WHERE r.account_id = current_account() AND r.done_at IS NULL`,
  );
  return rows[0];
}

export async function findRotation(tx: Tx, id: string): Promise<Rotation> {
  const [found] = await tx.query<Rotation>(
    sql`SELECT ${columns} WHERE r.account_id = current_account() AND r.id = ${id}`,
  );
  if (found === undefined) throw new Error('a rotation is gone');
  return found;
}

/** Undefined: it is done, or another process is at it just now. */
export async function lockRotation(tx: Tx, id: string): Promise<Rotation | undefined> {
  const rows = await tx.query<Rotation>(sql`
    SELECT ${columns} WHERE r.account_id = current_account() AND r.id = ${id} AND r.done_at IS NULL
       FOR UPDATE OF r SKIP LOCKED`);
  return rows[0];
}

export async function nextVersion(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ version: number }>(
    sql`SELECT coalesce(max(version), 1) + 1 AS version FROM account_keys WHERE account_id = current_account()`,
  );
  return row?.version ?? 2;
}

export const insertWrappingKey = (
  tx: Tx,
  key: { version: number; keySealed: Buffer; at: Date; inForceAt: Date },
): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO account_keys (account_id, version, sealed_key, created_at, in_force_at)
    VALUES (current_account(), ${key.version}, ${key.keySealed}, ${key.at}, ${key.inForceAt})`);

export async function insertRotation(tx: Tx, id: string, version: number, at: Date): Promise<number> {
  const [row] = await tx.query<{ total: number }>(sql`
    INSERT INTO key_rotations (account_id, id, version, started_at, total)
    SELECT current_account(), ${id}, ${version}, ${at}, count(*) FROM message_keys WHERE account_id = current_account()
    RETURNING total`);
  return row?.total ?? 0;
}

export interface KeyRow {
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly keySealed: Buffer;
}

/** The next messages behind the place that was reached, oldest first. */
export const readKeys = (tx: Tx, { reachedAt, reachedId }: Rotation, most: number): Promise<KeyRow[]> =>
  tx.query(sql`
    SELECT m.id AS "messageId", m.accepted_at AS "acceptedAt", k.key_sealed AS "keySealed"
      FROM messages m JOIN message_keys k ON k.account_id = m.account_id AND k.message_id = m.id
     WHERE m.account_id = current_account()
       AND (${reachedId}::uuid IS NULL OR (m.accepted_at, m.id) > (${reachedAt}::timestamptz, ${reachedId}::uuid))
     ORDER BY m.accepted_at, m.id LIMIT ${most}`);

/** Only where a key is still as it was read: an erased one stays gone. */
export const replaceKeys = (tx: Tx, rows: readonly { messageId: string; was: Buffer; becomes: Buffer }[]) =>
  tx.query(sql`
    UPDATE message_keys k SET key_sealed = n.becomes
      FROM unnest(${uuids(rows.map((row) => row.messageId))}::uuid[], ${bytes(rows.map((row) => row.was))}::bytea[],
                  ${bytes(rows.map((row) => row.becomes))}::bytea[]) AS n (message_id, was, becomes)
     WHERE k.account_id = current_account() AND k.message_id = n.message_id AND k.key_sealed = n.was`);

export const saveProgress = (tx: Tx, next: Rotation): Promise<unknown> =>
  tx.query(sql`
    UPDATE key_rotations SET rewrapped = ${next.rewrapped}, rewrapped_in_pass = ${next.rewrappedInPass},
           reached_at = ${next.reachedAt}, reached_id = ${next.reachedId}, keys_done = ${next.keysDone},
           data_column = ${next.dataColumn}, data_key = ${next.dataKey}, resealed = ${next.resealed},
           resealed_in_pass = ${next.resealedInPass}, done_at = ${next.doneAt}
     WHERE account_id = current_account() AND id = ${next.id}`);

export const unfinishedRotations = (db: Database): Promise<{ accountId: string; id: string }[]> =>
  db.asWorker((tx) =>
    tx.query(sql`SELECT account_id AS "accountId", id FROM key_rotations WHERE done_at IS NULL ORDER BY started_at`),
  );

/** An account's own key and its wrapping keys, as they are sealed under the key file; locked until the end. */
export async function lockSealedKeys(tx: Tx): Promise<{ own: Buffer; wrapping: { version: number; key: Buffer }[] }> {
  const [row] = await tx.query<{ key: Buffer }>(
    sql`SELECT sealed_key AS key FROM accounts WHERE account_id = current_account() FOR UPDATE`,
  );
  if (row === undefined) throw new Error('there is no such account');
  const wrapping = await tx.query<{ version: number; key: Buffer }>(sql`
    SELECT version, sealed_key AS key FROM account_keys WHERE account_id = current_account() ORDER BY version FOR UPDATE`);
  return { own: row.key, wrapping };
}

export const replaceOwnKey = (tx: Tx, key: Buffer): Promise<unknown> =>
  tx.query(sql`UPDATE accounts SET sealed_key = ${key} WHERE account_id = current_account()`);

export const replaceWrappingKey = (tx: Tx, version: number, key: Buffer): Promise<unknown> =>
  tx.query(
    sql`UPDATE account_keys SET sealed_key = ${key} WHERE account_id = current_account() AND version = ${version}`,
  );

export interface SealedValue {
  /** The primary key but the account, as texts. */
  readonly key: readonly string[];
  readonly value: Buffer;
}

/** Under a key before `version`: number 1 has no mark (platform/vault.ts). What is under a message's own key is under none. */
const isOlder = (column: string, version: number) => {
  const value = raw(`t.${column}`);
  return sql`(CASE get_byte(${value}, 0) WHEN 2 THEN get_byte(${value}, 1) * 256 + get_byte(${value}, 2) < ${version}
                   WHEN 3 THEN false ELSE true END)`;
};

/** The next values of a column that are under an older key, in the order of the table's primary key. */
export async function readSealedValues(
  tx: Tx,
  { table, column }: { readonly table: string; readonly column: string },
  { after, version, most }: { after: readonly string[] | null; version: number; most: number },
): Promise<SealedValue[]> {
  const [key] = await tx.query<{ names: string; types: string[] }>(
    sql`SELECT names, types FROM key_of_table(${table}::regclass)`,
  );
  if (key === undefined) throw new Error('a table of sealed values is gone');
  const names = raw(key.names);
  const texts = key.types.length === 0 ? empty : raw(key.names.replaceAll(/(t\.[^,]+)/g, '$1::text'));
  const place = key.types.map((type, index) => sql`${after?.[index] ?? null}::text::${raw(type)}`);
  const behind = after === null || place.length === 0 ? sql`true` : sql`(${names}) > (${join(place)})`;
  return tx.query<SealedValue>(sql`
    SELECT ARRAY[${texts}]::text[] AS key, t.${raw(column)} AS value FROM ${raw(table)} t
     WHERE t.account_id = current_account() AND t.${raw(column)} IS NOT NULL AND ${isOlder(column, version)} AND ${behind}
     ORDER BY ${place.length === 0 ? sql`t.account_id` : names} LIMIT ${most}`);
}

/** How many were still as they were read, and nobody's at the moment. */
export async function replaceSealedValues(
  tx: Tx,
  { table, column }: { readonly table: string; readonly column: string },
  rows: readonly { readonly key: readonly string[]; readonly was: Buffer; readonly becomes: Buffer }[],
): Promise<number> {
  const [done] = await tx.query<{ n: number }>(sql`
    SELECT reseal_values(${table}, ${column}, ${rows[0]?.key ?? []}::text[], ${rows.at(-1)?.key ?? []}::text[],
                         ${bytes(rows.map((row) => row.was))}::bytea[], ${bytes(rows.map((row) => row.becomes))}::bytea[]) AS n`);
  return done?.n ?? 0;
}

export async function hasOlderMessageKeys(tx: Tx, version: number): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM message_keys t WHERE t.account_id = current_account() AND ${isOlder('key_sealed', version)} LIMIT 1`);
  return rows.length > 0;
}

/** Whose key is gone without an erasure: a restore without copies of keys leaves them so. */
export async function countMessagesWithoutKey(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM messages m
     WHERE m.account_id = current_account() AND m.erased_at IS NULL
       AND NOT EXISTS (SELECT FROM message_keys k WHERE k.account_id = m.account_id AND k.message_id = m.id)`);
  return row?.n ?? 0;
}

/** The last rotation, if it has ended. */
export async function findLastDone(tx: Tx): Promise<Rotation | undefined> {
  const rows = await tx.query<Rotation>(sql`
    SELECT ${columns} WHERE r.account_id = current_account() ORDER BY r.version DESC LIMIT 1`);
  return rows.find(({ doneAt }) => doneAt !== null);
}

export const deleteOlderKeys = (tx: Tx, version: number): Promise<unknown> =>
  tx.query(sql`DELETE FROM account_keys WHERE account_id = current_account() AND version < ${version}`);

export const markRetired = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`UPDATE key_rotations SET retired_at = ${at} WHERE account_id = current_account() AND id = ${id}`);
