/**
 * Whether markup can be found in a body by its octets, and how: directly, past escape sequences, or in wider units.
 * A charset that cannot be read with certainty is named as such; it is never guessed into one.
 */
import { hiddenCode, isCharsetDecodable } from './octets.ts';

export type CharsetReading =
  /** Every octet below 0x80 is that ASCII character. */
  | { readonly kind: 'ascii'; readonly label: string }
  /** Escape sequences or shifts switch to sets whose octets look like markup. */
  | { readonly kind: 'escaped'; readonly label: string; readonly system: 'iso-2022-jp' | 'shift' }
  | { readonly kind: 'wide'; readonly label: string; readonly unitOctets: 2 | 4 }
  | { readonly kind: 'unreadable'; readonly label: string };

// ASCII supersets that the Encoding Standard does not list, seen in the labels of real mail.
const furtherAsciiLabels = new Set(
  (
    'unknown-8bit x-unknown unknown default default_charset none 8bit x-user-defined utf8mb4 utf-8mb4 cp437 ibm437 cp850 ' +
    'ibm850 cp852 ibm852 cp858 ibm858 cp860 cp861 cp862 cp863 cp865 cp866 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 ' +
    'cp1257 cp1258 iso8859_1 iso8859_15 iso-8859-12 latin-1 latin9 latin-9 latin0 macroman x-mac-roman mac-roman viscii tcvn ' +
    'armscii-8 georgian-ps tis-620 cp874 koi8-t ascii7 646 iso-646 euc-cn x-euc-cn euc-tw x-euc-tw cp936 cp949 cp950 ms936 ' +
    'ms949 ms950 ms932 cp932 windows-932 windows-936 windows-950'
  ).split(' '),
);

const wideLabels = new Map<string, 2 | 4>([
  ['utf-16', 2],
  ['utf16', 2],
  ['utf-16le', 2],
  ['utf-16be', 2],
  ['ucs-2', 2],
  ['iso-10646-ucs-2', 2],
  ['unicode', 2],
  ['utf-32', 4],
  ['utf32', 4],
  ['utf-32le', 4],
  ['utf-32be', 4],
  ['ucs-4', 4],
  ['iso-10646-ucs-4', 4],
]);

/** RFC 2045 §5.2: an absent charset is US-ASCII. */
export function readCharset(parameter: string | undefined): CharsetReading {
  const label = (parameter ?? '').trim().toLowerCase();
  if (label === '') return { kind: 'ascii', label: 'us-ascii' };
  const unitOctets = wideLabels.get(label);
  if (unitOctets) return { kind: 'wide', label, unitOctets };
  if (/^(cs)?iso-?2022-?jp/.test(label)) return { kind: 'escaped', label: 'iso-2022-jp', system: 'iso-2022-jp' };
  if (/^(cs)?iso-?2022-?(kr|cn)/.test(label)) return { kind: 'escaped', label, system: 'shift' };
  if (label.startsWith('utf-7') || label.startsWith('utf7') || label.includes('unicode-1-1-utf-7'))
    return { kind: 'unreadable', label };
  if (furtherAsciiLabels.has(label) || isCharsetDecodable(label)) return { kind: 'ascii', label };
  return { kind: 'unreadable', label };
}

const mask = String.fromCharCode(hiddenCode);

/** The same length, with everything outside ASCII modes hidden. */
export function maskEscaped(view: string, system: 'iso-2022-jp' | 'shift'): string {
  return system === 'iso-2022-jp' ? maskDesignations(view) : maskShifts(view);
}

// ISO 2022 as RFC 1468, 1554, 2237 use it: ESC, intermediates 0x20–0x2F, a final. `( B` and `( J` are (nearly) ASCII.
function maskDesignations(view: string): string {
  const pieces: string[] = [];
  let at = 0;
  let isHidden = false;
  while (at < view.length) {
    const escapeAt = view.indexOf('\u001b', at);
    const end = escapeAt < 0 ? view.length : escapeAt;
    pieces.push(isHidden ? mask.repeat(end - at) : view.slice(at, end));
    if (escapeAt < 0) break;
    const sequenceEnd = endOfEscape(view, escapeAt);
    const sequence = view.slice(escapeAt + 1, sequenceEnd);
    // G2 designations and single shifts (ISO-2022-JP-2) do not change what the following octets mean but one.
    if (/^\([BJH]$/.test(sequence)) isHidden = false;
    else if (/^[$(]/.test(sequence)) isHidden = true;
    pieces.push(mask.repeat(sequenceEnd - escapeAt));
    at = sequenceEnd;
    if (sequence === 'N' && at < view.length) {
      pieces.push(mask);
      at++;
    }
  }
  return pieces.join('');
}

function endOfEscape(view: string, escapeAt: number): number {
  let at = escapeAt + 1;
  while (at < view.length && at < escapeAt + 4 && view.charCodeAt(at) >= 0x20 && view.charCodeAt(at) <= 0x2f) at++;
  return Math.min(at + 1, view.length);
}

// RFC 1557, RFC 1922: SO … SI holds two-octet characters and never crosses a line end; ESC N and ESC O shift one character.
function maskShifts(view: string): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < view.length) {
    const next = nextShift(view, at);
    pieces.push(view.slice(at, next));
    if (next >= view.length) break;
    const end = endOfShift(view, next);
    pieces.push(mask.repeat(end - next));
    at = end;
  }
  return pieces.join('');
}

function nextShift(view: string, from: number): number {
  for (let i = from; i < view.length; i++) {
    const code = view.charCodeAt(i);
    if (code === 0x0e || code === 0x1b) return i;
  }
  return view.length;
}

function endOfShift(view: string, at: number): number {
  if (view.charCodeAt(at) === 0x1b) {
    const end = endOfEscape(view, at);
    return /^[NO]$/.test(view.slice(at + 1, end)) ? Math.min(end + 2, view.length) : end;
  }
  for (let i = at + 1; i < view.length; i++) {
    const code = view.charCodeAt(i);
    if (code === 0x0f) return i + 1;
    if (code === 0x0d || code === 0x0a) return i;
  }
  return view.length;
}
