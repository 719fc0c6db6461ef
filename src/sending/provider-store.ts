/** SQL of messages that another provider sent: one message and one recipient each, without content. */
import { bigints, bytes, instants, texts, uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
import type { RecipientRow } from './store.ts';

export interface ProviderMessage {
  readonly messageId: string;
  readonly provider: string;
  readonly acceptedAt: Date;
  readonly campaignId: number;
  readonly senderId: number;
  readonly headerSealed: Buffer;
  readonly keySealed: Buffer;
  readonly recipient: Omit<RecipientRow, 'opens' | 'clicks'>;
}

/** Gives the ids of those that were not there yet. In the order of ids, so that two inserters never wait for each other. */
export async function insertProviderMessages(
  tx: Tx,
  accountId: string,
  messages: readonly ProviderMessage[],
): Promise<ReadonlySet<string>> {
  const rows = messages.toSorted((one, other) => (one.messageId < other.messageId ? -1 : 1));
  const ids = uuids(rows.map((row) => row.messageId));
  const created = await tx.query<{ id: string }>(sql`
    INSERT INTO messages (account_id, id, accepted_at, submitted_by, provider, campaign_id, sender_id, recipient_count,
                          size_bytes, header_sealed)
    SELECT ${accountId}, m.id, m.accepted_at, 'provider', m.provider, m.campaign_id, m.sender_id, 1, 0, m.header_sealed
      FROM unnest(${ids}::uuid[], ${instants(rows.map((row) => row.acceptedAt))}::timestamptz[],
                  ${texts(rows.map((row) => row.provider))}::text[], ${bigints(rows.map((row) => row.campaignId))}::bigint[],
                  ${bigints(rows.map((row) => row.senderId))}::bigint[], ${bytes(rows.map((row) => row.headerSealed))}::bytea[])
        AS m (id, accepted_at, provider, campaign_id, sender_id, header_sealed)
    ON CONFLICT DO NOTHING RETURNING id`);
  const isNew = new Set(created.map(({ id }) => id));
  const fresh = rows.filter((row) => isNew.has(row.messageId));
  if (fresh.length > 0) await insertKeysAndRecipients(tx, accountId, fresh);
  return isNew;
}

async function insertKeysAndRecipients(tx: Tx, accountId: string, rows: readonly ProviderMessage[]): Promise<void> {
  const ids = uuids(rows.map((row) => row.messageId));
  await tx.query(sql`
    INSERT INTO message_keys (account_id, message_id, key_sealed)
    SELECT ${accountId}, m.* FROM unnest(${ids}::uuid[], ${bytes(rows.map((row) => row.keySealed))}::bytea[]) AS m`);
  await tx.query(sql`
    INSERT INTO recipients (account_id, id, message_id, position, address_sealed, address_index, handle, tracking_level,
                            track_opens, track_clicks)
    SELECT ${accountId}, m.id, m.message_id, 0, m.address_sealed, m.address_index, m.handle, m.level, true, true
      FROM unnest(${uuids(rows.map(({ recipient }) => recipient.recipientId))}::uuid[], ${ids}::uuid[],
                  ${bytes(rows.map(({ recipient }) => recipient.addressSealed))}::bytea[],
                  ${bytes(rows.map(({ recipient }) => recipient.addressIndex))}::bytea[],
                  ${bytes(rows.map(({ recipient }) => recipient.handle))}::bytea[],
                  ${texts(rows.map(({ recipient }) => recipient.level))}::text[])
        AS m (id, message_id, address_sealed, address_index, handle, level)`);
}

export interface ProviderLinks {
  readonly messageId: string;
  readonly linksSealed: Buffer | null;
  readonly keySealed: Buffer;
  /** As it was frozen when the message was first told of. */
  readonly level: RecipientRow['level'];
}

/** What links of these messages are known. Of an erased message nothing is, and nothing more is kept. */
export const loadProviderLinks = (tx: Tx, accountId: string, messageIds: readonly string[]): Promise<ProviderLinks[]> =>
  tx.query<ProviderLinks>(sql`
    SELECT m.id AS "messageId", m.links_sealed AS "linksSealed", k.key_sealed AS "keySealed",
           r.tracking_level AS level
      FROM messages m
      JOIN message_keys k ON k.account_id = m.account_id AND k.message_id = m.id
      JOIN recipients r ON r.account_id = m.account_id AND r.message_id = m.id
     WHERE m.account_id = ${accountId} AND m.id = ANY (${uuids(messageIds)}::uuid[]) AND m.erased_at IS NULL`);

export interface ProviderMessageChange {
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly linkSetId: number;
  /** Null: as they were. */
  readonly linksSealed: Buffer | null;
}

export async function changeProviderMessages(
  tx: Tx,
  accountId: string,
  changes: readonly ProviderMessageChange[],
): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(sql`
    UPDATE messages m
       SET accepted_at = c.accepted_at, link_set_id = c.link_set_id, links_sealed = coalesce(c.links_sealed, m.links_sealed)
      FROM unnest(${uuids(changes.map((one) => one.messageId))}::uuid[],
                  ${instants(changes.map((one) => one.acceptedAt))}::timestamptz[],
                  ${bigints(changes.map((one) => one.linkSetId))}::bigint[],
                  ${bytes(changes.map((one) => one.linksSealed))}::bytea[])
        AS c (id, accepted_at, link_set_id, links_sealed)
     WHERE m.account_id = ${accountId} AND m.id = c.id`);
}
