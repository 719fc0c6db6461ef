/**
 * Reads address lists (RFC 5322 §3.4, with the obsolete forms and UTF-8 of RFC 6532) in one linear pass.
 * It says what is written, refuses what is not an address, and never looks anything up or converts a domain.
 */
import { decodeHeaderText } from './header-text.ts';
import { utf8Octets } from './octets.ts';
import { skipComment } from './parameters.ts';

export interface Mailbox {
  /** The display name as people read it, or null. */
  readonly name: string | null;
  /** Without quotes. */
  readonly local: string;
  /** As written; an address literal keeps its brackets. */
  readonly domain: string;
  /** `local@domain`, the local part quoted where it must be. */
  readonly address: string;
}

export type AddressRefusalCode = 'address.malformed' | 'address.too_long' | 'address.empty';

export interface AddressRefusal {
  readonly kind: 'refused';
  readonly code: AddressRefusalCode;
  /** In words, without the address. */
  readonly why: string;
}

export interface AddressList {
  readonly kind: 'addresses';
  /** Members of groups among the others, in order. */
  readonly mailboxes: readonly Mailbox[];
}

interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
}

interface Reader {
  readonly text: string;
  at: number;
}

const localOctetsMax = 64;
const domainOctetsMax = 255;
const labelLengthMax = 63;

class Malformed extends Error {
  readonly code: AddressRefusalCode;
  constructor(why: string, code: AddressRefusalCode = 'address.malformed') {
    super(why);
    this.code = code;
  }
}

/** `value` is unfolded or folded header text, or what a caller typed; at least one mailbox must be there. */
export function parseAddressList(value: string): AddressList | AddressRefusal {
  try {
    const mailboxes = readList({ text: value, at: 0 });
    if (mailboxes.length === 0) throw new Malformed('There is no address.', 'address.empty');
    return { kind: 'addresses', mailboxes };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'refused', code: error.code, why: error.message };
    throw error;
  }
}

function readList(reader: Reader): Mailbox[] {
  const mailboxes: Mailbox[] = [];
  let isInGroup = false;
  for (;;) {
    skipSpace(reader);
    const char = reader.text[reader.at];
    if (char === undefined) break;
    if (char === ',') {
      // RFC 5322 §4.4: empty elements are obsolete, not wrong.
      reader.at++;
      continue;
    }
    if (char === ';' && isInGroup) {
      isInGroup = false;
      reader.at++;
      continue;
    }
    const entry = readEntry(reader);
    if (entry === 'group') {
      if (isInGroup) throw new Malformed('A group stands inside a group.');
      isInGroup = true;
    } else {
      mailboxes.push(entry);
      endEntry(reader, isInGroup);
    }
  }
  return mailboxes;
}

function endEntry(reader: Reader, isInGroup: boolean): void {
  skipSpace(reader);
  const char = reader.text[reader.at];
  if (char !== undefined && char !== ',' && !(char === ';' && isInGroup))
    throw new Malformed('Something follows an address without a comma.');
}

/** One mailbox, or the name and colon that open a group. */
function readEntry(reader: Reader): Mailbox | 'group' {
  const words = readWords(reader);
  const char = reader.text[reader.at];
  if (char === '<') return readAngle(reader, words);
  if (char === ':' && words.length > 0) {
    reader.at++;
    return 'group';
  }
  if (char !== '@') throw new Malformed('An address has no @.');
  const mailbox = readAddress(reader, words, null);
  skipSpace(reader);
  // `ana@example.org <ana@example.org>`: wrong, but written by many programs.
  return reader.text[reader.at] === '<' ? readAngle(reader, [{ text: mailbox.address, isQuoted: true }]) : mailbox;
}

function readAngle(reader: Reader, phrase: readonly Word[]): Mailbox {
  const name = decodeHeaderText(phrase.map((word) => word.text).join(' '));
  reader.at++;
  skipSpace(reader);
  if (reader.text[reader.at] === '@') skipRoute(reader);
  const mailbox = readAddress(reader, readWords(reader), name === '' ? null : name);
  skipSpace(reader);
  if (reader.text[reader.at] !== '>') throw new Malformed('An address in angle brackets does not end with >.');
  reader.at++;
  return mailbox;
}

// RFC 5322 §4.4: a source route is read and ignored.
function skipRoute(reader: Reader): void {
  const colon = reader.text.indexOf(':', reader.at);
  if (colon < 0) throw new Malformed('A source route does not end.');
  reader.at = colon + 1;
  skipSpace(reader);
}

function readAddress(reader: Reader, words: readonly Word[], name: string | null): Mailbox {
  if (reader.text[reader.at] !== '@') throw new Malformed('An address has no @.');
  reader.at++;
  const local = joinLocal(words);
  const domain = readDomain(reader);
  if (utf8Octets(local.text).length > localOctetsMax)
    throw new Malformed('The part before the @ is longer than 64 octets.', 'address.too_long');
  const written = local.mustQuote ? `"${local.text.replace(/["\\]/g, '\\$&')}"` : local.text;
  return { name, local: local.text, domain, address: `${written}@${domain}` };
}

const dotAtom = /^[^\s.()<>[\]:;@\\,"]+(?:\.[^\s.()<>[\]:;@\\,"]+)*$/u;

