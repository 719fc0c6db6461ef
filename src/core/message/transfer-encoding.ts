/**
 * Undoes transfer encodings while remembering where every character stood, so that edits can be made in the encoded octets.
 * Decoding never repairs: what is not base64 is said to be malformed.
 */
import { asciiView } from './octets.ts';

/** A decoded quoted-printable body: runs of characters that stand side by side in the encoded text as well. */
export interface QuotedPrintableText {
  readonly view: string;
  /** Octets of the message from which position `index` of the view came. */
  spanOf(index: number): { readonly start: number; readonly end: number };
}

interface Runs {
  readonly pieces: string[];
  /** Where each run begins in the view, where in the message, and how many octets one character of it takes (1 or 3). */
  readonly viewStarts: number[];
  readonly octetStarts: number[];
  readonly widths: number[];
  length: number;
}

export function readQuotedPrintable(octets: Uint8Array, start: number, end: number): QuotedPrintableText {
  const encoded = asciiView(octets.subarray(start, end));
  const runs: Runs = { pieces: [], viewStarts: [], octetStarts: [], widths: [], length: 0 };
  const hasTrailingBlanks = encoded.includes(' \r\n') || encoded.includes('\t\r\n');
  const pushText = hasTrailingBlanks ? pushTrimmed : pushRun;
  let at = 0;
  while (at < encoded.length) {
    const escapeAt = encoded.indexOf('=', at);
    if (escapeAt < 0) {
      pushText(runs, encoded, at, encoded.length, start);
      break;
    }
    if (escapeAt > at) pushText(runs, encoded, at, escapeAt, start);
    at = pushEscape(runs, encoded, escapeAt, start);
  }
  return { view: runs.pieces.join(''), spanOf: (index) => spanOf(runs, index) };
}

function pushRun(runs: Runs, encoded: string, from: number, to: number, base: number): void {
  runs.viewStarts.push(runs.length);
  runs.octetStarts.push(base + from);
  runs.widths.push(1);
  runs.pieces.push(encoded.slice(from, to));
  runs.length += to - from;
}

/** RFC 2045 §6.7 rule 3: white space at the end of an encoded line was added in transport. */
function pushTrimmed(runs: Runs, encoded: string, from: number, to: number, base: number): void {
  let at = from;
  while (at < to) {
    const lineEnd = encoded.indexOf('\r\n', at);
    if (lineEnd < 0 || lineEnd >= to) break;
    let contentEnd = lineEnd;
    while (contentEnd > at && isBlank(encoded.charCodeAt(contentEnd - 1))) contentEnd--;
    if (contentEnd > at) pushRun(runs, encoded, at, contentEnd, base);
    pushRun(runs, encoded, lineEnd, lineEnd + 2, base);
    at = lineEnd + 2;
  }
  if (at < to) pushRun(runs, encoded, at, to, base);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** `=XX` (either case), a soft line break (blanks may follow the `=`), or a literal `=`; returns where reading goes on. */
function pushEscape(runs: Runs, encoded: string, at: number, base: number): number {
  const high = hexValue(encoded.charCodeAt(at + 1));
  const low = hexValue(encoded.charCodeAt(at + 2));
  if (high >= 0 && low >= 0) {
    runs.viewStarts.push(runs.length);
    runs.octetStarts.push(base + at);
    runs.widths.push(3);
    runs.pieces.push(String.fromCharCode(high * 16 + low));
    runs.length++;
    return at + 3;
  }
  let next = at + 1;
  while (next < encoded.length && isBlank(encoded.charCodeAt(next))) next++;
  if (next >= encoded.length) return encoded.length;
  if (encoded.charCodeAt(next) === 0x0d) return next + 2;
  pushRun(runs, encoded, at, at + 1, base);
  return at + 1;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function spanOf(runs: Runs, index: number): { start: number; end: number } {
  let low = 0;
  let high = runs.viewStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((runs.viewStarts[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  const start = (runs.octetStarts[low] ?? 0) + index - (runs.viewStarts[low] ?? 0);
  return { start, end: start + (runs.widths[low] ?? 1) };
}

/** The octets that the view characters [from, to) stand for, past soft breaks and escapes. */
export function quotedPrintableOctets(octets: Uint8Array, start: number, end: number): Uint8Array {
  const { view } = readQuotedPrintable(octets, start, end);
  // The view shows literal octets ≥ 0x80 as other characters; a legal body has none (RFC 2045 §6.7).
  return Uint8Array.from(view, (char) => char.charCodeAt(0) & 0xff);
}

/** Null when it is not base64 from end to end (a footer glued on by a relay, characters outside the alphabet). */
export function decodeBase64(octets: Uint8Array, start: number, end: number): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(asciiView(octets.subarray(start, end)));
  } catch {
    return null;
  }
}

/** Characters on a line of the encoded body, 0 when it has one line only. */
export function base64LineWidth(octets: Uint8Array, start: number, end: number): number {
  let first = start;
  while (first < end && (octets[first] ?? 0) <= 0x20) first++;
  const lineEnd = octets.indexOf(0x0d, first);
  if (lineEnd < 0 || lineEnd >= end) return 0;
  let next = lineEnd;
  while (next < end && (octets[next] ?? 0) <= 0x20) next++;
  return next < end ? lineEnd - first : 0;
}
