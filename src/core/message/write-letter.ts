/**
 * Writes one recipient's words into a message composed around stand-ins: subject, text and HTML. Attachments and all
 * other octets are copied as they are.
 */
import { findBodyLeaves } from './body-leaves.ts';
import { fieldsNamed } from './header-fields.ts';
import { headerWords } from './header-words.ts';
import { utf8Octets } from './octets.ts';
import type { ReadMessage } from './read-message.ts';

export interface LetterWords {
  readonly subject: string;
  readonly html: string | null;
  readonly text: string | null;
}

type Span = readonly [start: number, end: number];

/** Where a message's own words stand. Plain data, kept with the message. */
export interface LetterPlaces {
  readonly sizeBytes: number;
  /** The whole field. */
  readonly subject: Span;
  readonly html: Span | null;
  readonly text: Span | null;
}

/** Of a message whose bodies are quoted-printable, as it was composed here. */
export function findLetterPlaces({ octets, root }: ReadMessage): LetterPlaces {
  const [subject] = fieldsNamed(root.fields, 'subject');
  if (subject === undefined) throw new Error('a letter was composed without a subject');
  const bodies = findBodyLeaves(root);
  const spanOf = (part: (typeof bodies.html)[number] | undefined): Span | null => {
    if (part !== undefined && part.encoding !== 'quoted-printable') throw new Error('a letter is quoted-printable');
    return part === undefined ? null : [part.bodyStart, part.bodyEnd];
  };
  return {
    sizeBytes: octets.length,
    subject: [subject.start, subject.end],
    html: spanOf(bodies.html[0]),
    text: spanOf(bodies.text[0]),
  };
}

export function writeLetter(octets: Uint8Array, places: LetterPlaces, words: LetterWords): Uint8Array {
  if (octets.length !== places.sizeBytes) throw new Error('The places belong to a message of another size.');
  const edits = [{ span: places.subject, text: `${headerWords('Subject', words.subject)}\r\n` }];
  if (places.html !== null) edits.push({ span: places.html, text: quotedPrintable(words.html ?? '') });
  if (places.text !== null) edits.push({ span: places.text, text: quotedPrintable(words.text ?? '') });
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { span, text } of edits.toSorted((a, b) => a.span[0] - b.span[0])) {
    pieces.push(octets.subarray(at, span[0]), utf8Octets(text));
    at = span[1];
  }
  pieces.push(octets.subarray(at));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let to = 0;
  for (const piece of pieces) {
    whole.set(piece, to);
    to += piece.length;
  }
  return whole;
}

const lineMax = 76;

/** RFC 2045 §6.7. A full stop or hyphen that begins a line is encoded: other layers read them. */
function quotedPrintable(text: string): string {
  return text.replace(/\r\n?/g, '\n').split('\n').map(quotedLine).join('\r\n');
}

function quotedLine(line: string): string {
  if (line.length < lineMax && /^(?![.-])(?:[\x21-\x3c\x3e-\x7e]|[ \t](?=.*[^ \t]))*$/.test(line)) return line;
  const octets = utf8Octets(line);
  let written = '';
  let column = 0;
  for (const [index, octet] of octets.entries()) {
    const isLast = index === octets.length - 1;
    const mayStandAt = isLast ? lineMax : lineMax - 1;
    if (column + unitOf(octet, column, isLast).length > mayStandAt) {
      written += '=\r\n';
      column = 0;
    }
    const unit = unitOf(octet, column, isLast);
    written += unit;
    column += unit.length;
  }
  return written;
}

function unitOf(octet: number, column: number, isLast: boolean): string {
  if (octet === 0x20 || octet === 0x09) return isLast ? escapeOf(octet) : String.fromCharCode(octet);
  const isRisky = column === 0 && (octet === 0x2e || octet === 0x2d);
  return octet > 0x20 && octet < 0x7f && octet !== 0x3d && !isRisky ? String.fromCharCode(octet) : escapeOf(octet);
}

const escapeOf = (octet: number): string => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`;
