/** Puts a message in the queue as acceptance does, for tests of what comes after it. */
import { randomBytes } from 'node:crypto';
import { accountVault } from '../../src/accounts/index.ts';
import { encodeStoredHeader, type StoredHeader } from '../../src/core/delivery/stored-header.ts';
import { comparableAddress } from '../../src/core/message/addresses.ts';
import { instrument } from '../../src/core/message/instrument.ts';
import { readMessage } from '../../src/core/message/read-message.ts';
import { enqueue } from '../../src/delivery/index.ts';
import { dimensionIds, recordAccepted } from '../../src/events/index.ts';
import { join, sql, type Tx } from '../../src/platform/database.ts';
import { newId } from '../../src/platform/ids.ts';
import type { World } from '../../src/platform/world.ts';

export interface MessageToQueue {
  readonly accountId: string;
  readonly to: readonly string[];
  readonly octets: Uint8Array | string;
  readonly level?: 'off' | 'anonymous' | 'identified';
  readonly header?: Partial<StoredHeader>;
  readonly dueAt?: Date;
  readonly departmentId?: string;
  readonly domain?: string;
  /** Each recipient's own domain instead of one for all. */
  readonly byDomain?: boolean;
}

export interface QueuedMessage {
  readonly messageId: string;
  readonly recipientIds: readonly string[];
}

export async function queueMessage(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  message: MessageToQueue,
): Promise<QueuedMessage> {
  const { accountId } = message;
  const vault = await accountVault(world, accountId);
  const domains = [...new Set(message.to.map((address) => domainOf(message, address)))];
  const [senderId = 0, ...domainIds] = await dimensionIds(world.db, { accountId, vault }, [
    { kind: 'sender', value: 'care@clinic.example' },
    ...domains.map((value) => ({ kind: 'domain', value }) as const),
  ]);
  const acceptedAt = world.clock.now();
  const messageId = newId(acceptedAt);
  const recipients = message.to.map((address) => ({
    address,
    addressIndex: vault.index('address', comparableAddress(address)),
    recipientId: newId(acceptedAt),
    domainId: domainIds[domains.indexOf(domainOf(message, address))] ?? 0,
  }));
  const shared = { accountId, messageId, acceptedAt, senderId, campaignId: 0, linkSetId: 0 };
  await world.db.asAccount(accountId, async (tx) => {
    const sealer = await insertMessage(tx, message, shared, vault.newMessageKey());
    await insertRecipients(tx, message, messageId, recipients, sealer);
    await recordAccepted(tx, { ...shared, timeZone: 'UTC', recipients });
    const dueAt = message.dueAt ?? acceptedAt;
    await enqueue(
      tx,
      recipients.map(({ recipientId, domainId }) => ({ accountId, messageId, recipientId, domainId, dueAt })),
    );
  });
  return { messageId, recipientIds: recipients.map((one) => one.recipientId) };
}

const domainOf = ({ byDomain, domain = 'example.org' }: MessageToQueue, address: string): string =>
  byDomain === true ? address.slice(address.lastIndexOf('@') + 1) : domain;

type NewKey = ReturnType<Awaited<ReturnType<typeof accountVault>>['newMessageKey']>;

async function insertMessage(
  tx: Tx,
  message: MessageToQueue,
  shared: { messageId: string; acceptedAt: Date; senderId: number },
  { keySealed, sealer }: NewKey,
): Promise<NewKey['sealer']> {
  const octets = Buffer.from(message.octets);
  const read = readMessage(octets);
  if ('code' in read) throw new Error('the test message is refused');
  const plan = instrument(read, { opens: true, clicks: true });
  const header = encodeStoredHeader({
    subject: 'x',
    from: 'care@clinic.example',
    envelopeFrom: 'care@clinic.example',
    tags: [],
    ownTo: false,
    minimumTransport: 'opportunistic',
    ...message.header,
  });
  await tx.query(sql`
    INSERT INTO messages (account_id, id, accepted_at, submitted_by, department_id, sender_id, recipient_count,
                          size_bytes, header_sealed)
    VALUES (current_account(), ${shared.messageId}, ${shared.acceptedAt}, 'rest', ${message.departmentId ?? null},
            ${shared.senderId}, ${message.to.length}, ${octets.length}, ${sealer.seal('message.header', header)})`);
  await tx.query(sql`
    INSERT INTO message_keys (account_id, message_id, key_sealed)
    VALUES (current_account(), ${shared.messageId}, ${keySealed})`);
  await tx.query(sql`
    INSERT INTO message_contents (account_id, message_id, content_sealed, plan_sealed)
    VALUES (current_account(), ${shared.messageId}, ${sealer.seal('message.content', octets)},
            ${sealer.seal('message.plan', JSON.stringify(plan))})`);
  return sealer;
}

async function insertRecipients(
  tx: Tx,
  message: MessageToQueue,
  messageId: string,
  recipients: readonly { address: string; addressIndex: Buffer; recipientId: string }[],
  sealer: NewKey['sealer'],
): Promise<void> {
  const tracked = message.level !== 'off';
  const rows = recipients.map(
    (
      { address, addressIndex, recipientId },
      position,
    ) => sql`(current_account(), ${recipientId}, ${messageId}, ${position},
      ${sealer.seal('recipient.address', address)}, ${addressIndex}, ${randomBytes(8)},
      ${message.level ?? 'identified'}, ${tracked}, ${tracked})`,
  );
  await tx.query(sql`
    INSERT INTO recipients (account_id, id, message_id, position, address_sealed, address_index, handle, tracking_level,
                            track_opens, track_clicks)
    VALUES ${join(rows)}`);
}
