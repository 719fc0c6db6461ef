/**
 * Opens the body of a leaf for reading: a view in which markup can be found, and the true text of any piece of it.
 * What cannot be read with certainty is closed with a reason; nothing is repaired.
 */
import { maskEscaped, readCharset } from './charset.ts';
import { asciiView, decodeText } from './octets.ts';
import type { Part } from './read-message.ts';
import {
  decodeBase64,
  type QuotedPrintableText,
  quotedPrintableOctets,
  readQuotedPrintable,
} from './transfer-encoding.ts';

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
  /** One character for each octet (or wider unit) of the decoded body; only ASCII is to be believed. */
  readonly view: string;
  /** Octets of one character: 2 or 4 for UTF-16 and UTF-32. */
  readonly unitOctets: 1 | 2 | 4;
  readonly isBigEndian: boolean;
  readonly quotedPrintable: QuotedPrintableText | null;
  /** The true text of [start, end) of the view. */
  textOf(start: number, end: number): string;
}

export interface ClosedLeaf {
  readonly kind: 'closed';
  readonly reason: ClosedReason;
}

/** Encoded octets; mail programs cut off far below (Gmail after 102 kB). */
export const leafOctetsMax = 16 * 1024 * 1024;

export function openLeaf(octets: Uint8Array, part: Part): LeafText | ClosedLeaf {
  if (part.isAmbiguous) return closed('ambiguous-structure');
  if (part.bodyEnd - part.bodyStart > leafOctetsMax) return closed('body-too-large');
  switch (part.encoding) {
    case '7bit':
    case '8bit':
    case 'binary':
    case '':
      return openRaw(octets, part);
    case 'quoted-printable':
      return openQuotedPrintable(octets, part);
    case 'base64':
      return openBase64(octets, part);
    default:
      return closed('transfer-encoding-unknown');
  }
}

function closed(reason: ClosedReason): ClosedLeaf {
  return { kind: 'closed', reason };
}

type Opened = Omit<LeafText, 'kind' | 'part' | 'unitOctets' | 'isBigEndian'>;

function narrow(part: Part, opened: Opened): LeafText | ClosedLeaf {
  const charset = readCharset(part.parameters.get('charset'));
  if (charset.kind === 'unreadable' || charset.kind === 'wide') return closed('charset-unreadable');
  const view = charset.kind === 'escaped' ? maskEscaped(opened.view, charset.system) : opened.view;
  return { kind: 'open', part, ...opened, view, unitOctets: 1, isBigEndian: false };
}

function openRaw(octets: Uint8Array, part: Part): LeafText | ClosedLeaf {
  const body = octets.subarray(part.bodyStart, part.bodyEnd);
  const view = asciiView(body);
  const label = charsetLabel(part);
  return narrow(part, {
    encoding: 'raw',
    view,
    quotedPrintable: null,
    textOf: (start, end) => trueText(view, start, end, label, () => body.subarray(start, end)),
  });
}

function openQuotedPrintable(octets: Uint8Array, part: Part): LeafText | ClosedLeaf {
  const quotedPrintable = readQuotedPrintable(octets, part.bodyStart, part.bodyEnd);
  const { view } = quotedPrintable;
  const label = charsetLabel(part);
  return narrow(part, {
    encoding: 'quoted-printable',
    view,
    quotedPrintable,
    textOf: (start, end) =>
      trueText(view, start, end, label, () =>
        start === end
          ? new Uint8Array(0)
          : quotedPrintableOctets(octets, quotedPrintable.spanOf(start).start, quotedPrintable.spanOf(end - 1).end),
      ),
  });
}

function openBase64(octets: Uint8Array, part: Part): LeafText | ClosedLeaf {
  const body = decodeBase64(octets, part.bodyStart, part.bodyEnd);
  if (!body) return closed('base64-malformed');
  const charset = readCharset(part.parameters.get('charset'));
  if (charset.kind === 'wide') return openWide(part, body, charset.unitOctets, charset.label);
  const view = asciiView(body);
  const label = charsetLabel(part);
  return narrow(part, {
    encoding: 'base64',
    view,
    quotedPrintable: null,
    textOf: (start, end) => trueText(view, start, end, label, () => body.subarray(start, end)),
  });
}

function charsetLabel(part: Part): string {
  return readCharset(part.parameters.get('charset')).label;
}

/** ASCII needs no decoding, which is nearly every address. */
function trueText(view: string, start: number, end: number, label: string, octets: () => Uint8Array): string {
  const text = view.slice(start, end);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f || code === 0x1b) return decodeText(octets(), label);
  }
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
  const view = joinCodes(codes, (code) => (code > 0xffff ? 0xfffd : code));
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
    textOf: (start, end) => codes.slice(start, end).reduce((text, code) => text + safeCodePoint(code), ''),
  };
}

function safeCodePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

function joinCodes(codes: readonly number[], unit: (code: number) => number): string {
  const pieces: string[] = [];
  for (let at = 0; at < codes.length; at += 4_096)
    pieces.push(String.fromCharCode(...codes.slice(at, at + 4_096).map(unit)));
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
