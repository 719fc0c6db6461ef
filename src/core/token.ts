/**
 * Tracking tokens: seals who and where into one opaque path segment and says what a segment that comes back is. It
 * draws no chance (handle and nonce are handed in) and never tells a caller what a token that does not open may say.
 *
 *   handle 8 │ key id 1 │ nonce 12 │ AES-256-GCM ciphertext │ tag 16      all in base64url, the first 21 bytes as AAD
 *
 * An open token is 86 bytes, 115 characters: 37 of envelope, 1 of kind, 48 of ids; a click adds 3 and its URL. The ids
 * are whole so that a hit finds its rows without a lookup; the handle comes first so that a token cut short or altered
 * on the way still says from whose copy it was derived (evidence only: it is not authenticated then).
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

export const handleBytes = 8;
export const nonceBytes = 12;
const tagBytes = 16;
const linkBytes = 3;

/**
 * An index that no link has: a click token with it belongs to the link that no person can see or reach. To whoever does
 * not know of it, it is a click on a link that the message lacks.
 */
export const honeypotLink = 256 ** linkBytes - 1;
const aadBytes = handleBytes + 1 + nonceBytes;

export type HitKind = 'open' | 'click';

/** Whom a token is about: one recipient, or, where only anonymous counts are agreed, no more than a campaign. */
export type TokenSubject =
  | { readonly level: 'identified'; readonly messageId: string; readonly recipientId: string }
  | { readonly level: 'anonymous'; readonly campaignId: number };

export interface OpenContent {
  readonly kind: 'open';
  readonly accountId: string;
  readonly subject: TokenSubject;
}

export interface ClickContent {
  readonly kind: 'click';
  readonly accountId: string;
  readonly subject: TokenSubject;
  /** `honeypotLink` on the link that nobody can see. */
  readonly linkIndex: number;
  /** As it stood in the message; the redirect repeats it byte for byte in UTF-8. */
  readonly url: string;
}

export type TokenContent = OpenContent | ClickContent;

/** Keys by the id that tokens carry. New tokens take the current one; the others keep old tokens working. */
export interface TokenKeyring {
  readonly currentId: number;
  readonly byId: ReadonlyMap<number, KeyObject>;
}

/** What an altered token still seems to say. Not authenticated: evidence for a lookup, never a fact, never a redirect. */
export interface TokenClaim {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string;
}

export type TokenReading =
  | { readonly kind: 'valid'; readonly handle: Uint8Array; readonly content: TokenContent }
  /** Issued by us, but for the other route: a click token where a pixel belongs, or the reverse. */
  | { readonly kind: 'misplaced'; readonly handle: Uint8Array; readonly content: TokenContent }
  /** Issued by us for another account than the one expected. */
  | { readonly kind: 'foreign'; readonly handle: Uint8Array }
  /** Sealed under a key that this keyring does not hold; nothing can be said about it. */
  | { readonly kind: 'unknown-key'; readonly handle: Uint8Array; readonly keyId: number }
  /** Begins like a token and does not open: altered, cut short, lengthened, or invented. */
  | { readonly kind: 'damaged'; readonly handle: Uint8Array; readonly claim?: TokenClaim }
  | { readonly kind: 'not-a-token' };

export interface TokenExpectation {
  readonly kind?: HitKind;
  readonly accountId?: string;
}

/**
 * @param handle 8 random bytes: the recipient's own for identified tokens, fresh ones for anonymous tokens
 * @param nonce 12 random bytes, never used twice; rotate the key before 2^32 tokens (NIST SP 800-38D §8.3)
 */
export function sealToken(keyring: TokenKeyring, handle: Uint8Array, nonce: Uint8Array, content: TokenContent): string {
  const key = keyring.byId.get(keyring.currentId);
  if (key === undefined) throw new Error('the keyring lacks its current key');
  if (handle.length !== handleBytes || nonce.length !== nonceBytes) throw new Error('handle or nonce has a wrong size');
  const aad = aadOf(handle, keyring.currentId, nonce);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  const body = cipher.update(encodeContent(content));
  cipher.final();
  const sealed = new Uint8Array(aadBytes + body.length + tagBytes);
  sealed.set(aad);
  sealed.set(body, aadBytes);
  sealed.set(cipher.getAuthTag(), aadBytes + body.length);
  return sealed.toBase64({ alphabet: 'base64url', omitPadding: true });
}

