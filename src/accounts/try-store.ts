/** SQL of failed tries, which all processes count together. Who tried is a keyed hash. It decides nothing. */
import { bytes } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';

export interface TryCount {
  readonly who: Buffer;
  readonly failures: number;
  readonly lastAt: Date;
}

/** The counts of all of them, held until the end of the transaction, so that tries at the same time count one by one. */
export async function lockTries(tx: Tx, who: readonly Buffer[], now: Date): Promise<TryCount[]> {
  await tx.query(sql`
    INSERT INTO failed_tries (who, failures, last_at)
    SELECT t.who, 0, ${now} FROM unnest(${bytes(who)}::bytea[]) AS t (who) ORDER BY t.who ON CONFLICT DO NOTHING`);
  return tx.query<TryCount>(sql`
    SELECT who, failures, last_at AS "lastAt" FROM failed_tries
     WHERE who = ANY (${bytes(who)}::bytea[]) ORDER BY who FOR UPDATE`);
}

export const findTries = (tx: Tx, who: Buffer): Promise<TryCount[]> =>
  tx.query(sql`SELECT who, failures, last_at AS "lastAt" FROM failed_tries WHERE who = ${who}`);

/** Takes the one try that there is after a wait; false: another was faster. */
export async function claimTry(tx: Tx, who: Buffer, now: Date, lastBefore: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE failed_tries SET last_at = ${now} WHERE who = ${who} AND last_at <= ${lastBefore} RETURNING 1`);
  return rows.length === 1;
}

export const saveTries = (tx: Tx, who: Buffer, failures: number, at: Date): Promise<unknown> =>
  tx.query(sql`UPDATE failed_tries SET failures = ${failures}, last_at = ${at} WHERE who = ${who}`);

export const forgetTries = (tx: Tx, who: Buffer): Promise<unknown> =>
  tx.query(sql`DELETE FROM failed_tries WHERE who = ${who}`);

/** One failure less. */
export const forgiveTry = (tx: Tx, who: Buffer): Promise<unknown> =>
  tx.query(sql`UPDATE failed_tries SET failures = failures - 1 WHERE who = ${who} AND failures > 0`);

/** Some of those that nobody asks for any more; nobody waits for it. */
export const pruneTries = (tx: Tx, before: Date, most: number): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM failed_tries WHERE who IN (
      SELECT who FROM failed_tries WHERE last_at < ${before} ORDER BY last_at LIMIT ${most} FOR UPDATE SKIP LOCKED)`);
