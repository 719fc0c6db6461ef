/** What acceptance stored, with the seals opened, to compare with what was submitted. */
import { accountVault } from '../../src/accounts/index.ts';
import { decodeStoredHeader, type StoredHeader } from '../../src/core/delivery/stored-header.ts';
import type { Plan } from '../../src/core/message/index.ts';
import { sql } from '../../src/platform/database.ts';
import type { World } from '../../src/platform/world.ts';

export interface StoredMail {
  readonly id: string;
  readonly via: 'rest' | 'smtp';
  readonly octets: Buffer;
  readonly plan: Plan;
  readonly header: StoredHeader;
  readonly campaignId: number;
  readonly recipients: readonly StoredRecipient[];
}

export interface StoredRecipient {
  readonly id: string;
  readonly address: string;
  readonly level: string;
  readonly opens: boolean;
  readonly clicks: boolean;
  readonly dueAt: Date;
}

interface MessageRow {
  id: string;
  via: 'rest' | 'smtp';
  campaignId: number;
  key: Buffer;
  header: Buffer;
  content: Buffer;
  plan: Buffer;
}

type RecipientRow = Omit<StoredRecipient, 'address'> & { messageId: string; sealed: Buffer };

/** Oldest first. */
export async function storedMail(world: Pick<World, 'db' | 'vault'>, accountId: string): Promise<StoredMail[]> {
  const vault = await accountVault(world, accountId);
  return world.db.readAccount(accountId, async (tx) => {
    const messages = await tx.query<MessageRow>(sql`
      SELECT m.id, m.submitted_by AS via, m.campaign_id AS "campaignId", k.key_sealed AS key, m.header_sealed AS header,
             c.content_sealed AS content, c.plan_sealed AS plan
        FROM messages m JOIN message_keys k ON k.message_id = m.id JOIN message_contents c ON c.message_id = m.id
       ORDER BY m.id`);
    const recipients = await tx.query<RecipientRow>(sql`
      SELECT r.id, r.message_id AS "messageId", r.address_sealed AS sealed, r.tracking_level AS level,
             r.track_opens AS opens, r.track_clicks AS clicks, d.due_at AS "dueAt"
        FROM recipients r JOIN deliveries d ON d.recipient_id = r.id ORDER BY r.message_id, r.position`);
    return messages.map(({ id, via, campaignId, key, header, content, plan }) => {
      const sealer = vault.openMessageKey(key);
      return {
        ...{ id, via, campaignId },
        octets: sealer.open('message.content', content),
        plan: JSON.parse(sealer.open('message.plan', plan).toString()) as Plan,
        header: decodeStoredHeader(sealer.open('message.header', header).toString()),
        recipients: recipients
          .filter((one) => one.messageId === id)
          .map(({ messageId: _, sealed, ...rest }) => ({
            ...rest,
            address: sealer.open('recipient.address', sealed).toString(),
          })),
      };
    });
  });
}

export async function countMessages(world: Pick<World, 'db'>, accountId: string): Promise<number> {
  const rows = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM messages`),
  );
  return rows[0]?.n ?? 0;
}
