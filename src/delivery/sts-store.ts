/** SQL of the policies that recipients' domains publish (MTA-STS), kept for the whole installation. Under the worker role. */
import { sql, type Tx } from '../platform/database.ts';

export interface KeptPolicyRow {
  readonly domainIndex: Buffer;
  readonly policy: Buffer;
  readonly fetchedAt: Date;
  readonly expiresAt: Date;
  readonly refreshAt: Date;
}

export async function readPolicy(tx: Tx, domainIndex: Buffer): Promise<Buffer | undefined> {
  const rows = await tx.query<{ policy: Buffer }>(sql`
    SELECT policy FROM mta_sts_policies WHERE domain_index = ${domainIndex}`);
  return rows[0]?.policy;
}

export async function keepPolicy(tx: Tx, row: KeptPolicyRow): Promise<void> {
  await tx.query(sql`
    INSERT INTO mta_sts_policies (domain_index, policy, fetched_at, expires_at, refresh_at)
    VALUES (${row.domainIndex}, ${row.policy}, ${row.fetchedAt}, ${row.expiresAt}, ${row.refreshAt})
    ON CONFLICT (domain_index) DO UPDATE
      SET policy = excluded.policy, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at,
          refresh_at = excluded.refresh_at`);
}

/** Takes some whose time has come, so that nobody else fetches them meanwhile. */
export async function claimDuePolicies(tx: Tx, now: Date, again: Date, limit: number): Promise<Buffer[]> {
  const rows = await tx.query<{ policy: Buffer }>(sql`
    WITH due AS (
      SELECT domain_index FROM mta_sts_policies WHERE refresh_at <= ${now}
       ORDER BY refresh_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    UPDATE mta_sts_policies p SET refresh_at = ${again} FROM due WHERE p.domain_index = due.domain_index
    RETURNING p.policy`);
  return rows.map(({ policy }) => policy);
}

export async function forgetOldPolicies(tx: Tx, before: Date, limit: number): Promise<void> {
  await tx.query(sql`
    DELETE FROM mta_sts_policies WHERE domain_index IN (
      SELECT domain_index FROM mta_sts_policies WHERE expires_at < ${before}
       ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);
}
