/**
 * Opens the body of a leaf for reading: a view in which markup can be found, and the true text of any piece of it.
 * What cannot be read with certainty is closed with a reason; nothing is repaired.
 */
import { maskEscaped, readCharset } from './charset.ts';
import { decodeText, hiddenCode, markupView, markupViewHiding } from './octets.ts';
import type { Part } from './read-message.ts';
import { decodeBase64, decodeQuotedPrintable, type QuotedPrintableBody } from './transfer-encoding.ts';

export type ClosedReason =
  | 'ambiguous-structure'
  | 'transfer-encoding-unknown'
  | 'base64-malformed'
  | 'charset-unreadable'
  | 'body-too-large';

export interface LeafText {
  readonly kind: 'open';
  readonly part: Part;
  readonly encoding: 'raw' | 'quoted-printable' | 'base64';
  /** One character for each octet (or wider unit) of the decoded body; what is not ASCII is hidden. */
  readonly view: string;
  /** Octets of one character: 2 or 4 for UTF-16 and UTF-32. */
  readonly unitOctets: 1 | 2 | 4;
  readonly isBigEndian: boolean;
  readonly quotedPrintable: QuotedPrintableBody | null;
  /** The true text of [start, end) of the view. */
  textOf(start: number, end: number): string;
}

export interface ClosedLeaf {
  readonly kind: 'closed';
  readonly reason: ClosedReason;
}

/** Encoded octets; mail programs cut off far below (Gmail after 102 kB). */
const leafOctetsMax = 8 * 1024 * 1024;

export function openLeaf(octets: Uint8Array, part: Part): LeafText | ClosedLeaf {
  if (part.isAmbiguous) return closed('ambiguous-structure');
  if (part.bodyEnd - part.bodyStart > leafOctetsMax) return closed('body-too-large');
  switch (part.encoding) {
    case '7bit':
    case '8bit':
    case 'binary':
    case '':
      return openNarrow(part, 'raw', octets.subarray(part.bodyStart, part.bodyEnd), null);
    case 'quoted-printable': {
      const body = decodeQuotedPrintable(octets, part.bodyStart, part.bodyEnd);
      return openNarrow(part, 'quoted-printable', body.decoded, body);
    }
    case 'base64':
      return openBase64(octets, part);
    default:
      return closed('transfer-encoding-unknown');
  }
}

function closed(reason: ClosedReason): ClosedLeaf {
  return { kind: 'closed', reason };
}

function openBase64(octets: Uint8Array, part: Part): LeafText | ClosedLeaf {
  const body = decodeBase64(octets, part.bodyStart, part.bodyEnd);
  if (!body) return closed('base64-malformed');
  const charset = readCharset(part.parameters.get('charset'));
  return charset.kind === 'wide'
    ? openWide(part, body, charset.unitOctets, charset.label)
    : openNarrow(part, 'base64', body, null);
}

function openNarrow(
  part: Part,
  encoding: LeafText['encoding'],
  body: Uint8Array,
  quotedPrintable: QuotedPrintableBody | null,
): LeafText | ClosedLeaf {
  const charset = readCharset(part.parameters.get('charset'));
  if (charset.kind === 'unreadable' || charset.kind === 'wide') return closed('charset-unreadable');
  const highAt = quotedPrintable?.highAt;
  const plainView = highAt ? markupViewHiding(body, highAt) : markupView(body);
  const view = charset.kind === 'escaped' ? maskEscaped(plainView, charset.system) : plainView;
  return {
    kind: 'open',
    part,
    encoding,
    view,
    unitOctets: 1,
    isBigEndian: false,
    quotedPrintable,
    textOf: (start, end) => trueText(view, body, start, end, charset.label),
  };
}

/** ASCII needs no decoding, which is nearly every address. */
function trueText(view: string, body: Uint8Array, start: number, end: number, label: string): string {
  const text = view.slice(start, end);
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) === hiddenCode) return decodeText(body.subarray(start, end), label);
  return text;
}

// UTF-16 and UTF-32 occur in base64 only: RFC 2781 §4 and RFC 2045 §2.8 forbid them unencoded in text.
function openWide(part: Part, body: Uint8Array, unitOctets: 2 | 4, label: string): LeafText | ClosedLeaf {
  const isBigEndian = findBigEndian(body, unitOctets, label);
  const codes: number[] = [];
  for (let at = 0; at + unitOctets <= body.length; at += unitOctets) {
    let code = 0;
    for (let i = 0; i < unitOctets; i++)
      code = code * 256 + (body[isBigEndian ? at + i : at + unitOctets - 1 - i] ?? 0);
    codes.push(code);
  }
  const view = joinCodes(codes);
  // Mislabelled text would be damaged by a wide insertion.
  if (!view.includes('<') && part.type === 'text/html') return closed('charset-unreadable');
  return {
    kind: 'open',
    part,
    encoding: 'base64',
    view,
    unitOctets,
    isBigEndian,
    quotedPrintable: null,
    textOf: (start, end) => wideText(codes.slice(start, end)),
  };
}

function wideText(codes: readonly number[]): string {
  return codes.map((code) => (code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd')).join('');
}

function joinCodes(codes: readonly number[]): string {
  const pieces: string[] = [];
  for (let at = 0; at < codes.length; at += 4_096)
    pieces.push(String.fromCharCode(...codes.slice(at, at + 4_096).map((code) => (code > 0x7f ? hiddenCode : code))));
  return pieces.join('');
}

/** By the label, else the byte order mark, else where the zero octets of the first character stand. */
function findBigEndian(body: Uint8Array, unitOctets: 2 | 4, label: string): boolean {
  if (label.endsWith('be')) return true;
  if (label.endsWith('le')) return false;
  const first = body[0] ?? 0;
  const last = body[unitOctets - 1] ?? 0;
  if (unitOctets === 2 && first === 0xfe && last === 0xff) return true;
  if (unitOctets === 4 && first === 0 && last === 0xff) return true;
  return first === 0 && last !== 0;
}
