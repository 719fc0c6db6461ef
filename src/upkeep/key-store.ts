/** SQL of rotations: wrapping keys, how far a rotation has come, and the keys under them. It decides nothing. */
import { bytes, uuids } from '../platform/columns.ts';
import { type Database, sql, type Tx } from '../platform/database.ts';

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
  readonly doneAt: Date | null;
}

const columns = sql`
  r.id, r.version, r.started_at AS "startedAt", k.in_force_at AS "inForceAt", r.total, r.rewrapped,
  r.rewrapped_in_pass AS "rewrappedInPass", r.reached_at AS "reachedAt", r.reached_id AS "reachedId",
  r.done_at AS "doneAt"
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

export const saveProgress = (
  tx: Tx,
  id: string,
  next: Pick<Rotation, 'rewrapped' | 'rewrappedInPass' | 'reachedAt' | 'reachedId' | 'doneAt'>,
): Promise<unknown> =>
  tx.query(sql`
    UPDATE key_rotations SET rewrapped = ${next.rewrapped}, rewrapped_in_pass = ${next.rewrappedInPass},
           reached_at = ${next.reachedAt}, reached_id = ${next.reachedId}, done_at = ${next.doneAt}
     WHERE account_id = current_account() AND id = ${id}`);

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