export function openToken(keyring: TokenKeyring, text: string, expected: TokenExpectation = {}): TokenReading {
  const sealed = decodeCanonical(text);
  if (sealed === undefined || sealed.length < aadBytes + tagBytes + 1) return unopened(text);
  const handle = sealed.subarray(0, handleBytes);
  const keyId = sealed[handleBytes] ?? 0;
  const key = keyring.byId.get(keyId);
  if (key === undefined) return withoutKey(keyring, sealed, handle, keyId);
  const { plain, authentic } = decrypt(key, sealed);
  if (!authentic) return { kind: 'damaged', handle, ...claimOf(plain) };
  const content = decodeContent(plain);
  if (content === undefined) return { kind: 'damaged', handle };
  if (expected.accountId !== undefined && expected.accountId !== content.accountId) return { kind: 'foreign', handle };
  if (expected.kind !== undefined && expected.kind !== content.kind) return { kind: 'misplaced', handle, content };
  return { kind: 'valid', handle, content };
}

function unopened(text: string): TokenReading {
  const handle = handleOf(text);
  return handle === undefined ? { kind: 'not-a-token' } : { kind: 'damaged', handle };
}

/** A key id that we do not know is damage when the token opens once the id is put right, and a lost key otherwise. */
function withoutKey(keyring: TokenKeyring, sealed: Uint8Array, handle: Uint8Array, keyId: number): TokenReading {
  const repaired = sealed.slice();
  for (const [id, key] of keyring.byId) {
    repaired[handleBytes] = id;
    if (decrypt(key, repaired).authentic) return { kind: 'damaged', handle };
  }
  return { kind: 'unknown-key', handle, keyId };
}

function aadOf(handle: Uint8Array, keyId: number, nonce: Uint8Array): Uint8Array {
  const aad = new Uint8Array(aadBytes);
  aad.set(handle);
  aad[handleBytes] = keyId;
  aad.set(nonce, handleBytes + 1);
  return aad;
}

function decrypt(key: KeyObject, sealed: Uint8Array): { plain: Uint8Array; authentic: boolean } {
  const tagAt = sealed.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(handleBytes + 1, aadBytes))
    .setAAD(sealed.subarray(0, aadBytes))
    .setAuthTag(sealed.subarray(tagAt));
  const plain = decipher.update(sealed.subarray(aadBytes, tagAt));
  try {
    decipher.final();
    return { plain, authentic: true };
  } catch {
    return { plain, authentic: false };
  }
}

/** Damage to the handle, the tag or the end of a token leaves its ids readable. */
function claimOf(plain: Uint8Array): { claim?: TokenClaim } {
  const kind = kinds[plain[0] ?? kinds.length];
  if ((kind !== 'open' && kind !== 'click') || plain.length < 1 + 3 * idBytes) return {};
  const [accountId, messageId, recipientId] = [0, 1, 2].map((place) => uuidText(plain, 1 + place * idBytes));
  return { claim: { accountId, messageId, recipientId } as TokenClaim };
}

const tokenCharacters = /^[A-Za-z0-9_-]+$/;

// RFC 4648 §3.5: only canonical encodings count. A decoder that forgives stray bits would give one token many
// spellings. `strict` checks those bits but wants the padding that URLs leave out, so it is put back.
function decodeCanonical(text: string): Uint8Array | undefined {
  const missing = (4 - (text.length % 4)) % 4;
  if (missing === 3 || !tokenCharacters.test(text)) return undefined;
  try {
    return Uint8Array.fromBase64(text + '='.repeat(missing), { alphabet: 'base64url', lastChunkHandling: 'strict' });
  } catch {
    return undefined;
  }
}

