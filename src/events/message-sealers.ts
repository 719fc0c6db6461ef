/** The keys of messages, for readers of what was said of them. Nothing is held: a message may be erased meanwhile. */
import { uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
import type { Sealer } from '../platform/vault.ts';
import type { AccountKeys } from './event.ts';

/** Null: the message is erased, or none of those that were asked for. */
export type SealerOf = (messageId: string) => Sealer | null;

/** Each key is opened when it is first asked for. */
export async function messageSealers(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  messageIds: Iterable<string>,
): Promise<SealerOf> {
  const ids = [...new Set(messageIds)];
  if (ids.length === 0) return () => null;
  const rows = await tx.query<{ messageId: string; keySealed: Buffer }>(sql`
    SELECT message_id AS "messageId", key_sealed AS "keySealed" FROM message_keys
     WHERE account_id = ${accountId} AND message_id = ANY (${uuids(ids)}::uuid[])`);
  const sealed = new Map(rows.map((row) => [row.messageId, row.keySealed]));
  const opened = new Map<string, Sealer>();
  return (messageId) => {
    const keySealed = sealed.get(messageId);
    if (keySealed === undefined) return null;
    const sealer = opened.get(messageId) ?? vault.openMessageKey(keySealed);
    opened.set(messageId, sealer);
    return sealer;
  };
}