function joinLocal(words: readonly Word[]): { text: string; mustQuote: boolean } {
  let text = '';
  let before: Word | null = null;
  for (const word of words) {
    // RFC 5322 §4.4 obs-local-part: words are joined by dots, white space around the dots aside.
    const isJoined = !before || endsWithDot(before) || (!word.isQuoted && word.text.startsWith('.'));
    if (!isJoined) throw new Malformed('The part before the @ has a space outside quotes.');
    text += word.text;
    before = word;
  }
  const isPlain = dotAtom.test(text);
  // Half a surrogate pair has no UTF-8 form: it would be mailed to as another address than the caller was told.
  if (text === '' || !text.isWellFormed() || (!isPlain && !words.some((word) => word.isQuoted)))
    throw new Malformed('The part before the @ is not well formed.');
  return { text, mustQuote: !isPlain };
}

function endsWithDot(word: Word): boolean {
  return !word.isQuoted && word.text.endsWith('.');
}

function readDomain(reader: Reader): string {
  skipSpace(reader);
  if (reader.text[reader.at] === '[') return readLiteral(reader);
  let domain = '';
  for (;;) {
    const word = readAtom(reader);
    domain += word;
    skipSpace(reader);
    const next = reader.text[reader.at];
    if (word === '' || !(word.endsWith('.') || next === '.')) break;
  }
  if (utf8Octets(domain).length > domainOctetsMax)
    throw new Malformed('The domain is longer than 255 octets.', 'address.too_long');
  if (!isDomain(domain)) throw new Malformed('The domain is not well formed.');
  return domain;
}

function readLiteral(reader: Reader): string {
  const end = reader.text.indexOf(']', reader.at);
  const literal = end < 0 ? '' : reader.text.slice(reader.at, end + 1);
  // RFC 5321 §4.1.3; whether the address in it exists is not judged here.
  if (!/^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[\da-f:.]{2,45})\]$/i.test(literal))
    throw new Malformed('The address literal is not well formed.');
  reader.at = end + 1;
  return literal;
}

function isDomain(domain: string): boolean {
  return domain.split('.').every((label) => {
    if (label.length === 0 || label.length > labelLengthMax) return false;
    return /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_\-\u200c\u200d]*$/u.test(label) && !label.endsWith('-');
  });
}

function readWords(reader: Reader): Word[] {
  const words: Word[] = [];
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] === '"') {
      words.push({ text: readQuoted(reader), isQuoted: true });
      continue;
    }
    const atom = readAtom(reader);
    if (atom === '') return words;
    words.push({ text: atom, isQuoted: false });
  }
}

/** Letters, digits, RFC 5322 atext, everything beyond ASCII, and dots, which names have too (obs-phrase). */
function readAtom(reader: Reader): string {
  const start = reader.at;
  while (reader.at < reader.text.length && isAtomCode(reader.text.charCodeAt(reader.at))) reader.at++;
  return reader.text.slice(start, reader.at);
}

const specials = new Set([...'()<>[]:;@\\,"'].map((char) => char.charCodeAt(0)));

function isAtomCode(code: number): boolean {
  return code > 0x20 && code !== 0x7f && !(code >= 0x80 && code <= 0xa0) && !specials.has(code);
}

function readQuoted(reader: Reader): string {
  let text = '';
  reader.at++;
  for (;;) {
    const char = reader.text[reader.at++];
    if (char === undefined) throw new Malformed('A quoted string does not end.');
    if (char === '"') return text;
    if (char === '\r' || char === '\n') continue;
    const content = char === '\\' ? (reader.text[reader.at++] ?? '') : char;
    if (content < ' ' && content !== '\t') throw new Malformed('A quoted string has a control character.');
    text += content;
  }
}

/** White space, folds and comments. */
function skipSpace(reader: Reader): void {
  for (;;) {
    const char = reader.text[reader.at];
    if (char === ' ' || char === '\t' || char === '\r' || char === '\n') reader.at++;
    else if (char === '(') skipComment(reader);
    else return;
  }
}

/**
 * One spelling per mailbox, for blind indexes and comparing: Unicode NFC, all lower case. RFC 5321 §2.4 lets local parts
 * differ by case, but no mailbox provider does, and a consent must not be missed for a capital letter.
 */
export function normaliseAddress(address: string): string {
  const parsed = parseAddressList(address);
  const mailbox = parsed.kind === 'addresses' && parsed.mailboxes.length === 1 ? parsed.mailboxes[0] : undefined;
  return (mailbox?.address ?? address.trim()).normalize('NFC').toLowerCase();
}

/** What blind indexes are made of: the normal spelling with the domain's ASCII form (RFC 5891), so that both forms are one mailbox. */
export function comparableAddress(address: string): string {
  const normal = normaliseAddress(address);
  const at = normal.lastIndexOf('@');
  const domain = normal.slice(at + 1);
  const url = `http://${domain}/`;
  return /\P{ASCII}/u.test(domain) && URL.canParse(url) ? normal.slice(0, at + 1) + new URL(url).hostname : normal;
}

/** Lower case, without the trailing dot; empty when there is no @. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 0
    ? ''
    : address
        .slice(at + 1)
        .trim()
        .normalize('NFC')
        .toLowerCase()
        .replace(/\.$/, '');
}
