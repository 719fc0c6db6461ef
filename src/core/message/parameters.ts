/**
 * `type/subtype; name=value` headers (RFC 2045 §5.1, RFC 2183) with comments, quoted strings and RFC 2231 pieces.
 * Reads leniently in one pass; what two readers could understand differently is called ambiguous, never guessed away.
 */
import { decodeText } from './octets.ts';

export interface StructuredValue {
  /** The part before the first `;`, lower case, comments and white space gone. */
  readonly value: string;
  /** Names in lower case; the first of two equal names counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** A parameter was given twice with different values. */
  readonly isAmbiguous: boolean;
}

interface Reader {
  readonly text: string;
  at: number;
}

interface Piece {
  readonly index: number;
  readonly isEncoded: boolean;
  readonly value: string;
}

export function readStructuredValue(text: string): StructuredValue {
  const reader: Reader = { text, at: 0 };
  const value = readValue(reader).split(/\s/, 1)[0] ?? '';
  const plain = new Map<string, string>();
  const pieces = new Map<string, Piece[]>();
  let isAmbiguous = false;
  while (reader.at < text.length) {
    const name = readName(reader);
    if (text[reader.at] !== '=') {
      reader.at++;
      continue;
    }
    reader.at++;
    isAmbiguous = storeParameter(name, readValue(reader), plain, pieces) || isAmbiguous;
    reader.at++;
  }
  for (const [name, list] of pieces) {
    const joined = joinPieces(list);
    isAmbiguous ||= plain.has(name) && plain.get(name) !== joined && name === 'boundary';
    if (!plain.has(name) || name !== 'boundary') plain.set(name, joined);
  }
  return { value: value.toLowerCase(), parameters: plain, isAmbiguous };
}

/** Says whether the name was there already with another value. */
function storeParameter(
  name: string,
  value: string,
  plain: Map<string, string>,
  pieces: Map<string, Piece[]>,
): boolean {
  const star = name.indexOf('*');
  if (star > 0) {
    const index = Number.parseInt(name.slice(star + 1), 10);
    const list = pieces.get(name.slice(0, star)) ?? [];
    list.push({ index: Number.isNaN(index) ? 0 : index, isEncoded: name.endsWith('*'), value });
    pieces.set(name.slice(0, star), list);
    return false;
  }
  const before = plain.get(name);
  if (before === undefined) plain.set(name, value);
  return before !== undefined && before !== value;
}

function readName(reader: Reader): string {
  let name = '';
  while (reader.at < reader.text.length) {
    const char = reader.text[reader.at] ?? '';
    if (char === '=' || char === ';') break;
    if (char === '(') {
      skipComment(reader);
      continue;
    }
    if (char > ' ') name += char;
    reader.at++;
  }
  return name.toLowerCase();
}

/** Up to the `;` that ends it; the reader stops on that `;`. */
function readValue(reader: Reader): string {
  let value = '';
  let pendingSpace = '';
  while (reader.at < reader.text.length) {
    const char = reader.text[reader.at] ?? '';
    if (char === ';') break;
    if (char === '"') {
      value += pendingSpace + readQuoted(reader);
      pendingSpace = '';
      continue;
    }
    // RFC 822 comments stand where white space may; `Invoice(1).pdf` is a file name.
    if (char === '(' && (value === '' || pendingSpace !== '')) {
      skipComment(reader);
      continue;
    }
    if (char === ' ' || char === '\t') pendingSpace = value === '' ? '' : ' ';
    else {
      value += pendingSpace + char;
      pendingSpace = '';
    }
    reader.at++;
  }
  return value;
}

function readQuoted(reader: Reader): string {
  let value = '';
  reader.at++;
  while (reader.at < reader.text.length) {
    const char = reader.text[reader.at++] ?? '';
    if (char === '"') break;
    if (char === '\\' && reader.at < reader.text.length) value += reader.text[reader.at++] ?? '';
    else value += char;
  }
  return value;
}

/** A comment that never closes runs to the end (RFC 5322 §3.2.2 has no other reading). */
export function skipComment(reader: { readonly text: string; at: number }): void {
  let depth = 0;
  while (reader.at < reader.text.length) {
    const char = reader.text[reader.at++];
    if (char === '\\') reader.at++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return;
  }
}

// RFC 2231 §3, §4: pieces in order of their numbers up to the first gap; the charset stands in the first.
function joinPieces(list: Piece[]): string {
  const ordered = list.toSorted((a, b) => a.index - b.index);
  const octets: number[] = [];
  let charset = '';
  let expected = 0;
  for (const piece of ordered) {
    if (piece.index !== expected) break;
    let { value } = piece;
    if (piece.isEncoded && expected === 0) {
      const quoted = /^([^']*)'[^']*'/.exec(value);
      charset = (quoted?.[1] ?? '').toLowerCase();
      value = value.slice(quoted?.[0].length ?? 0);
    }
    pushOctets(octets, value, piece.isEncoded);
    expected++;
  }
  return decodeText(Uint8Array.from(octets), charset);
}

function pushOctets(octets: number[], value: string, isEncoded: boolean): void {
  for (let i = 0; i < value.length; i++) {
    const hex = isEncoded && value[i] === '%' ? value.slice(i + 1, i + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      octets.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      octets.push(value.charCodeAt(i) & 0xff);
    }
  }
}
