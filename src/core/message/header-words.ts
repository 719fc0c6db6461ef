/** Writes header text: as it is where it is ASCII and cannot be misread, else in encoded words, folded (RFC 2047, RFC 5322 §2.2.3). */
import { utf8Octets } from './octets.ts';

const lineMax = 76;
/** RFC 2047 §2: an encoded word has at most 75 characters, and its line 76 with the name before it. */
const wordOctetsMax = 39;
/** The name of the field before it, with its colon and blank. */
const roomForName = 10;

/** The field without its last line end. Line ends and controls within `text` become blanks. */
export function headerWords(name: string, text: string): string {
  const clean = text.replace(/\p{Cc}+/gu, ' ');
  if (/^[\x20-\x7e]*$/.test(clean) && !clean.includes('=?') && longestWord(clean) < lineMax - 2)
    return foldAscii(`${name}: ${clean}`);
  return `${name}: ${encodedWords(clean).join('\r\n ')}`;
}

/** A display name in front of its address, folded where it is long. */
export function mailboxWords(name: string, address: string): string {
  const clean = name.replace(/\p{Cc}+/gu, ' ').trim();
  if (clean === '') return address;
  const isPlain = /^[\x20-\x7e]*$/.test(clean) && !clean.includes('=?');
  const quoted = `"${clean.replace(/["\\]/g, '\\$&')}"`;
  const words = isPlain && quoted.length < lineMax - roomForName ? [quoted] : encodedWords(clean);
  const all = [...words, `<${address}>`];
  return all.join(' ').length < lineMax - roomForName ? all.join(' ') : all.join('\r\n ');
}

const longestWord = (text: string): number => text.split(' ').reduce((most, word) => Math.max(most, word.length), 0);

function foldAscii(line: string): string {
  let written = '';
  let rest = line;
  while (rest.length > lineMax) {
    const at = rest.lastIndexOf(' ', lineMax);
    const leastAt = written === '' ? rest.indexOf(':') + 1 : 0;
    // Never a line of blanks alone, and never before the value begins.
    if (at <= leastAt || rest.slice(0, at).trim() === '' || rest.slice(at).trim() === '') break;
    written += `${rest.slice(0, at)}\r\n`;
    rest = rest.slice(at);
  }
  return written + rest;
}

function encodedWords(text: string): string[] {
  const words: string[] = [];
  let octets: number[] = [];
  const end = (): void => {
    if (octets.length > 0) words.push(`=?UTF-8?B?${Uint8Array.from(octets).toBase64()}?=`);
    octets = [];
  };
  // RFC 2047 §5: a character never spans two words.
  for (const char of text.toWellFormed()) {
    const one = utf8Octets(char);
    if (octets.length + one.length > wordOctetsMax) end();
    octets.push(...one);
  }
  end();
  return words;
}
