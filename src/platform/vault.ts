/**
 * Seals what must not be read at rest. The master key wraps the keys of accounts, which wrap one key per message; both
 * kinds may be followed by newer ones, and what is under an older one stays readable. It keeps no plaintext and logs nothing.
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

import { keptKey, lineBytes, mostLines, restUse } from './kept-keys.ts';

/** What a sealed value is for. It is authenticated: a value moved to another column does not open. */
export type SealPurpose =
  | 'account.key'
  | 'message.key'
  | 'message.header'
  | 'message.links'
  | 'message.content'
  | 'message.plan'
  | 'recipient.address'
  | 'recipient.data'
  | 'template.content'
  | 'template.name'
  | 'consent.address'
  | 'suppression.address'
  | 'return.content'
  | 'dimension.value'
  | 'idempotency.response'
  | 'event.detail'
  | 'request.key'
  | 'request.kept'
  | 'mail.host'
  | 'attempt.reply'
  | 'attempt.evidence'
  | 'route.settings'
  | 'route.domains'
  | 'transport.rule'
  | 'transport.release'
  | 'transport.policy'
  | 'tls.session'
  | 'tls.report'
  | 'tls.received'
  | 'hold.details'
  | 'hold.release'
  | 'user.email'
  | 'user.name'
  | 'user.totp'
  | 'provisioned.user'
  | 'provisioned.group'
  | 'session.place'
  | 'draft.body'
  | 'dkim.key'
  | 'provider.secret'
  | 'webhook.url'
  | 'webhook.secret'
  | 'sign-on.connection'
  | 'sign-on.secret'
  | 'sign-on.flow'
  | 'emergency.reason'
  | 'emergency.note'
  | 'alert.from'
  | 'audit.address'
  | 'master.kept'
  | 'journal.frame';

/** AES-256-GCM under one key: version, nonce, ciphertext, tag. */
export interface Sealer {
  seal(purpose: SealPurpose, plaintext: string | Uint8Array): Buffer;
  /** Throws SealBroken when the value was altered or belongs to another key or purpose. */
  open(purpose: SealPurpose, sealed: Uint8Array): Buffer;
}

/** Seals what an account keeps of its own under its wrapping key in force; opens what is under any that it knows. */
export interface AccountVault extends Sealer {
  /** A keyed hash by which equal values of this account can be found, and of no other. 16 bytes. */
  index(kind: string, value: string): Buffer;
  newMessageKey(): { keySealed: Buffer; sealer: Sealer };
  /** Throws KeyUnknown where it is under a wrapping key that this vault has not been told of. */
  openMessageKey(keySealed: Uint8Array): Sealer;
  /** The account's wrapping keys made since its first; messages' keys are sealed under number `inForce` from now on. */
  takeWrappingKeys(keys: readonly WrappingKey[], inForce: number): void;
  /** The same message key under the wrapping key in force; undefined: it is already, or under a later one. */
  rewrapMessageKey(keySealed: Uint8Array): Buffer | undefined;
  /** The same value under the wrapping key in force; undefined: it is already, or under a later one. */
  reseal(purpose: SealPurpose, sealed: Uint8Array): Buffer | undefined;
}

/** What an account's values and its messages' keys are under, itself sealed. Number 1 is the account's own key. */
export interface WrappingKey {
  readonly version: number;
  readonly keySealed: Uint8Array;
}

export interface Vault {
  newAccountKey(): Buffer;
  /** An account's key that opens and seals nothing any more, and still finds equal values: what of it cannot be replaced. */
  withoutSealing(keySealed: Uint8Array): Buffer;
  /** The vault of an account, from its sealed key. Cached. */
  account(keySealed: Uint8Array): AccountVault;
  /** A key for one named use of the whole installation: tokens, the journal, hashes of API keys. */
  derive(use: string): KeyObject;
  /** Sealer for what belongs to no account, such as the journal. */
  sealer(use: string): Sealer;
  /** An account's sealed key under the newest line of the key file; undefined: it is already. */
  rewrapAccountKey(keySealed: Uint8Array): Buffer | undefined;
}

export class SealBroken extends Error {}

/** Sealed under a key made since by a rotation that this process has not heard of yet. Trying again soon helps. */
export class KeyUnknown extends Error {}

/** For those who go on without what does not open; any other failure stays one. */
export function nullWhenBroken(error: unknown): null {
  if (error instanceof SealBroken) return null;
  throw error;
}

const version = 1;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * The master key is the key file's lines one behind the other, 32 bytes each: the first is what everything but wrapping
 * is derived from, the last wraps accounts' keys. Room behind them is zero, and may be filled while this is in use.
 * Where the first line is gone, what was derived from it stands behind the lines.
 */
export function openVault(masterKey: Uint8Array): Vault {
  const first = Buffer.from(masterKey.subarray(0, keyBytes));
  const derive = first.some((byte) => byte !== 0)
    ? (use: string): KeyObject => derived(first, use)
    : (use: string): KeyObject => keptKey(masterKey, use) ?? derived(restOf(masterKey), use);
  const wrapping = masterWrapping(masterKey);
  const accounts = new Map<string, AccountVault>();
  return {
    derive,
    sealer: (use) => sealerOf(derive(use)),
    newAccountKey: () => wrapping.seal(randomBytes(keyBytes)),
    withoutSealing(keySealed) {
      const key = wrapping.open(keySealed);
      return key.length > keyBytes
        ? Buffer.from(keySealed)
        : wrapping.seal(Buffer.concat([indexOnly, derived(key, 'index').export()]));
    },
    account(keySealed) {
      const name = Buffer.from(keySealed).toString('base64');
      const known = accounts.get(name) ?? accountVault(wrapping.open(keySealed), wrapping.open);
      accounts.set(name, known);
      return known;
    },
    rewrapAccountKey: (keySealed) =>
      numberOf(keySealed) < wrapping.newest() ? wrapping.seal(wrapping.open(keySealed)) : undefined,
  };
}

