/** SQL of what the console is told of keys and backups, and of what it asks for. It decides nothing. */
import { type Database, sql, type Tx } from '../platform/database.ts';
import type { Rotation } from './key-store.ts';

export interface KeyInUse {
  readonly version: number;
  readonly since: Date;
}

/** The first is derived from the account's own key, and as old as the account. */
export async function readKeyInUse(tx: Tx, now: Date): Promise<KeyInUse> {
  const [row] = await tx.query<KeyInUse>(sql`
    SELECT version, in_force_at AS since FROM account_keys
     WHERE account_id = current_account() AND in_force_at <= ${now}
    UNION ALL SELECT 1, created_at FROM accounts WHERE account_id = current_account()
     ORDER BY version DESC LIMIT 1`);
  if (row === undefined) throw new Error('there is no such account');
  return row;
}

export type LastRotation = Pick<Rotation, 'version' | 'startedAt' | 'total' | 'rewrapped' | 'doneAt'>;

export async function readLastRotation(tx: Tx): Promise<LastRotation | undefined> {
  const rows = await tx.query<LastRotation>(sql`
    SELECT version, started_at AS "startedAt", total, rewrapped, done_at AS "doneAt" FROM key_rotations
     WHERE account_id = current_account() ORDER BY version DESC LIMIT 1`);
  return rows[0];
}

export interface BackupRow {
  readonly id: string;
  readonly startedAt: Date;
  readonly fullId: string;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly checkedAt: Date | null;
  readonly fault: string | null;
}

/** Those that still lie in the folder, newest first. */
export const readBackupRows = (tx: Tx): Promise<BackupRow[]> =>
  tx.query(sql`
    SELECT id, started_at AS "startedAt", coalesce(full_id, id) AS "fullId", coalesce(size_bytes, 0) AS "sizeBytes",
           coalesce(row_count, 0) AS "rowCount", checked_at AS "checkedAt", fault
      FROM backups WHERE finished_at IS NOT NULL AND removed_at IS NULL ORDER BY id DESC LIMIT 200`);

export async function readLastMade(tx: Tx): Promise<Date | null> {
  const [row] = await tx.query<{ at: Date | null }>(
    sql`SELECT max(started_at) AS at FROM backups WHERE finished_at IS NOT NULL AND removed_at IS NULL`,
  );
  return row?.at ?? null;
}

export type WhatAsked = 'backup' | 'full_backup' | 'check';

export interface BackupRequest {
  readonly id: string;
  readonly what: WhatAsked;
  readonly askedAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly fault: string | null;
}

const requestColumns = sql`
  id, what, asked_at AS "askedAt", started_at AS "startedAt", ended_at AS "endedAt", fault`;

export async function readLastRequest(tx: Tx): Promise<BackupRequest | undefined> {
  const rows = await tx.query<BackupRequest>(sql`
    SELECT ${requestColumns} FROM backup_requests WHERE account_id = current_account() ORDER BY (ended_at IS NULL) DESC, asked_at DESC LIMIT 1`);
  return rows[0];
}

/** Undefined: one is under way. */
export async function insertRequest(tx: Tx, id: string, what: WhatAsked, at: Date): Promise<BackupRequest | undefined> {
  const rows = await tx.query<BackupRequest>(sql`
    INSERT INTO backup_requests (account_id, id, what, asked_at) VALUES (current_account(), ${id}, ${what}, ${at})
    ON CONFLICT (account_id) WHERE ended_at IS NULL DO NOTHING RETURNING ${requestColumns}`);
  return rows[0];
}

export const markStarted = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`UPDATE backup_requests SET started_at = ${at} WHERE account_id = current_account() AND id = ${id}`);

export const markEnded = (
  tx: Tx,
  id: string,
  end: { readonly at: Date; readonly backupId: string | null; readonly fault: string | null },
): Promise<unknown> =>
  tx.query(sql`
    UPDATE backup_requests SET ended_at = ${end.at}, backup_id = ${end.backupId}, fault = ${end.fault}
     WHERE account_id = current_account() AND id = ${id}`);

export interface BackupPlan {
  readonly everyHours: number | null;
  readonly keepDays: number | null;
  /** When a process that can make backups last looked. */
  readonly lookedAt: Date | null;
}

export async function readPlan(tx: Tx): Promise<BackupPlan> {
  const [row] = await tx.query<BackupPlan>(sql`
    SELECT every_hours AS "everyHours", keep_days AS "keepDays", looked_at AS "lookedAt" FROM backup_plans
     WHERE account_id = current_account()`);
  return row ?? { everyHours: null, keepDays: null, lookedAt: null };
}

export const savePlan = (tx: Tx, { everyHours, keepDays }: Omit<BackupPlan, 'lookedAt'>): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO backup_plans (account_id, every_hours, keep_days) VALUES (current_account(), ${everyHours}, ${keepDays})
    ON CONFLICT (account_id) DO UPDATE SET every_hours = excluded.every_hours, keep_days = excluded.keep_days`);

export const noteLook = (tx: Tx, at: Date): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO backup_plans (account_id, looked_at) VALUES (current_account(), ${at})
    ON CONFLICT (account_id) DO UPDATE SET looked_at = excluded.looked_at`);

export interface NotedBackup {
  readonly id: string;
  readonly isWhole: boolean;
  readonly isRemoved: boolean;
}

export const readNoted = (db: Database): Promise<NotedBackup[]> =>
  db.asWorker((tx) =>
    tx.query(
      sql`SELECT id, full_id IS NOT NULL AND finished_at IS NOT NULL AS "isWhole", removed_at IS NOT NULL AS "isRemoved" FROM backups`,
    ),
  );

export interface FoundBackup {
  readonly id: string;
  readonly madeAt: Date;
  readonly fullId: string;
  readonly sizeBytes: number;
  readonly rows: number;
}

/** Of one that lies in the folder: after a restore the database does not know the newest. */
export const noteFound = (db: Database, one: FoundBackup): Promise<unknown> =>
  db.asWorker((tx) =>
    tx.query(sql`
      INSERT INTO backups (id, started_at, finished_at, full_id, size_bytes, row_count)
      VALUES (${one.id}, ${one.madeAt}, ${one.madeAt}, ${one.fullId}, ${one.sizeBytes}, ${one.rows})
      ON CONFLICT (id) DO UPDATE SET finished_at = coalesce(backups.finished_at, excluded.finished_at), removed_at = NULL,
        full_id = excluded.full_id, size_bytes = excluded.size_bytes, row_count = excluded.row_count`),
  );

export const noteRemoved = (db: Database, ids: readonly string[], at: Date): Promise<unknown> =>
  db.asWorker((tx) => tx.query(sql`UPDATE backups SET removed_at = ${at} WHERE id = ANY (${[...ids]}::uuid[])`));

export const noteChecked = (db: Database, ids: readonly string[], at: Date, fault: string | null): Promise<unknown> =>
  db.asWorker((tx) =>
    tx.query(sql`UPDATE backups SET checked_at = ${at}, fault = ${fault} WHERE id = ANY (${[...ids]}::uuid[])`),
  );

export async function readCheckedAt(db: Database, id: string): Promise<Date | null> {
  const [row] = await db.asWorker((tx) =>
    tx.query<{ at: Date | null }>(sql`SELECT checked_at AS at FROM backups WHERE id = ${id}`),
  );
  return row?.at ?? null;
}