const handleCharacters = /^[A-Za-z0-9_-]{11}/;

function handleOf(text: string): Uint8Array | undefined {
  if (!handleCharacters.test(text)) return undefined;
  return Uint8Array.fromBase64(`${text.slice(0, 11)}A`, { alphabet: 'base64url' }).subarray(0, handleBytes);
}

const kinds = ['open', 'click', 'anonymous open', 'anonymous click'] as const;
const idBytes = 16;
const campaignBytes = 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function encodeContent(content: TokenContent): Uint8Array {
  const { subject } = content;
  const anonymous = subject.level === 'anonymous';
  const url = content.kind === 'click' ? encoder.encode(content.url) : new Uint8Array(0);
  const subjectBytes = anonymous ? campaignBytes : 2 * idBytes;
  const head = 1 + idBytes + subjectBytes;
  const bytes = new Uint8Array(head + (content.kind === 'click' ? linkBytes + url.length : 0));
  bytes[0] = (content.kind === 'click' ? 1 : 0) + (anonymous ? 2 : 0);
  bytes.set(uuidBytes(content.accountId), 1);
  bytes.set(subjectOctets(subject), 1 + idBytes);
  if (content.kind === 'click') {
    // RFC 9110 §5.5: a field value with CR, LF or NUL must not exist. Such a URL is refused before it is sealed.
    if (url.some((byte) => byte < 0x20 || byte === 0x7f)) throw new Error('a destination has control characters');
    writeNumber(bytes, head, linkBytes, content.linkIndex);
    bytes.set(url, head + linkBytes);
  }
  return bytes;
}

/** A copy has a token for each link, all of one subject: its octets are made once. */
const knownSubjects = new WeakMap<TokenSubject, Uint8Array>();

function subjectOctets(subject: TokenSubject): Uint8Array {
  const known = knownSubjects.get(subject);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(subject.level === 'anonymous' ? campaignBytes : 2 * idBytes);
  if (subject.level === 'anonymous') writeNumber(bytes, 0, campaignBytes, subject.campaignId);
  else {
    bytes.set(uuidBytes(subject.messageId));
    bytes.set(uuidBytes(subject.recipientId), idBytes);
  }
  knownSubjects.set(subject, bytes);
  return bytes;
}

function decodeContent(bytes: Uint8Array): TokenContent | undefined {
  const kind = kinds[bytes[0] ?? kinds.length];
  if (kind === undefined) return undefined;
  const anonymous = kind.startsWith('anonymous');
  const head = 1 + idBytes + (anonymous ? campaignBytes : 2 * idBytes);
  const isClick = kind.endsWith('click');
  if (isClick ? bytes.length < head + linkBytes : bytes.length !== head) return undefined;
  const accountId = uuidText(bytes, 1);
  const subject: TokenSubject = anonymous
    ? { level: 'anonymous', campaignId: readNumber(bytes, 1 + idBytes, campaignBytes) }
    : { level: 'identified', messageId: uuidText(bytes, 1 + idBytes), recipientId: uuidText(bytes, 1 + 2 * idBytes) };
  if (!isClick) return { kind: 'open', accountId, subject };
  const linkIndex = readNumber(bytes, head, linkBytes);
  return { kind: 'click', accountId, subject, linkIndex, url: decoder.decode(bytes.subarray(head + linkBytes)) };
}

function writeNumber(bytes: Uint8Array, at: number, size: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** size)
    throw new Error('a number does not fit a token');
  let rest = value;
  for (let place = at + size - 1; place >= at; place--) {
    bytes[place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function readNumber(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let place = at; place < at + size; place++) value = value * 256 + (bytes[place] ?? 0);
  return value;
}

function uuidBytes(uuid: string): Uint8Array {
  const bytes = Uint8Array.fromHex(uuid.replaceAll('-', ''));
  if (bytes.length !== idBytes) throw new Error('an id is not a uuid');
  return bytes;
}

function uuidText(bytes: Uint8Array, at: number): string {
  const hex = bytes.subarray(at, at + idBytes).toHex();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
