/** SQL of what an account asks for towards single recipient domains. It decides nothing and opens no seal. */
import type { MinimumTransport } from '../core/delivery/transport.ts';
import { sql, type Tx } from '../platform/database.ts';

/** What a domain's keyed hash is made for; of its ASCII form, in lower case. */
export const ruleIndex = 'transport-rule';

export const mostRules = 1_000;

/** By the domain's keyed hash, in hexadecimal. */
export async function readRuleLevels(tx: Tx): Promise<ReadonlyMap<string, MinimumTransport>> {
  const rows = await tx.query<{ index: Buffer; level: MinimumTransport }>(sql`
    SELECT domain_index AS index, minimum_transport AS level FROM transport_rules
     WHERE account_id = current_account()`);
  return new Map(rows.map(({ index, level }) => [index.toString('hex'), level]));
}

export interface RuleRow {
  readonly domainSealed: Buffer;
  readonly minimumTransport: MinimumTransport;
  readonly updatedAt: Date;
}

export const readRules = (tx: Tx): Promise<RuleRow[]> =>
  tx.query<RuleRow>(sql`
    SELECT domain_sealed AS "domainSealed", minimum_transport AS "minimumTransport", updated_at AS "updatedAt"
      FROM transport_rules WHERE account_id = current_account() ORDER BY updated_at DESC LIMIT ${mostRules}`);

export async function countRules(tx: Tx): Promise<number> {
  const rows = await tx.query<{ count: number }>(sql`
    SELECT count(*)::integer AS count FROM transport_rules WHERE account_id = current_account()`);
  return rows[0]?.count ?? 0;
}

export async function readRule(tx: Tx, domainIndex: Buffer): Promise<RuleRow | undefined> {
  const rows = await tx.query<RuleRow>(sql`
    SELECT domain_sealed AS "domainSealed", minimum_transport AS "minimumTransport", updated_at AS "updatedAt"
      FROM transport_rules WHERE account_id = current_account() AND domain_index = ${domainIndex} FOR UPDATE`);
  return rows[0];
}

export async function keepRule(tx: Tx, domainIndex: Buffer, rule: RuleRow): Promise<void> {
  await tx.query(sql`
    INSERT INTO transport_rules (account_id, domain_index, domain_sealed, minimum_transport, updated_at)
    VALUES (current_account(), ${domainIndex}, ${rule.domainSealed}, ${rule.minimumTransport}, ${rule.updatedAt})
    ON CONFLICT (account_id, domain_index) DO UPDATE
      SET minimum_transport = excluded.minimum_transport, updated_at = excluded.updated_at`);
}

export async function deleteRule(tx: Tx, domainIndex: Buffer): Promise<void> {
  await tx.query(sql`
    DELETE FROM transport_rules WHERE account_id = current_account() AND domain_index = ${domainIndex}`);
}
