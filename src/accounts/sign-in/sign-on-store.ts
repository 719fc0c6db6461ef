/** The SQL that only single sign-on needs of people: users by their address, and whose domains must use it. */
import { sql, type Tx } from '../../platform/database.ts';
import type { SessionOpener } from '../store.ts';

export async function findUserId(tx: Tx, emailIndex: Buffer): Promise<string | undefined> {
  const rows = await tx.query<{ id: string }>(
    sql`SELECT id FROM users WHERE account_id = current_account() AND email_index = ${emailIndex}`,
  );
  return rows[0]?.id;
}

export async function replaceRequiredDomains(tx: Tx, domains: readonly Buffer[]): Promise<void> {
  await tx.query(sql`DELETE FROM required_sign_on_domains WHERE account_id = current_account()`);
  for (const domain of domains)
    await tx.query(sql`
      INSERT INTO required_sign_on_domains (account_id, domain_index) VALUES (current_account(), ${domain})`);
}

export const listRequiredDomains = (tx: Tx): Promise<{ domain: Buffer }[]> =>
  tx.query(sql`SELECT domain_index AS domain FROM required_sign_on_domains WHERE account_id = current_account()`);

/** How a session came in. */
export async function readSessionOpener(tx: Tx, sessionId: string): Promise<SessionOpener | undefined> {
  const rows = await tx.query<{ opener: SessionOpener }>(
    sql`SELECT opened_by AS opener FROM sessions WHERE account_id = current_account() AND id = ${sessionId}`,
  );
  return rows[0]?.opener;
}
