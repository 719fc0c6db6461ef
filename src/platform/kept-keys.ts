/**
 * What outlives the first line of the key file: the keys that were derived from it for uses that cannot change, without
 * the line itself. They lie behind the lines in the memory of the master key. It seals and logs nothing.
 */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';

export const lineBytes = 32;
export const mostLines = 64;
const nameBytes = 32;
const slotBytes = nameBytes + lineBytes;
const mostKept = 128;
const keptAt = mostLines * lineBytes;
export const masterKeyBytes = keptAt + mostKept * slotBytes;

/**
 * Every use that a key of the installation is derived for. What is found by its hash or was sent out must come out the
 * same for ever: hashes of keys and tokens, addresses of users, tracking URLs, signatures, the journal. Whatever is not
 * named here is derived from a secret that is drawn when the first line goes.
 */
export const keptUses: readonly string[] = [
  'api-key',
  'backup',
  'failed-tries',
  'installation',
  'invitation',
  'journal',
  'password-pepper',
  'password-salt',
  'recovery-code',
  'reports.cursor',
  'return-path',
  'session',
  'sign-in-challenge',
  'sign-in-link',
  'signing',
  'sso-domain',
  'sso-flow',
  'totp-setup',
  'user-email',
  ...Array.from({ length: 8 }, (_, index) => `token.${index + 1}`),
  ...Array.from({ length: 4 }, (_, index) => `unsubscribe.${index + 1}`),
];

/** Under this name stands what all other uses are derived from. */
export const restUse = '';

const nameOf = (use: string): Buffer => createHash('sha256').update(`waxwing kept ${use}`).digest();

function* slots(masterKey: Uint8Array): Generator<Uint8Array> {
  for (let at = keptAt; at + slotBytes <= masterKey.length; at += slotBytes)
    yield masterKey.subarray(at, at + slotBytes);
}

const isFree = (slot: Uint8Array): boolean => slot.every((byte) => byte === 0);

/** Undefined: no key is kept for it. */
export function keptKey(masterKey: Uint8Array, use: string): KeyObject | undefined {
  const name = nameOf(use);
  for (const slot of slots(masterKey)) {
    if (isFree(slot)) return undefined;
    if (name.equals(slot.subarray(0, nameBytes))) return createSecretKey(Buffer.from(slot.subarray(nameBytes)));
  }
  return undefined;
}

export function keepKey(masterKey: Uint8Array, use: string, key: Uint8Array): void {
  for (const slot of slots(masterKey)) {
    if (!isFree(slot)) continue;
    slot.set(nameOf(use));
    slot.set(key, nameBytes);
    return;
  }
  throw new Error('there is no room for another kept key');
}

export const keepsAny = (masterKey: Uint8Array): boolean => {
  const [first] = slots(masterKey);
  return first !== undefined && !isFree(first);
};
