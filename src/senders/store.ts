/** All SQL of sender domains and their keys. Private keys come and leave sealed. */
import type { DnsRecord } from '../contract/senders.ts';
import { sql, type Tx } from '../platform/database.ts';

export interface SenderRow {
  readonly id: string;
  readonly domain: string;
  readonly proof: string;
  readonly createdAt: Date;
  readonly verifiedAt: Date | null;
  readonly checkedAt: Date | null;
  readonly report: readonly DnsRecord[] | null;
}

export interface KeyRow {
  readonly id: string;
  readonly domainId: string;
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly publicKey: string;
  readonly createdAt: Date;
  readonly seenAt: Date | null;
  readonly retiredAt: Date | null;
}

const senderColumns = sql`id, domain, proof, created_at AS "createdAt", verified_at AS "verifiedAt",
  checked_at AS "checkedAt", report`;
const keyColumns = sql`id, domain_id AS "domainId", selector, algorithm, public_key AS "publicKey",
  created_at AS "createdAt", seen_at AS "seenAt", retired_at AS "retiredAt"`;

export const listSenderRows = (tx: Tx): Promise<SenderRow[]> =>
  tx.query<SenderRow>(sql`
    SELECT ${senderColumns} FROM sender_domains WHERE account_id = current_account() ORDER BY domain`);

export async function findSenderRow(tx: Tx, domain: string): Promise<SenderRow | undefined> {
  const rows = await tx.query<SenderRow>(sql`
    SELECT ${senderColumns} FROM sender_domains WHERE account_id = current_account() AND domain = ${domain}`);
  return rows[0];
}

/** Changes of one domain wait for one another. */
export async function lockSenderRow(tx: Tx, domain: string): Promise<SenderRow | undefined> {
  const rows = await tx.query<SenderRow>(sql`
    SELECT ${senderColumns} FROM sender_domains
     WHERE account_id = current_account() AND domain = ${domain} FOR UPDATE`);
  return rows[0];
}

/** Whether another account has shown that one of these is theirs. */
export async function isVerifiedByAnother(tx: Tx, domains: readonly string[]): Promise<boolean> {
  const rows = await tx.query<{ is: boolean }>(sql`SELECT verified_by_another(${domains}::text[]) AS is`);
  return rows[0]?.is === true;
}

/** False: the account has it already. */
export async function insertSender(
  tx: Tx,
  one: Pick<SenderRow, 'id' | 'domain' | 'proof' | 'createdAt'>,
): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO sender_domains (account_id, id, domain, proof, created_at)
    VALUES (current_account(), ${one.id}, ${one.domain}, ${one.proof}, ${one.createdAt})
    ON CONFLICT (account_id, domain) DO NOTHING RETURNING id`);
  return rows.length === 1;
}

export const updateReport = (tx: Tx, id: string, report: readonly DnsRecord[], at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE sender_domains SET report = ${JSON.stringify(report)}::jsonb, checked_at = ${at}
     WHERE account_id = current_account() AND id = ${id}`);

/** False: another account has shown that it is theirs. */
export async function markVerified(tx: Tx, id: string, at: Date): Promise<boolean> {
  await tx.query(sql`SAVEPOINT claim`);
  try {
    await tx.query(sql`
      UPDATE sender_domains SET verified_at = ${at} WHERE account_id = current_account() AND id = ${id}`);
    await tx.query(sql`RELEASE SAVEPOINT claim`);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== '23505') throw error;
    await tx.query(sql`ROLLBACK TO SAVEPOINT claim`);
    return false;
  }
}

export async function deleteSenderRow(tx: Tx, domain: string): Promise<string | undefined> {
  const rows = await tx.query<{ id: string }>(sql`
    DELETE FROM sender_domains WHERE account_id = current_account() AND domain = ${domain} RETURNING id`);
  return rows[0]?.id;
}

export const listKeyRows = (tx: Tx, domainId: string): Promise<KeyRow[]> =>
  tx.query<KeyRow>(sql`
    SELECT ${keyColumns} FROM dkim_keys
     WHERE account_id = current_account() AND domain_id = ${domainId} ORDER BY created_at DESC, algorithm DESC`);

export const insertKey = (tx: Tx, one: KeyRow, privateKeySealed: Uint8Array): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO dkim_keys (account_id, id, domain_id, selector, algorithm, public_key, private_key_sealed, created_at)
    VALUES (current_account(), ${one.id}, ${one.domainId}, ${one.selector}, ${one.algorithm}, ${one.publicKey},
            ${privateKeySealed}, ${one.createdAt})`);

/** The key signs from now on; older ones of its kind that signed retire. */
export async function takeIntoUse(tx: Tx, key: KeyRow, at: Date): Promise<void> {
  await tx.query(sql`
    UPDATE dkim_keys SET seen_at = ${at} WHERE account_id = current_account() AND id = ${key.id}`);
  await tx.query(sql`
    UPDATE dkim_keys SET retired_at = ${at}
     WHERE account_id = current_account() AND domain_id = ${key.domainId} AND algorithm = ${key.algorithm}
       AND id <> ${key.id} AND seen_at IS NOT NULL AND retired_at IS NULL`);
}

export const deleteRetiredKeys = (tx: Tx, domainId: string, before: Date): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM dkim_keys
     WHERE account_id = current_account() AND domain_id = ${domainId} AND retired_at < ${before}`);

export interface SigningRow {
  readonly domain: string;
  /** Null: the domain is verified and none of its keys was seen. */
  readonly selector: string | null;
  readonly algorithm: KeyRow['algorithm'];
  readonly privateKeySealed: Buffer;
}

/** The account's verified domains, each with the keys that sign now. */
export const listSigningRows = (tx: Tx): Promise<SigningRow[]> =>
  tx.query<SigningRow>(sql`
    SELECT d.domain, k.selector, k.algorithm, k.private_key_sealed AS "privateKeySealed"
      FROM sender_domains d
      LEFT JOIN dkim_keys k ON k.account_id = d.account_id AND k.domain_id = d.id AND k.seen_at IS NOT NULL
                           AND k.retired_at IS NULL
     WHERE d.account_id = current_account() AND d.verified_at IS NOT NULL
     ORDER BY d.domain, k.algorithm DESC, k.created_at DESC`);

/** Domains of one account that nobody looked at since. */
export const listStaleDomains = (
  tx: Tx,
  before: { readonly waiting: Date; readonly any: Date },
): Promise<{ domain: string }[]> =>
  tx.query<{ domain: string }>(sql`
    SELECT d.domain FROM sender_domains d
     WHERE d.account_id = current_account()
       AND (d.checked_at IS NULL OR d.checked_at < ${before.any}
            OR d.checked_at < ${before.waiting}
               AND (d.verified_at IS NULL OR EXISTS (SELECT FROM dkim_keys k
                      WHERE k.account_id = current_account() AND k.domain_id = d.id AND k.seen_at IS NULL)))
     ORDER BY d.checked_at NULLS FIRST LIMIT 20`);
