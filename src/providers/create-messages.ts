/** Makes the messages and recipients that a provider's events are the first to tell of. Addresses leave here sealed. */
import { encodeStoredHeader } from '../core/delivery/stored-header.ts';
import type { Tx } from '../platform/database.ts';
import { insertProviderMessages, type ProviderMessage } from '../sending/index.ts';
import { newHandle } from '../tracking/index.ts';
import type { Copy } from './copies.ts';
import type { EventPlan } from './plan-events.ts';

export interface CreatedMessage {
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly campaignId: number;
  readonly senderId: number;
  readonly linkSetId: 0;
  readonly recipients: readonly [{ readonly recipientId: string; readonly domainId: number }];
}

export async function createMessages(tx: Tx, plan: EventPlan, copies: readonly Copy[]): Promise<CreatedMessage[]> {
  if (copies.length === 0) return [];
  const { keys, dimensionOf } = plan;
  const messages = copies.map((copy) => messageOf(plan, copy));
  const created = await insertProviderMessages(tx, keys.accountId, messages);
  return copies
    .filter((copy) => created.has(copy.messageId))
    .map((copy) => ({
      messageId: copy.messageId,
      acceptedAt: copy.acceptedAt,
      campaignId: dimensionOf('campaign', copy.campaign),
      senderId: dimensionOf('sender', copy.sender),
      linkSetId: 0,
      recipients: [{ recipientId: copy.recipientId, domainId: dimensionOf('domain', copy.domain) }],
    }));
}

function messageOf({ keys, provider, levelOf, dimensionOf }: EventPlan, copy: Copy): ProviderMessage {
  const { keySealed, sealer } = keys.vault.newMessageKey();
  const { messageId, recipientId, acceptedAt, addressIndex } = copy;
  return {
    messageId,
    provider,
    acceptedAt,
    keySealed,
    campaignId: dimensionOf('campaign', copy.campaign),
    senderId: dimensionOf('sender', copy.sender),
    headerSealed: sealer.seal('message.header', headerOf(copy)),
    recipient: {
      recipientId,
      addressIndex,
      addressSealed: sealer.seal('recipient.address', copy.address),
      dataSealed: null,
      handle: Buffer.from(newHandle()),
      level: levelOf(addressIndex),
    },
  };
}

/** The subject is nobody's business here; providers tell it with some events and not with others. */
const headerOf = ({ sender, tags }: Copy): string =>
  encodeStoredHeader({
    subject: '',
    from: sender ?? '',
    envelopeFrom: sender ?? '',
    tags,
    ownTo: true,
    minimumTransport: 'plain',
  });
