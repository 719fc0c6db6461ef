/**
 * Renders one recipient's copy of a message from the submitted octets and the plan.
 * Octets that no edit names are copied as they are; addresses put in are made safe for where they stand.
 */
import { honeypotMarkup } from './honeypot.ts';
import { asciiView, plainOctets, utf8Octets } from './octets.ts';
import { pixelMarkup } from './pixel.ts';
import { type Edit, honeypotEdit, type LeafPlan, lineBreakEdit, type Plan, pixelEdit } from './plan.ts';
import type { HeaderEdits } from './prepare-headers.ts';
import { decodeBase64 } from './transfer-encoding.ts';

export interface RenderValues {
  /** The address to put for `plan.links[index]`; null leaves that link as it is. Once per link and copy. */
  readonly clickUrl: ((link: number) => string | null) | null;
  /** Null: no pixel in this copy. */
  readonly openUrl: string | null;
  /** Asked where the plan has the link that nobody can see; without it this copy has none. */
  readonly honeypotUrl?: (() => string) | null;
  /** Replaces every To field by this one: header text of one line, encoded by the caller. */
  readonly to?: string;
  /** Used only when the field is missing; header text. */
  readonly date?: string;
  /** Likewise, with angle brackets. */
  readonly messageId?: string;
  /** Further fields for this copy, behind those of the message. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

export function render(octets: Uint8Array, plan: Plan, values: RenderValues): Uint8Array {
  if (octets.length !== plan.sizeBytes) throw new Error('The plan belongs to a message of another size.');
  const copy = new Copy(plainOctets(octets));
  renderHeader(copy, plan.header, values);
  const urls = new Urls(plan, values);
  for (const leaf of plan.leaves) {
    copy.keepTo(leaf.start);
    if (leaf.encoding === 'base64') renderBase64(copy, leaf, urls);
    else if (leaf.encoding === 'raw') renderRaw(copy, leaf, urls);
    else renderQuotedPrintable(copy, leaf, urls);
    copy.keepTo(leaf.end);
  }
  return copy.finish();
}

/** Collects what the copy is made of: stretches of the original and new text. */
class Copy {
  /** Up to here the original has been used. */
  at = 0;
  readonly octets: Uint8Array;
  private readonly pieces: (Uint8Array | string)[] = [];
  private length = 0;

  constructor(octets: Uint8Array) {
    this.octets = octets;
  }

  keepTo(end: number): void {
    if (end > this.at) this.add(this.octets.subarray(this.at, end));
    this.at = Math.max(this.at, end);
  }

  skipTo(end: number): void {
    this.at = Math.max(this.at, end);
  }

  /** A string must be ASCII. */
  add(piece: Uint8Array | string): void {
    this.pieces.push(piece);
    this.length += piece.length;
  }

