/**
 * Header fields as spans of the message: where a field stands, and its value unfolded on demand.
 * It never changes a field and never decides what one means.
 */
import { asciiView, guessText } from './octets.ts';

export interface HeaderField {
  /** Lower case. */
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  /** After the CRLF of its last line. */
  readonly end: number;
}

/** The value with folds undone (RFC 5322 §2.2.3) and outer white space gone; octets ≥ 0x80 as UTF-8 or windows-1252. */
export function fieldValue(octets: Uint8Array, field: HeaderField): string {
  const raw = octets.subarray(field.valueStart, field.end);
  const view = asciiView(raw);
  const text = isAscii(view) ? view : guessText(raw);
  return text.replaceAll('\r\n', '').trim();
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

export function fieldsNamed(fields: readonly HeaderField[], name: string): HeaderField[] {
  return fields.filter((field) => field.name === name);
}

export type HeaderLine =
  | { readonly kind: 'field'; readonly name: string; readonly valueStart: number }
  | { readonly kind: 'continuation' }
  | { readonly kind: 'malformed' };

/** Judges one non-empty header line of [start, end). RFC 5322 §2.2, §4.5.8: white space before the colon is obsolete, not wrong. */
export function readHeaderLine(octets: Uint8Array, start: number, end: number): HeaderLine {
  const first = octets[start];
  if (first === 0x20 || first === 0x09) return { kind: 'continuation' };
  let at = start;
  while (at < end && isNameOctet(octets[at] ?? 0)) at++;
  const nameEnd = at;
  while (at < end && (octets[at] === 0x20 || octets[at] === 0x09)) at++;
  if (nameEnd === start || at >= end || octets[at] !== 0x3a) return { kind: 'malformed' };
  return { kind: 'field', name: lowerName(octets, start, nameEnd), valueStart: at + 1 };
}

function isNameOctet(octet: number): boolean {
  return octet > 0x20 && octet < 0x7f && octet !== 0x3a;
}

function lowerName(octets: Uint8Array, start: number, end: number): string {
  return asciiView(octets.subarray(start, end)).toLowerCase();
}
