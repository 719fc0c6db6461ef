/**
 * Keeps messages from being erased until a transaction ends, and says which are erased already: what is then stored of
 * the others is there for an erasure to find, and of the erased ones nothing may be kept that names anybody.
 */
import { uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';

export interface HeldMessage {
  readonly isErased: boolean;
  readonly linkCount: number;
}

/** One lock a message, however many of its recipients are spoken of. Unknown ids are absent from the answer. */
export async function holdMessages(
  tx: Tx,
  accountId: string,
  messageIds: Iterable<string>,
): Promise<ReadonlyMap<string, HeldMessage>> {
  const ids = [...new Set(messageIds)];
  if (ids.length === 0) return new Map();
  const rows = await tx.query<{ id: string; link_count: number; is_erased: boolean }>(sql`
    SELECT id, link_count, erased_at IS NOT NULL AS is_erased FROM messages
     WHERE account_id = ${accountId} AND id = ANY (${uuids(ids)}::uuid[]) FOR KEY SHARE`);
  return new Map(rows.map((row) => [row.id, { isErased: row.is_erased, linkCount: row.link_count }]));
}
