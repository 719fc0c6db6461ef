/**
 * Reads header text for people: RFC 2047 encoded words, folds undone.
 * The result never holds a control character, so that no encoded line break becomes a header.
 */
import { decodeText } from './octets.ts';

interface EncodedWord {
  readonly start: number;
  readonly end: number;
  readonly charset: string;
  readonly octets: readonly number[];
}

export function decodeHeaderText(value: string): string {
  const unfolded = value.replaceAll('\r\n', '');
  const text = unfolded.includes('=?') ? decodeWords(unfolded) : unfolded;
  return withoutControls(text).trim();
}

function decodeWords(text: string): string {
  let result = '';
  let at = 0;
  let run: EncodedWord[] = [];
  for (const match of text.matchAll(/=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=/gi)) {
    const word = readWord(match);
    const gap = text.slice(at, word.start);
    // RFC 2047 §6.2: white space between encoded words is not part of the text.
    if (run.length > 0 && gap.trim() === '') run.push(word);
    else {
      result += decodeRun(run) + gap;
      run = [word];
    }
    at = word.end;
  }
  return result + decodeRun(run) + text.slice(at);
}

function readWord(match: RegExpExecArray): EncodedWord {
  const [whole, charset = '', encoding = '', text = ''] = match;
  const octets = encoding.toLowerCase() === 'b' ? wordBase64(text) : wordQuoted(text);
  return { start: match.index, end: match.index + whole.length, charset: charset.toLowerCase(), octets };
}

// RFC 2047 §5 forbids splitting a character over words, senders do it all the same: join equal charsets first.
function decodeRun(run: readonly EncodedWord[]): string {
  let text = '';
  let octets: number[] = [];
  for (const [index, word] of run.entries()) {
    for (const octet of word.octets) octets.push(octet);
    if (run[index + 1]?.charset === word.charset) continue;
    text += decodeText(Uint8Array.from(octets), word.charset);
    octets = [];
  }
  return text;
}

function wordBase64(text: string): number[] {
  try {
    return [...Uint8Array.fromBase64(text.replace(/=+$/, ''))];
  } catch {
    return [...text].map((char) => char.charCodeAt(0) & 0xff);
  }
}

function wordQuoted(text: string): number[] {
  const octets: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === '=' ? text.slice(i + 1, i + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      octets.push(Number.parseInt(hex, 16));
      i += 2;
    } else octets.push(text[i] === '_' ? 0x20 : text.charCodeAt(i) & 0xff);
  }
  return octets;
}

function withoutControls(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
