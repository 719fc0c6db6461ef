/**
 * What a mail server said of one copy, sealed under the key of its message. Without that key only our own words are kept:
 * nothing that somebody else said of a message is ever under the account's key.
 */
import { type MessageKeys, openOfMessage, sealForMessage } from '../platform/message-seal.ts';
import type { Sealer } from '../platform/vault.ts';
import type { AccountKeys, DeliveryDetail } from './event.ts';

const purpose = 'event.detail';

export function sealDelivery(
  account: Pick<AccountKeys['vault'], 'seal'>,
  message: Sealer | null | undefined,
  { host, reply, why }: DeliveryDetail,
): Buffer {
  return message
    ? sealForMessage(message, purpose, JSON.stringify({ host, reply, why }))
    : account.seal(purpose, JSON.stringify({ host: null, reply: null, why }));
}

/** Null: it ended with its message's key. */
export function openDelivery(keys: MessageKeys, sealed: Uint8Array): DeliveryDetail | null {
  const text = openOfMessage(keys, purpose, sealed);
  return text === null ? null : (JSON.parse(text.toString()) as DeliveryDetail);
}
