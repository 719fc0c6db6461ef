/**
 * The token of an unsubscribe link: whose copy it was in, sealed into one opaque path segment. It holds ids and no address,
 * draws no chance (the nonce is handed in), and says nothing of one that does not open.
 *
 *   key id 1 │ nonce 12 │ AES-256-GCM of: kind 1, account 16, message 16, recipient 16 │ tag 16      78 bytes, 104 characters
 *
 * Its keys are its own: whoever had a key of opens and clicks could unsubscribe nobody. Older keys keep older tokens working.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { TokenKeyring } from '../token.ts';

export interface UnsubscribeSubject {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string;
}

export const unsubscribeNonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + unsubscribeNonceBytes;
const idBytes = 16;
const copyKind = 1;
const plainBytes = 1 + 3 * idBytes;
const tokenCharacters = ((headBytes + plainBytes + tagBytes) * 4) / 3;
const wellFormed = new RegExp(`^[A-Za-z0-9_-]{${tokenCharacters}}$`);

/** @param nonce 12 random bytes, never used twice; rotate the key before 2^32 tokens (NIST SP 800-38D §8.3) */
export function sealUnsubscribeToken(keyring: TokenKeyring, nonce: Uint8Array, subject: UnsubscribeSubject): string {
  const key = keyring.byId.get(keyring.currentId);
  if (key === undefined) throw new Error('the keyring lacks its current key');
  if (nonce.length !== unsubscribeNonceBytes) throw new Error('a nonce has a wrong size');
  const head = Uint8Array.of(keyring.currentId, ...nonce);
  const plain = Uint8Array.of(
    copyKind,
    ...uuidBytes(subject.accountId),
    ...uuidBytes(subject.messageId),
    ...uuidBytes(subject.recipientId),
  );
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(head);
  const body = cipher.update(plain);
  cipher.final();
  return Uint8Array.of(...head, ...body, ...cipher.getAuthTag()).toBase64({ alphabet: 'base64url' });
}

/** Undefined: not one of ours, altered, cut short, or of a key that is not in the ring. It does not say which. */
export function openUnsubscribeToken(keyring: TokenKeyring, text: string): UnsubscribeSubject | undefined {
  // The length leaves no bits over, so every token has one spelling (RFC 4648 §3.5).
  if (!wellFormed.test(text)) return undefined;
  const sealed = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
  const key = keyring.byId.get(sealed[0] ?? 0);
  if (key === undefined) return undefined;
  const tagAt = sealed.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, headBytes))
    .setAAD(sealed.subarray(0, headBytes))
    .setAuthTag(sealed.subarray(tagAt));
  const plain = decipher.update(sealed.subarray(headBytes, tagAt));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  if (plain[0] !== copyKind) return undefined;
  return { accountId: uuidText(plain, 0), messageId: uuidText(plain, 1), recipientId: uuidText(plain, 2) };
}

/** The address that `List-Unsubscribe` gives, and that a body may show. `baseUrl` is the tracking host's. */
export const unsubscribeUrl = (
  keyring: TokenKeyring,
  nonce: Uint8Array,
  baseUrl: string,
  subject: UnsubscribeSubject,
): string => `${baseUrl.replace(/\/+$/, '')}/u/${sealUnsubscribeToken(keyring, nonce, subject)}`;

function uuidBytes(uuid: string): Uint8Array {
  const bytes = Uint8Array.fromHex(uuid.replaceAll('-', ''));
  if (bytes.length !== idBytes) throw new Error('an id is not a uuid');
  return bytes;
}

function uuidText(plain: Uint8Array, place: number): string {
  const at = 1 + place * idBytes;
  return plain
    .subarray(at, at + idBytes)
    .toHex()
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