  finish(): Uint8Array {
    this.keepTo(this.octets.length);
    return joinPieces(this.pieces, this.length);
  }
}

function joinPieces(pieces: readonly (Uint8Array | string)[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') for (let i = 0; i < piece.length; i++) out[at + i] = piece.charCodeAt(i);
    else out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function renderHeader(copy: Copy, header: HeaderEdits, values: RenderValues): void {
  const replacements = header.removals.map(([start, end]) => ({ start, end, text: '' }));
  const added: string[] = [];
  if (values.to !== undefined) {
    const field = headerField('To', values.to);
    if (header.to) replacements.push({ start: header.to[0], end: header.to[1], text: field });
    else added.push(field);
    for (const [start, end] of header.furtherTo) replacements.push({ start, end, text: '' });
  }
  if (header.isDateMissing && values.date !== undefined) added.push(headerField('Date', values.date));
  if (header.isMessageIdMissing && values.messageId !== undefined)
    added.push(headerField('Message-ID', values.messageId));
  for (const [name, value] of values.fields ?? []) added.push(headerField(name, value));
  for (const { start, end, text } of replacements.toSorted((a, b) => a.start - b.start)) {
    copy.keepTo(start);
    copy.skipTo(end);
    if (text !== '') copy.add(utf8Octets(text));
  }
  if (added.length === 0) return;
  copy.keepTo(header.insertAt);
  copy.add(utf8Octets((header.isLineEndMissing ? '\r\n' : '') + added.join('')));
}

/** A value may be folded (RFC 5322 §2.2.3), and break its line in no other way. */
function headerField(name: string, value: string): string {
  if (/[\r\n\0]/.test(value.replace(/\r\n (?=\S)/g, ' '))) throw new Error(`A new ${name} field would break its line.`);
  return `${name}: ${value}\r\n`;
}

/** The addresses of one copy, made safe and remembered: a newsletter repeats its links. */
class Urls {
  private readonly markup: (string | null | undefined)[] = [];
  private readonly values: RenderValues;
  private readonly raw: (string | null | undefined)[] = [];
  private readonly pixelUrl: string | null;

  constructor(plan: Plan, values: RenderValues) {
    this.values = values;
    this.pixelUrl = plan.pixel && values.openUrl !== null ? attributeSafe(values.openUrl) : null;
  }

  private click(link: number): string | null {
    let url = this.raw[link];
    if (url === undefined) {
      url = this.values.clickUrl ? this.values.clickUrl(link) : null;
      this.raw[link] = url;
    }
    return url;
  }

  /** Lines are broken for longer addresses only. */
  lineBreak(): string | null {
    return this.values.clickUrl ? '\r\n' : null;
  }

  /** Where this copy has none it is planned as empty text, so that the lines around it are laid out all the same. */
  private honeypot(lineEnd: string): string | null {
    const { clickUrl, honeypotUrl } = this.values;
    if (clickUrl === null) return null;
    return honeypotUrl ? honeypotMarkup(attributeSafe(honeypotUrl()), lineEnd) : '';
  }

  /** The text of an edit in a body, or null to leave the original there. */
  textFor(link: number, isMarkup: boolean, lineEnd: string): string | null {
    if (link === pixelEdit) return this.pixelUrl === null ? null : pixelMarkup(this.pixelUrl, lineEnd);
    if (link === honeypotEdit) return this.honeypot(lineEnd);
    const url = this.click(link);
    if (url === null) return null;
    if (!isMarkup) return plainSafe(url);
    let safe = this.markup[link];
    if (safe === undefined) {
      safe = attributeSafe(url);
      this.markup[link] = safe;
    }
    return safe;
  }
}

/** Safe between double quotes, single quotes and without any: everything else than plain address characters is a reference. */
function attributeSafe(url: string): string {
  if (/^[\w\-.~:/?#@!$()*+,;%=]*$/.test(url)) return url;
  let safe = '';
  for (const char of url) safe += /[\w\-.~:/?#@!$()*+,;%=]/.test(char) ? char : reference(char);
  return safe;
}

function reference(char: string): string {
  return char === '&' ? '&amp;' : `&#${char.codePointAt(0) ?? 0xfffd};`;
}

/** In plain text an address ends at white space or a bracket. */
function plainSafe(url: string): string {
  if (/^[\x21\x23-\x3b\x3d\x3f-\x7e]*$/.test(url)) return url;
  let safe = '';
  for (const octet of utf8Octets(url)) {
    const isPlain = octet > 0x20 && octet < 0x7f && octet !== 0x22 && octet !== 0x3c && octet !== 0x3e;
    safe += isPlain ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return safe;
}

function renderRaw(copy: Copy, leaf: LeafPlan, urls: Urls): void {
  for (const [start, end, link, room] of leaf.edits) {
    const text =
      link === lineBreakEdit ? urls.lineBreak() : urls.textFor(link, leaf.isMarkup, room === 1 ? '\r\n' : '');
    // Longer than was planned for: the line would not hold it.
    if (text === null || (link >= 0 && text.length > room)) continue;
    copy.keepTo(start);
    copy.skipTo(end);
    copy.add(text);
  }
}

const quotedPrintableLineMax = 76;

function renderQuotedPrintable(copy: Copy, leaf: LeafPlan, urls: Urls): void {
  let column = 0;
  let from = leaf.start;
  for (const edit of leaf.edits) {
    const [start, end, link, startColumn] = edit;
    column = startColumn >= 0 ? startColumn : column + start - from;
    const text = urls.textFor(link, leaf.isMarkup, '');
    from = end;
    if (text === null) {
      column = end - (copy.octets.lastIndexOf(0x0a, Math.max(end - 1, 0)) + 1);
      continue;
    }
    copy.keepTo(start);
    copy.skipTo(end);
    column = addQuotedPrintable(copy, text, column, edit);
  }
}

/** Adds `text` from `column` on, with soft breaks so that it and what follows on its line keep within 76 (RFC 2045 §6.7 rule 5). */
function addQuotedPrintable(copy: Copy, text: string, startColumn: number, edit: Edit): number {
  const encoded = text.includes('=') ? text.replaceAll('=', '=3D') : text;
  const rest = edit[4];
  let column = startColumn;
  let at = 0;
  while (at < encoded.length) {
    const isLast = column + encoded.length - at + Math.min(rest, 1) <= quotedPrintableLineMax;
    const size = isLast ? encoded.length - at : pieceSize(encoded, at, quotedPrintableLineMax - 1 - column);
    if (size > 0) copy.add(encoded.slice(at, at + size));
    at += size;
    column += size;
    if (at < encoded.length) {
      copy.add('=\r\n');
      column = 0;
    }
  }
  if (column + rest <= quotedPrintableLineMax || column === 0) return column;
  copy.add('=\r\n');
  return 0;
}

/** As much as fits, not through an `=3D`, and not so that a line begins with `-` or `.`, which other layers read. */
function pieceSize(encoded: string, at: number, room: number): number {
  let size = Math.min(Math.max(room, 0), encoded.length - at);
  for (let tries = 0; tries < 24 && size > 0 && isBadBreak(encoded, at + size); tries++) size--;
  return size;
}

function isBadBreak(encoded: string, at: number): boolean {
  const next = encoded[at];
  return next === '-' || next === '.' || encoded[at - 1] === '=' || encoded[at - 2] === '=';
}

function renderBase64(copy: Copy, leaf: LeafPlan, urls: Urls): void {
  const body = decodeBase64(copy.octets, leaf.start, leaf.end);
  if (!body) throw new Error('The plan says base64, the body is not.');
  const pieces: Uint8Array[] = [];
  let at = 0;
  let length = 0;
  const add = (piece: Uint8Array) => {
    pieces.push(piece);
    length += piece.length;
  };
  for (const [start, end, link] of leaf.edits) {
    const text = urls.textFor(link, leaf.isMarkup, '');
    if (text === null) continue;
    add(body.subarray(at, start));
    add(widen(text, leaf));
    at = end;
  }
  if (pieces.length === 0) return;
  add(body.subarray(at));
  addBase64(copy, leaf, joinPieces(pieces, length));
}

function widen(text: string, leaf: LeafPlan): Uint8Array {
  const unit = leaf.unitOctets;
  const wide = new Uint8Array(text.length * unit);
  const offset = leaf.isBigEndian ? unit - 1 : 0;
  for (let i = 0; i < text.length; i++) wide[i * unit + offset] = text.charCodeAt(i);
  return wide;
}

const base64LineDefault = 76;

/** Encodes in lines as wide as they were, between the white space that stood around the body. */
function addBase64(copy: Copy, leaf: LeafPlan, body: Uint8Array): void {
  const encoded = utf8Octets(body.toBase64());
  const width = leaf.lineWidth || base64LineDefault;
  const view = asciiView(copy.octets.subarray(leaf.start, leaf.end));
  const first = leaf.start + (view.length - view.trimStart().length);
  const last = leaf.start + view.trimEnd().length;
  copy.keepTo(first);
  for (let at = 0; at < encoded.length; at += width) {
    if (at > 0) copy.add('\r\n');
    copy.add(encoded.subarray(at, at + width));
  }
  copy.skipTo(Math.max(first, last));
}