function restOf(masterKey: Uint8Array): Buffer {
  const rest = keptKey(masterKey, restUse);
  if (rest === undefined) throw new KeyUnknown('the key file has no first line, and keeps nothing of it');
  return rest.export();
}

/** Of one line of the key file: the key derived from it for one use of the installation. */
export const deriveFromLine = (line: Uint8Array, use: string): Buffer => derived(line, use).export();

/** Seals under a line of the key file what is kept of the first. */
export const keptSealer = (line: Uint8Array): Sealer => sealerOf(derived(line, 'kept keys'));

interface MasterWrapping {
  readonly newest: () => number;
  readonly seal: (key: Uint8Array) => Buffer;
  readonly open: (keySealed: Uint8Array) => Buffer;
}

function masterWrapping(masterKey: Uint8Array): MasterWrapping {
  const sealers = new Map<number, Sealer>();
  const lineOf = (number: number): Buffer =>
    Buffer.from(masterKey.subarray((number - 1) * lineBytes, number * lineBytes));
  const sealerFor = (number: number): Sealer => {
    const known = sealers.get(number);
    if (known !== undefined) return known;
    const line = number > mostLines ? Buffer.alloc(0) : lineOf(number);
    if (line.length < lineBytes || line.every((byte) => byte === 0))
      throw new KeyUnknown(`line ${number} of the key file is not known to this process`);
    const sealer = sealerOf(derived(line, 'account.wrap'));
    sealers.set(number, sealer);
    return sealer;
  };
  /** Lines that are gone leave their place empty. */
  const newest = (): number => {
    let number = mostLines;
    while (number > 1 && !lineOf(number).some((byte) => byte !== 0)) number -= 1;
    return number;
  };
  return {
    newest,
    seal(key) {
      const number = newest();
      return numbered(number, sealerFor(number).seal('account.key', key));
    },
    open: (keySealed) => sealerFor(numberOf(keySealed)).open('account.key', withoutNumber(keySealed)),
  };
}

/** In front of a key for the index that is all that is left of an account's own key. */
const indexOnly = Buffer.of(1);

interface WrappingPair {
  /** Of values. */
  readonly data: Sealer;
  /** Of messages' keys. */
  readonly keys: Sealer;
}

const wrappingPair = (key: Uint8Array): WrappingPair => ({
  data: sealerOf(derived(key, 'account.data')),
  keys: sealerOf(derived(key, 'message.wrap')),
});

function accountVault(accountKey: Uint8Array, openWrappingKey: (sealed: Uint8Array) => Buffer): AccountVault {
  const isWhole = accountKey.length === keyBytes;
  const wrappings = new Map<number, WrappingPair>(isWhole ? [[1, wrappingPair(accountKey)]] : []);
  const indexKey = isWhole ? derived(accountKey, 'index') : createSecretKey(accountKey.subarray(indexOnly.length));
  let inForce = 1;
  const wrapping = (number: number): WrappingPair => {
    const known = wrappings.get(number);
    if (known === undefined) throw new KeyUnknown(`wrapping key ${number} of an account is not known to this process`);
    return known;
  };
  const seal: Sealer['seal'] = (purpose, plaintext) =>
    numbered(inForce, wrapping(inForce).data.seal(purpose, plaintext));
  const open: Sealer['open'] = (purpose, sealed) =>
    wrapping(numberOf(sealed)).data.open(purpose, withoutNumber(sealed));
  const wrap = (key: Uint8Array): Buffer => numbered(inForce, wrapping(inForce).keys.seal('message.key', key));
  const unwrap = (sealed: Uint8Array): Buffer =>
    wrapping(numberOf(sealed)).keys.open('message.key', withoutNumber(sealed));
  return {
    seal,
    open,
    index: (kind, value) => createHmac('sha256', indexKey).update(`${kind}\0${value}`).digest().subarray(0, 16),
    newMessageKey() {
      const key = randomBytes(keyBytes);
      return { keySealed: wrap(key), sealer: sealerOf(createSecretKey(key)) };
    },
    openMessageKey: (keySealed) => sealerOf(createSecretKey(unwrap(keySealed))),
    takeWrappingKeys(keys, newInForce) {
      for (const { version: number, keySealed } of keys)
        if (!wrappings.has(number)) wrappings.set(number, wrappingPair(openWrappingKey(keySealed)));
      if (wrappings.has(newInForce)) inForce = newInForce;
    },
    rewrapMessageKey: (keySealed) => (numberOf(keySealed) < inForce ? wrap(unwrap(keySealed)) : undefined),
    reseal: (purpose, sealed) => (numberOf(sealed) < inForce ? seal(purpose, open(purpose, sealed)) : undefined),
  };
}

/** In front of a value sealed under any but the first key: this, and the key's number in two bytes. */
const numberedMark = 2;
const numberBytes = 3;

function numbered(number: number, sealed: Buffer): Buffer {
  return number === 1 ? sealed : Buffer.concat([Buffer.of(numberedMark, number >> 8, number & 0xff), sealed]);
}

const numberOf = (sealed: Uint8Array): number =>
  sealed[0] === numberedMark && sealed.length > numberBytes ? (sealed[1] ?? 0) * 256 + (sealed[2] ?? 0) : 1;

const withoutNumber = (sealed: Uint8Array): Uint8Array =>
  sealed[0] === numberedMark ? sealed.subarray(numberBytes) : sealed;

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
