/**
 * Says for each mark in an HTML skeleton where it stands: text, attribute, address, style or a place that no value may
 * stand in. The skeleton is read as a browser reads it, conditional comments included; values are not there yet.
 */
import { decodeHTMLAttribute } from 'entities/decode';
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';
import { type HostRoom, roomAt } from './host-room.ts';
import { findMarks, type Mark } from './marks.ts';

export type HtmlPlace =
  /** Also in the quoted value of an attribute. */
  | { readonly kind: 'text' }
  /** In the quoted value of an attribute that holds an address. `isWhole`: nothing stands before it. */
  | { readonly kind: 'address'; readonly isWhole: boolean; readonly room: HostRoom }
  | { readonly kind: 'style' }
  /** A comment that nobody sees. */
  | { readonly kind: 'comment' }
  | { readonly kind: 'unsafe' };

/** The value of a link's `href` that has marks in it. */
export interface MarkedLink {
  readonly start: number;
  readonly end: number;
}

export interface HtmlPlaces {
  readonly marks: readonly Mark[];
  readonly places: readonly HtmlPlace[];
  readonly links: readonly MarkedLink[];
}

export function htmlPlaces(text: string): HtmlPlaces {
  const marks = findMarks(text);
  const places = marks.map((): HtmlPlace => ({ kind: 'unsafe' }));
  const links: MarkedLink[] = [];
  if (marks.length > 0) new Reader(text, 0, text.length, { marks, places, links }, 0).run();
  return { marks, places, links };
}

interface Found {
  readonly marks: readonly Mark[];
  readonly places: HtmlPlace[];
  readonly links: MarkedLink[];
}

const addressAttributes = new Set([
  ...['href', 'src', 'action', 'formaction', 'background', 'poster', 'cite', 'data', 'longdesc', 'xlink:href'],
  ...['codebase', 'dynsrc', 'lowsrc', 'manifest', 'ping', 'profile', 'usemap'],
]);
/** Attributes that hold several addresses, or a document. */
const closedAttributes = new Set(['srcdoc', 'srcset', 'imagesrcset', 'archive']);
/** Elements whose attributes lead somewhere or change what other elements lead to, whatever the attributes are called. */
const leadingElements = new Set(['meta', 'param', 'set', 'animate', 'animatemotion', 'animatetransform']);
/** Elements whose content is no markup and no text either. */
const closedElements = new Set(['script', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext', 'template']);
const depthMax = 3;

class Reader implements TokenizerCallbacks {
  private readonly text: string;
  private readonly base: number;
  private readonly limit: number;
  private readonly found: Found;
  private readonly depth: number;
  private element = '';
  /** The element whose content is special, until it ends. */
  private inside = '';
  private attribute = '';
  private valueStart = -1;
  private valueEnd = -1;

  constructor(text: string, base: number, limit: number, found: Found, depth: number) {
    this.text = text;
    this.base = base;
    this.limit = limit;
    this.found = found;
    this.depth = depth;
  }

  run(): void {
    const tokenizer = new Tokenizer({ decodeEntities: false }, this);
    tokenizer.write(this.text.slice(this.base, this.limit));
    tokenizer.end();
  }

  private nameOf(start: number, end: number): string {
    return this.text.slice(this.base + start, this.base + Math.min(end, start + 64)).toLowerCase();
  }

  private place(from: number, to: number, placeOf: (mark: Mark) => HtmlPlace): void {
    const { marks, places } = this.found;
    for (let at = firstFrom(marks, from); at < marks.length; at++) {
      const mark = marks[at] as Mark;
      if (mark.end > to) return;
      places[at] = placeOf(mark);
    }
  }

  onopentagname(start: number, end: number): void {
    this.element = this.nameOf(start, end);
  }

  onopentagend(): void {
    if (this.inside === '' && (closedElements.has(this.element) || this.element === 'style'))
      this.inside = this.element;
  }

  onselfclosingtag(): void {
    this.onopentagend();
  }

  onclosetag(start: number, end: number): void {
    if (this.nameOf(start, end) === this.inside) this.inside = '';
  }

  ontext(start: number, end: number): void {
    if (start < 0 || closedElements.has(this.inside)) return;
    const place: HtmlPlace = this.inside === 'style' ? { kind: 'style' } : { kind: 'text' };
    this.place(this.base + start, this.base + end, (mark) => (this.isBehindOpening(mark) ? { kind: 'unsafe' } : place));
  }

  /** `<` and a value: the value would be the name of a tag. An empty value in between changes nothing. */
  private isBehindOpening(mark: Mark): boolean {
    return /<[/!?]?(?:\uE000[^\uE001]*\uE001)*$/.test(this.text.slice(Math.max(0, mark.start - 200), mark.start));
  }

  onattribname(start: number, end: number): void {
    this.attribute = this.nameOf(start, end);
    this.valueStart = -1;
    this.valueEnd = -1;
  }

  onattribdata(start: number, end: number): void {
    if (this.valueStart < 0) this.valueStart = this.base + start;
    this.valueEnd = this.base + end;
  }

  onattribend(): void {
    const { valueStart: from, valueEnd: to, attribute } = this;
    if (from < 0 || closedElements.has(this.inside)) return;
    const before = this.text[from - 1] ?? '';
    // Without quotes an empty value would make the next attribute its own.
    if (before !== '"' && before !== "'") return;
    if (/^on/.test(attribute) || closedAttributes.has(attribute) || leadingElements.has(this.element)) return;
    if (attribute === 'style') this.place(from, to, () => ({ kind: 'style' }));
    else if (addressAttributes.has(attribute)) this.placeAddress(from, to);
    else this.place(from, to, () => ({ kind: 'text' }));
  }

  private placeAddress(from: number, to: number): void {
    const written = this.text.slice(from, to);
    if (!written.includes('\uE000')) return;
    // What runs when it is opened, however it is spelt: no value belongs there.
    const scheme = /^[^:/?#]*:/.exec(decodeHTMLAttribute(written).replace(/[\p{Cc}\s\\]/gu, ''))?.[0] ?? '';
    if (scheme !== '' && !/^(?:https?|mailto|tel|sms|cid):$/i.test(scheme)) return;
    this.place(from, to, (mark) => ({
      kind: 'address',
      isWhole: this.text.slice(from, mark.start).trim() === '',
      room: roomAt(this.text.slice(from, to), mark.start - from, mark.end - from, decodeHTMLAttribute),
    }));
    const isLink = this.element === 'a' || this.element === 'area' || this.element.startsWith('v:');
    if (isLink && this.attribute === 'href') this.found.links.push({ start: from, end: to });
  }

  oncomment(start: number, end: number): void {
    const from = this.base + start;
    const to = this.base + end;
    const written = this.text.slice(from, to);
    const condition = /^\s*\[if\b[^\]]*\]>/i.exec(written);
    if (condition !== null && this.depth < depthMax)
      new Reader(this.text, from + condition[0].length, to, this.found, this.depth + 1).run();
    else if (!written.startsWith('[CDATA[')) this.place(from, to, () => ({ kind: 'comment' }));
  }

  // Where a browser and a tokenizer could differ, no value stands.
  ondeclaration(): void {}
  oncdata(): void {}
  onattribentity(): void {}
  ontextentity(): void {}
  onprocessinginstruction(): void {}
  onend(): void {}
}

/** The first mark that begins at `from` or later. */
export function firstFrom(marks: readonly Mark[], from: number): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle] as Mark).start < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
