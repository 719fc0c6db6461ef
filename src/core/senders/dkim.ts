/**
 * Signs a copy by DKIM (RFC 6376), relaxed/relaxed and over the whole body, once for each key that is handed in: RSA
 * (RFC 8301) and Ed25519 (RFC 8463). It reads no clock and keeps no key.
 */
import { createHash, type KeyObject, sign } from 'node:crypto';

export interface DkimKey {
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: KeyObject;
}

const encoder = new TextEncoder();

/**
 * Signed once more than they occur, so that nobody can add another one and have it shown under our name (RFC 6376
 * §8.15). The unsubscribe fields are among them: RFC 8058 §4 wants them covered.
 */
const sealedFields = [
  ...['from', 'to', 'cc', 'subject', 'date', 'message-id', 'reply-to', 'mime-version', 'content-type'],
  ...['content-transfer-encoding', 'list-unsubscribe', 'list-unsubscribe-post'],
];
/** The same where they occur; where not, a mailing list may add them (RFC 6376 §5.4.1). */
const fieldsIfPresent = [
  ...['sender', 'in-reply-to', 'references', 'list-id', 'list-help', 'list-owner', 'list-post', 'list-subscribe'],
  // RFC 8460 §5.3.
  ...['tls-report-domain', 'tls-report-submitter'],
  ...['list-archive', 'feedback-id', 'auto-submitted', 'precedence', 'content-id', 'content-description'],
];

/**
 * The DKIM-Signature fields to put before the message, one for each key; ASCII, each with its CRLF. What takes long, the
 * signing itself, is done beside the caller's thread.
 */
export async function dkimSignatures(message: Uint8Array, keys: readonly DkimKey[], signedAt: Date): Promise<string> {
  if (keys.length === 0) return '';
  const { fields, bodyStart } = readFields(message);
  const bodyHash = base64(createHash('sha256').update(relaxedBody(message, bodyStart)).digest());
  const names = signedNames(fields);
  const header = joined(inSignedOrder(fields, names).map((field) => relaxedField(message, field)));
  const seconds = Math.floor(signedAt.getTime() / 1000);
  const fieldsOfKeys = keys.map((key) => signature(key, header, names, bodyHash, seconds));
  return (await Promise.all(fieldsOfKeys)).join('');
}

async function signature(
  key: DkimKey,
  header: Uint8Array,
  names: readonly string[],
  bodyHash: string,
  seconds: number,
): Promise<string> {
  // Written as it is hashed but for folds where white space stands, which relaxed canonicalisation undoes (§3.4.2).
  const tags = [
    `v=1; a=${key.algorithm}; c=relaxed/relaxed; d=${key.domain};`,
    `s=${key.selector}; t=${seconds};`,
    `h=${folded(names)};`,
    `bh=${bodyHash};`,
    'b=',
  ].join('\r\n ');
  const unsigned = encoder.encode(`dkim-signature:${tags.replaceAll('\r\n ', ' ')}`);
  const input = joined([header, unsigned]);
  const signed =
    key.algorithm === 'rsa-sha256'
      ? await signWith('sha256', input, key.privateKey)
      : // RFC 8463 §3: what is signed is the hash.
        await signWith(null, createHash('sha256').update(input).digest(), key.privateKey);
  return `DKIM-Signature: ${tags}${base64(signed)
    .match(/.{1,72}/g)
    ?.join('\r\n ')}\r\n`;
}

const signWith = (algorithm: 'sha256' | null, input: Uint8Array, key: KeyObject): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    sign(algorithm, input, key, (error, signed) => (error === null ? resolve(signed) : reject(error)));
  });

/** Lines of at most 78 characters (RFC 5322 §2.1.1), broken behind a colon. */
function folded(names: readonly string[]): string {
  let line = '';
  const lines: string[] = [];
  for (const [place, name] of names.entries()) {
    const piece = place === names.length - 1 ? name : `${name}:`;
    if (line.length + piece.length > 70) {
      lines.push(line);
      line = '';
    }
    line += piece;
  }
  return [...lines, line].join('\r\n ');
}

