/**
 * Opens mail that came back: header fields and leaves as text. It forgives what a message to be sent would be refused for,
 * because nobody can be asked to send a bounce again. Depth, parts and octets looked at are bounded; it never throws.
 */
import { asciiView, decodeText, guessText } from '../message/octets.ts';
import { readStructuredValue } from '../message/parameters.ts';
import { decodeQuotedPrintable } from '../message/transfer-encoding.ts';

/** By name in lower case, each unfolded. */
export type Fields = ReadonlyMap<string, readonly string[]>;

export interface OpenLeaf {
  /** `type/subtype` in lower case. */
  readonly type: string;
  readonly text: string;
}

export interface OpenMail {
  readonly fields: Fields;
  /** Of the whole message. */
  readonly type: string;
  readonly leaves: readonly OpenLeaf[];
}

const maxDepth = 8;
const maxLeaves = 64;
const maxHeaderBytes = 64 * 1024;
const maxLeafBytes = 128 * 1024;

interface Opening {
  readonly octets: Uint8Array;
  /** One character an octet. */
  readonly view: string;
  readonly leaves: OpenLeaf[];
}

export function openMail(octets: Uint8Array): OpenMail {
  const opening: Opening = { octets, view: asciiView(octets), leaves: [] };
  const { fields, type } = openPart(opening, { start: 0, end: octets.length, depth: 0 });
  return { fields, type, leaves: opening.leaves };
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

function openPart(opening: Opening, { start, end, depth }: Span): { fields: Fields; type: string } {
  const head = opening.view.slice(start, Math.min(end, start + maxHeaderBytes));
  const [blank, bodyAt] = endOfHeader(head);
  const fields = readFields(guessText(opening.octets.subarray(start, start + blank)));
  const { value, parameters } = readStructuredValue(first(fields, 'content-type') ?? 'text/plain');
  const type = /^[^\s/]+\/[^\s/]+$/.test(value) ? value : 'text/plain';
  const boundary = parameters.get('boundary') ?? '';
  const bodyStart = Math.min(end, start + bodyAt);
  if (type.startsWith('multipart/') && boundary !== '' && depth < maxDepth)
    openParts(opening, boundary, { start: bodyStart, end, depth });
  else if (opening.leaves.length < maxLeaves)
    opening.leaves.push({
      type,
      text: textOf(opening, { bodyStart, end, fields, charset: parameters.get('charset') }),
    });
  return { fields, type };
}

/** Where the empty line is, and where the body begins behind it. */
function endOfHeader(head: string): [blank: number, bodyAt: number] {
  if (/^\r?\n/.test(head)) return [0, head.startsWith('\r') ? 2 : 1];
  const found = /\r?\n\r?\n/.exec(head);
  return found === null ? [head.length, head.length] : [found.index, found.index + found[0].length];
}

/** RFC 2046 §5.1.1, leniently: whatever begins a line with the boundary ends a part. */
function openParts(opening: Opening, boundary: string, { start, end, depth }: Span): void {
  const delimiter = `--${boundary}`;
  const next = (from: number): number => {
    for (let at = opening.view.indexOf(delimiter, from); ; at = opening.view.indexOf(delimiter, at + 1)) {
      if (at < 0 || at >= end) return -1;
      if (at === start || opening.view[at - 1] === '\n') return at;
    }
  };
  let at = next(start);
  while (at >= 0 && opening.leaves.length < maxLeaves) {
    const line = opening.view.indexOf('\n', at);
    const isLast = opening.view.startsWith('--', at + delimiter.length);
    if (isLast || line < 0 || line >= end) return;
    const following = next(line + 1);
    openPart(opening, { start: line + 1, end: following < 0 ? end : following, depth: depth + 1 });
    at = following;
  }
}

export function readFields(head: string): Fields {
  const fields = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of head.split(/\r?\n/)) {
    const field = /^([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)$/.exec(line);
    if (field !== null) {
      const name = (field[1] ?? '').toLowerCase();
      current = fields.get(name) ?? [];
      fields.set(name, current);
      current.push(field[2] ?? '');
    } else if (/^[ \t]/.test(line) && current !== undefined && (current.at(-1)?.length ?? 0) < 8_192)
      current[current.length - 1] += ` ${line.trim()}`;
  }
  return fields;
}

export const first = (fields: Fields, name: string): string | undefined => fields.get(name)?.[0];

interface Body {
  readonly bodyStart: number;
  readonly end: number;
  readonly fields: Fields;
  readonly charset: string | undefined;
}

function textOf({ octets, view }: Opening, { bodyStart, end: partEnd, fields, charset }: Body): string {
  const end = Math.min(partEnd, bodyStart + maxLeafBytes);
  const encoding = (first(fields, 'content-transfer-encoding') ?? '').trim().toLowerCase();
  const decoded = encoding.startsWith('base64')
    ? looseBase64(view.slice(bodyStart, end))
    : encoding.startsWith('quoted-printable')
      ? decodeQuotedPrintable(octets, bodyStart, end).decoded
      : octets.subarray(bodyStart, end);
  return decodeText(decoded, (charset ?? '').trim().toLowerCase());
}

/** What is no letter of base64 is left out, as is what a cut left over (RFC 2045 §6.8). */
function looseBase64(text: string): Uint8Array {
  const letters = text.replace(/[^A-Za-z0-9+/]/g, '');
  try {
    return Uint8Array.fromBase64(letters.slice(0, letters.length - (letters.length % 4 === 1 ? 1 : 0)));
  } catch {
    return new Uint8Array(0);
  }
}
