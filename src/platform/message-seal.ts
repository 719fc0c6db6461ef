/**
 * What is said of one message, under that message's own key: with the key it ends in every copy, however old. Such a
 * value begins with a mark, because older values in the same columns are under the account's key and stay readable.
 */
import type { Sealer, SealPurpose } from './vault.ts';

/** Others begin with 1 or 2 (platform/vault.ts). SQL that looks for values under older keys passes over it. */
export const messageMark = 3;

export const sealForMessage = (message: Sealer, purpose: SealPurpose, plaintext: string | Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(messageMark), message.seal(purpose, plaintext)]);

export const isUnderMessageKey = (sealed: Uint8Array): boolean => sealed[0] === messageMark;

export interface MessageKeys {
  readonly account: Pick<Sealer, 'open'>;
  /** Null: the message is erased. */
  readonly message: Sealer | null;
}

/** Null: it was under the message's key, and that is gone. Throws SealBroken as any sealer does. */
export function openOfMessage(
  { account, message }: MessageKeys,
  purpose: SealPurpose,
  sealed: Uint8Array,
): Buffer | null {
  if (!isUnderMessageKey(sealed)) return account.open(purpose, sealed);
  return message === null ? null : message.open(purpose, sealed.subarray(1));
}
