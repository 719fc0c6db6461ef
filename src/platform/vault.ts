/**
 * Seals what must not be read at rest. The master key (a file) wraps one key per account, which wraps one key per
 * message. It keeps no plaintext and logs nothing.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** What a sealed value is for. It is authenticated: a value moved to another column does not open. */
export type SealPurpose =
  | 'account.key'
  | 'message.key'
  | 'message.header'
  | 'message.links'
  | 'message.content'
  | 'message.plan'
  | 'recipient.address'
  | 'consent.address'
  | 'dimension.value'
  | 'idempotency.response'
  | 'event.detail'
  | 'request.key'
  | 'attempt.reply'
  | 'user.email'
  | 'user.name'
  | 'user.totp'
  | 'session.place'
  | 'provider.secret'
  | 'journal.frame';

/** AES-256-GCM under one key: version, nonce, ciphertext, tag. */
export interface Sealer {
  seal(purpose: SealPurpose, plaintext: string | Uint8Array): Buffer;
  /** Throws SealBroken when the value was altered or belongs to another key or purpose. */
  open(purpose: SealPurpose, sealed: Uint8Array): Buffer;
}

export interface AccountVault extends Sealer {
  /** A keyed hash by which equal values of this account can be found, and of no other. 16 bytes. */
  index(kind: string, value: string): Buffer;
  newMessageKey(): { keySealed: Buffer; sealer: Sealer };
  openMessageKey(keySealed: Uint8Array): Sealer;
}

export interface Vault {
  newAccountKey(): Buffer;
  /** The vault of an account, from its sealed key. Cached. */
  account(keySealed: Uint8Array): AccountVault;
  /** A key for one named use of the whole installation: tokens, the journal, hashes of API keys. */
  derive(use: string): KeyObject;
  /** Sealer for what belongs to no account, such as the journal. */
  sealer(use: string): Sealer;
}

export class SealBroken extends Error {}

/** For those who go on without what does not open; any other failure stays one. */
export function nullWhenBroken(error: unknown): null {
  if (error instanceof SealBroken) return null;
  throw error;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

export function openVault(masterKey: Uint8Array): Vault {
  const derive = (use: string): KeyObject => derived(masterKey, use);
  const wrapping = sealerOf(derive('account.wrap'));
  const accounts = new Map<string, AccountVault>();
  return {
    derive,
    sealer: (use) => sealerOf(derive(use)),
    newAccountKey: () => wrapping.seal('account.key', randomBytes(32)),
    account(keySealed) {
      const name = Buffer.from(keySealed).toString('base64');
      const known = accounts.get(name) ?? accountVault(wrapping.open('account.key', keySealed));
      accounts.set(name, known);
      return known;
    },
  };
}

function accountVault(accountKey: Uint8Array): AccountVault {
  const sealer = sealerOf(derived(accountKey, 'account.data'));
  const wrapping = sealerOf(derived(accountKey, 'message.wrap'));
  const indexKey = derived(accountKey, 'index');
  return {
    ...sealer,
    index: (kind, value) => createHmac('sha256', indexKey).update(`${kind}\0${value}`).digest().subarray(0, 16),
    newMessageKey() {
      const key = randomBytes(32);
      return { keySealed: wrapping.seal('message.key', key), sealer: sealerOf(createSecretKey(key)) };
    },
    openMessageKey: (keySealed) => sealerOf(createSecretKey(wrapping.open('message.key', keySealed))),
  };
}

const derived = (key: Uint8Array, use: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), `waxwing ${use}`, 32)));

/** Asking the generator costs more than the cipher: a page of randomness serves many nonces, each handed out once. */
const newNonce = ((): (() => Buffer) => {
  let page = Buffer.alloc(0);
  let usedBytes = 0;
  return () => {
    if (usedBytes === page.length) {
      page = randomBytes(nonceBytes * 512);
      usedBytes = 0;
    }
    usedBytes += nonceBytes;
    return page.subarray(usedBytes - nonceBytes, usedBytes);
  };
})();

const versionByte = Buffer.of(version);
const knownPurposes = new Map<SealPurpose, Buffer>();

function purposeBytes(purpose: SealPurpose): Buffer {
  const known = knownPurposes.get(purpose) ?? Buffer.from(purpose);
  knownPurposes.set(purpose, known);
  return known;
}

function sealerOf(key: KeyObject): Sealer {
  return {
    seal(purpose, plaintext) {
      const nonce = newNonce();
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(purposeBytes(purpose));
      const body = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
      const end = cipher.final();
      return Buffer.concat([versionByte, nonce, body, end, cipher.getAuthTag()]);
    },
    open(purpose, sealed) {
      if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== version)
        throw new SealBroken('not a sealed value');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes));
        decipher.setAAD(purposeBytes(purpose));
        decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
        const body = decipher.update(sealed.subarray(1 + nonceBytes, sealed.length - tagBytes));
        decipher.final(); // throws where the tag is another; GCM keeps nothing back
        return body;
      } catch {
        throw new SealBroken(`a sealed ${purpose} does not open: wrong key or altered`);
      }
    },
  };
}
