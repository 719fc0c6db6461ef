/**
 * What a short piece of HTML reads: tags gone, alternative texts of images in their place, entities undone.
 * Good enough to recognise words in; never used to build a message.
 */
import { decodeHTML } from 'entities/decode';

export function readableText(markup: string): string {
  let text = '';
  let at = 0;
  while (at < markup.length) {
    const open = markup.indexOf('<', at);
    if (open < 0) return decodeHTML(text + markup.slice(at));
    text += markup.slice(at, open);
    const close = endOfTag(markup, open);
    text += ` ${alternativeText(markup.slice(open, close))} `;
    at = close;
  }
  return decodeHTML(text);
}

function endOfTag(markup: string, open: number): number {
  if (markup.startsWith('<!--', open)) {
    const end = markup.indexOf('-->', open);
    return end < 0 ? markup.length : end + 3;
  }
  let quote = '';
  for (let i = open + 1; i < markup.length; i++) {
    const char = markup[i] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return i + 1;
  }
  return markup.length;
}

function alternativeText(tag: string): string {
  const found = /^<img\b/i.test(tag) ? /\salt\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag) : null;
  return found?.[1] ?? found?.[2] ?? '';
}

// Where a sentence cannot go on: blocks, cells, breaks, other links.
const edges = /<\/?(?:p|div|td|th|tr|table|li|ul|ol|br|hr|h[1-6]|a|center|body|blockquote|v:[a-z]+)\b[^>]*>/gi;

/** The end of the sentence that leads up to `markup`'s end. */
export function lastSentence(markup: string): string {
  let from = markup.indexOf('>') < markup.indexOf('<') ? markup.indexOf('>') + 1 : 0;
  for (const edge of markup.matchAll(edges)) from = edge.index + edge[0].length;
  return (
    readableText(markup.slice(from))
      .split(/[.!?]\s/)
      .at(-1) ?? ''
  );
}

/** The rest of the sentence that goes on at `markup`'s start. */
export function firstSentence(markup: string): string {
  const edge = markup.search(edges);
  const cut = markup.slice(0, edge < 0 ? markup.lastIndexOf('<') >>> 0 : edge);
  return readableText(cut).split(/[.!?](?:\s|$)/)[0] ?? '';
}
