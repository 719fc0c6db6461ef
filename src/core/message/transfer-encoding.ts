/**
 * Undoes transfer encodings while remembering where every octet stood, so that edits can be made in the encoded octets.
 * Decoding never repairs: what is not base64 is said to be malformed.
 */
import { asciiView } from './octets.ts';

/** A decoded body and where its octets were written: in runs that stand side by side in both. */
export interface QuotedPrintableBody {
  readonly decoded: Uint8Array;
  /** Start of each run in `decoded`, ascending, and in the message. */
  readonly runStarts: readonly number[];
  readonly writtenStarts: readonly number[];
  /** Where octets ≥ 0x80 are, or null when some were not encoded (RFC 2045 §6.7 forbids that). */
  readonly highAt: readonly number[] | null;
}

interface Decoding {
  readonly decoded: Uint8Array;
  readonly runStarts: number[];
  readonly writtenStarts: number[];
  readonly highAt: number[];
  isHighUnencoded: boolean;
  length: number;
}

export function decodeQuotedPrintable(octets: Uint8Array, start: number, end: number): QuotedPrintableBody {
  const body: Decoding = {
    decoded: new Uint8Array(end - start),
    runStarts: [],
    writtenStarts: [],
    highAt: [],
    isHighUnencoded: false,
    length: 0,
  };
  let at = start;
  while (at < end) {
    if (octets[at] === 0x3d) at = decodeEscape(body, octets, at, end);
    if (at < end && octets[at] !== 0x3d) at = copyRun(body, octets, at, end);
  }
  const { runStarts, writtenStarts, highAt, isHighUnencoded } = body;
  const decoded = body.decoded.subarray(0, body.length);
  return { decoded, runStarts, writtenStarts, highAt: isHighUnencoded ? null : highAt };
}

function startRun(body: Decoding, at: number): void {
  body.runStarts.push(body.length);
  body.writtenStarts.push(at);
}

/** Copies up to the next `=` or to a line end with blanks before it. */
function copyRun(body: Decoding, octets: Uint8Array, start: number, end: number): number {
  const { decoded } = body;
  if (octets[start] === 0x0d) dropTrailingBlanks(body, octets);
  startRun(body, start);
  let { length } = body;
  let at = start;
  let seen = 0;
  while (at < end) {
    const octet = octets[at] as number;
    if (octet === 0x3d || (octet === 0x0d && at > start && isBlank(octets[at - 1]))) break;
    decoded[length++] = octet;
    seen |= octet;
    at++;
  }
  body.isHighUnencoded ||= seen > 0x7f;
  body.length = length;
  return at;
}

/** RFC 2045 §6.7 rule 3: white space at the end of an encoded line was added in transport, unless it is encoded itself. */
function dropTrailingBlanks(body: Decoding, octets: Uint8Array): void {
  while (body.length > 0 && isBlank(body.decoded[body.length - 1])) {
    if (octets[writtenAt(body, body.length - 1)] === 0x3d) return;
    body.length--;
    if (body.runStarts.at(-1) === body.length) {
      body.runStarts.pop();
      body.writtenStarts.pop();
    }
  }
}

function decodeEscape(body: Decoding, octets: Uint8Array, at: number, end: number): number {
  const code = hexPair(octets, at + 1, end);
  const next = code < 0 ? afterSoftBreak(octets, at + 1, end) : at + 3;
  if (code < 0 && next > 0) return next;
  startRun(body, at);
  if (code > 0x7f) body.highAt.push(body.length);
  body.decoded[body.length++] = code < 0 ? 0x3d : code;
  return code < 0 ? at + 1 : next;
}

type Runs = Pick<QuotedPrintableBody, 'runStarts' | 'writtenStarts'>;

/** Where in the message the decoded octet `index` was written. */
export function writtenAt(body: Runs, index: number): number {
  let low = 0;
  let high = body.runStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((body.runStarts[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return (body.writtenStarts[low] ?? 0) + index - (body.runStarts[low] ?? 0);
}

function isBlank(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09;
}

/** The octet that two hexadecimal digits of either case stand for, or -1. */
function hexPair(octets: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  const high = hexValue(octets[at] as number);
  const low = hexValue(octets[at + 1] as number);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Where reading goes on after a soft break, blanks before its line end included; -1 when it is a literal `=`. */
function afterSoftBreak(octets: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && isBlank(octets[next])) next++;
  if (next >= end) return end;
  return octets[next] === 0x0d ? Math.min(next + 2, end) : -1;
}

/** Where what stands at decoded position `index` ends in the message. */
export function writtenEnd(octets: Uint8Array, body: QuotedPrintableBody, index: number): number {
  const at = writtenAt(body, index);
  return octets[at] === 0x3d && hexPair(octets, at + 1, octets.length) >= 0 ? at + 3 : at + 1;
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
