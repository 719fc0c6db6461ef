/** SQL of what unsubscribe pages say. It is shown to anybody who has a link, so nothing of it is sealed. */
import type { PageWords } from '../core/unsubscribing/unsubscribe-page.ts';
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';

/** Of every account: its own name where it chose no other. */
export async function readPages(tx: WorkerTx): Promise<ReadonlyMap<string, PageWords>> {
  const rows = await tx.query<PageWords & { accountId: string }>(sql`
    SELECT a.account_id AS "accountId", coalesce(p.organisation, a.name) AS organisation, p.words
      FROM accounts a LEFT JOIN unsubscribe_pages p ON p.account_id = a.account_id`);
  return new Map(rows.map(({ accountId, organisation, words }) => [accountId, { organisation, words }]));
}

/** As the account chose; nulls where it chose nothing. */
export async function readPage(tx: Tx): Promise<PageWords> {
  const [row] = await tx.query<PageWords>(
    sql`SELECT organisation, words FROM unsubscribe_pages WHERE account_id = current_account()`,
  );
  return row ?? { organisation: null, words: null };
}

export const upsertPage = (tx: Tx, { organisation, words }: PageWords, at: Date): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO unsubscribe_pages (account_id, organisation, words, updated_at)
    VALUES (current_account(), ${organisation}, ${words}, ${at})
    ON CONFLICT (account_id) DO UPDATE
       SET organisation = EXCLUDED.organisation, words = EXCLUDED.words, updated_at = EXCLUDED.updated_at`);
