/**
 * Finds the web addresses that mail programs make clickable in plain text.
 * An address whose end readers could see in different places is reported as unclear, so that nobody's link breaks.
 */
import { hiddenCode } from './octets.ts';

export interface TextLink {
  readonly start: number;
  readonly end: number;
  readonly isClear: boolean;
  /** Where its line begins, for the words around it. */
  readonly lineStart: number;
}

export interface TextFlow {
  /** RFC 3676 §4.1: lines that end in a space go on … */
  readonly isFlowed: boolean;
  /** … §4.2: and that space is no part of the text, so an address may go on as well. */
  readonly deletesSpace: boolean;
}

export function scanText(view: string, flow: TextFlow): TextLink[] {
  const links: TextLink[] = [];
  let at = 0;
  for (;;) {
    const colon = view.indexOf('://', at);
    if (colon < 0) return links;
    at = colon + 3;
    const start = schemeStart(view, colon);
    if (start < 0) continue;
    const stop = endOfAddress(view, at);
    const end = trimPunctuation(view, at, stop);
    if (end > at)
      links.push({
        start,
        end,
        isClear: isClearEnd(view, stop, flow, start),
        lineStart: view.lastIndexOf('\n', start) + 1,
      });
    at = Math.max(at, stop);
  }
}

/** Where `http` or `https` before the colon begins, or -1; a letter in front makes it another scheme. */
function schemeStart(view: string, colon: number): number {
  for (const scheme of ['https', 'http']) {
    const start = colon - scheme.length;
    if (start < 0 || view.slice(start, colon).toLowerCase() !== scheme) continue;
    return start > 0 && /[\w.+-]/.test(view[start - 1] ?? '') ? -1 : start;
  }
  return -1;
}

function endOfAddress(view: string, from: number): number {
  let at = from;
  while (at < view.length) {
    const code = view.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f || code === 0x3c || code === 0x3e || code === 0x22) break;
    at++;
  }
  return at;
}

/** Punctuation at the end belongs to the sentence; a closing bracket only if the address did not open it. */
function trimPunctuation(view: string, from: number, stop: number): number {
  const surplus = surplusClosers(view, from, stop);
  let end = stop;
  while (end > from) {
    const char = view[end - 1] ?? '';
    const extra = surplus.get(char);
    if (extra !== undefined && extra <= 0) break;
    if (extra === undefined && !".,;:!?'*_".includes(char)) break;
    if (extra !== undefined) surplus.set(char, extra - 1);
    end--;
  }
  return end;
}

const openers = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

function surplusClosers(view: string, from: number, stop: number): Map<string, number> {
  const surplus = new Map([...openers.values()].map((closer) => [closer, 0]));
  for (let i = from; i < stop; i++) {
    const char = view[i] ?? '';
    const closer = openers.get(char);
    if (closer !== undefined) surplus.set(closer, (surplus.get(closer) ?? 0) - 1);
    else if (surplus.has(char)) surplus.set(char, (surplus.get(char) ?? 0) + 1);
  }
  return surplus;
}

function isClearEnd(view: string, stop: number, flow: TextFlow, start: number): boolean {
  // Other letters right after it: some readers take them along, some do not.
  if (view.charCodeAt(stop) === hiddenCode) return false;
  // `<http://…` without its `>` on the line goes on in the next (RFC 3986 appendix C).
  if (view[start - 1] === '<' && view[stop] !== '>') return false;
  return !(flow.isFlowed && flow.deletesSpace && view.startsWith(' \r\n', stop));
}
