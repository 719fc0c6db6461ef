/** Makes API keys, sign-in tokens and session tokens, and the keyed hashes under which alone they are stored. */
import { createHmac, type KeyObject, randomBytes, randomInt } from 'node:crypto';
import type { Vault } from '../platform/vault.ts';

export type SecretUse =
  | 'api-key'
  | 'session'
  | 'sign-in-link'
  | 'invitation'
  | 'recovery-code'
  | 'user-email'
  | 'sign-in-challenge';

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const apiKeyLetters = 32; // 190 bits

/** Letters and digits only, so that a double click selects it whole. */
export const newApiKeySecret = (): string =>
  `wx_${Array.from({ length: apiKeyLetters }, () => letters[randomInt(letters.length)]).join('')}`;

export const newToken = (): string => randomBytes(32).toString('base64url');

/** Hashing with a key is what makes the look-up by index safe: nobody outside can choose or compare prefixes of it. */
export const hashSecret = (vault: Vault, use: SecretUse, secret: string): Buffer =>
  createHmac('sha256', secretKey(vault, use)).update(secret).digest();

export const hintOf = (secret: string): string => secret.slice(-4);

const keys = new WeakMap<Vault, Map<SecretUse, KeyObject>>();

function secretKey(vault: Vault, use: SecretUse): KeyObject {
  const known = keys.get(vault) ?? new Map<SecretUse, KeyObject>();
  keys.set(vault, known);
  const key = known.get(use) ?? vault.derive(use);
  known.set(use, key);
  return key;
}