interface Field {
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

const [tab, lf, cr, space, colon] = [0x09, 0x0a, 0x0d, 0x20, 0x3a];
const isBlank = (octet: number | undefined): boolean => octet === space || octet === tab;

/** A line ends with LF, as what leaves does: a lone one gets its CR on the way. */
function readFields(message: Uint8Array): { readonly fields: Field[]; readonly bodyStart: number } {
  const fields: Field[] = [];
  let at = 0;
  while (at < message.length) {
    const lineEnd = message.indexOf(lf, at);
    const end = lineEnd === -1 ? message.length : lineEnd + 1;
    const first = message[at];
    if (first === lf || (first === cr && message[at + 1] === lf)) return { fields, bodyStart: end };
    const last = fields.at(-1);
    if (isBlank(first) && last !== undefined) fields[fields.length - 1] = { ...last, end };
    else {
      const mark = message.indexOf(colon, at);
      if (mark > at && mark < end)
        fields.push({ name: nameOf(message, at, mark), start: at, valueStart: mark + 1, end });
    }
    at = end;
  }
  return { fields, bodyStart: message.length };
}

function nameOf(message: Uint8Array, start: number, end: number): string {
  let name = '';
  for (let at = start; at < end; at++) if (!isBlank(message[at])) name += String.fromCharCode(message[at] ?? 0);
  return name.toLowerCase();
}

function signedNames(fields: readonly Field[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of fields) counts.set(name, (counts.get(name) ?? 0) + 1);
  const times = (name: string, count: number): string[] => Array.from({ length: count }, () => name);
  return [
    ...sealedFields.flatMap((name) => times(name, (counts.get(name) ?? 0) + 1)),
    ...fieldsIfPresent.flatMap((name) => times(name, counts.has(name) ? (counts.get(name) ?? 0) + 1 : 0)),
  ];
}

/** RFC 6376 §5.4.2: of several with one name the last is signed first; one too many stands for nothing. */
function inSignedOrder(fields: readonly Field[], names: readonly string[]): Field[] {
  const rest = Map.groupBy(fields, ({ name }) => name);
  return names.flatMap((name) => rest.get(name)?.pop() ?? []);
}

/** §3.4.2: the name in lower case, folds undone, each run of white space one space, none at either end of the value. */
function relaxedField(message: Uint8Array, field: Field): Uint8Array {
  const name = encoder.encode(`${field.name}:`);
  const out = new Uint8Array(name.length + field.end - field.valueStart + 2);
  out.set(name);
  let size = name.length;
  let isWaiting = false;
  for (let at = field.valueStart; at < field.end; at++) {
    const octet = message[at] ?? 0;
    if (octet === lf || (octet === cr && message[at + 1] === lf)) continue;
    if (isBlank(octet)) isWaiting = true;
    else {
      if (isWaiting && size > name.length) out[size++] = space;
      isWaiting = false;
      out[size++] = octet;
    }
  }
  out[size++] = cr;
  out[size++] = lf;
  return out.subarray(0, size);
}

/** §3.4.4: runs of white space are one space, none at the end of a line, no empty lines at the end of the body. */
function relaxedBody(message: Uint8Array, start: number): Uint8Array {
  // A lone LF grows by its CR, and the last line by its end.
  const out = new Uint8Array((message.length - start) * 2 + 2);
  let size = 0;
  /** As long as the body is when everything after its last line with something on it is left out. */
  let filled = 0;
  let isWaiting = false;
  for (let at = start; at < message.length; at++) {
    const octet = message[at] ?? 0;
    if (octet === cr && message[at + 1] === lf) continue;
    if (octet === lf) {
      isWaiting = false;
      out[size++] = cr;
      out[size++] = lf;
    } else if (octet === space || octet === tab) isWaiting = true;
    else {
      if (isWaiting) out[size++] = space;
      isWaiting = false;
      out[size++] = octet;
      filled = size;
    }
  }
  if (filled === 0) return new Uint8Array(0);
  out[filled] = cr;
  out[filled + 1] = lf;
  return out.subarray(0, filled + 2);
}

const base64 = (octets: Uint8Array): string => octets.toBase64();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
