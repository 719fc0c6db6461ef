/**
 * Finds the links of an HTML body and the place of the pixel by tokenizing it as a browser does, conditional comments included.
 * It works on positions alone and changes nothing; broken markup is read as browsers read it.
 */
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

export interface HtmlLink {
  /** The attribute's value, without quotes. */
  readonly start: number;
  readonly end: number;
  /** A single blank before the attribute's name that may become a line break, or -1. */
  readonly breakAt: number;
  readonly isMarkedOff: boolean;
  /** The raw value of `rel`, and of `title`, `alt` and `aria-label` one after the other. */
  readonly rel: string;
  readonly labels: string;
  readonly tagStart: number;
  /** What stands between the tag and its end tag, at most 2,000 characters of it. */
  textStart: number;
  textEnd: number;
  /** Behind the end tag; -1 without one, or where only some clients read the link. */
  afterAt: number;
}

export type PixelPlace = 'before-body-end' | 'before-html-end' | 'at-end';

export interface HtmlScan {
  readonly links: HtmlLink[];
  readonly pixelAt: number;
  readonly pixelPlace: PixelPlace;
}

const linkTextLengthMax = 2_000;
// Comments within comments do not nest (WHATWG HTML §13.2.5.43); two levels are what broken generators write.
const conditionalDepthMax = 3;

export function scanHtml(view: string): HtmlScan {
  const links: HtmlLink[] = [];
  const scanner = new Scanner(view, 0, view.length, links, 0);
  scanner.run();
  return { links, ...placePixel(view, scanner) };
}

function placePixel(view: string, scanner: Scanner): { pixelAt: number; pixelPlace: PixelPlace } {
  if (scanner.bodyEndAt >= 0) return { pixelAt: scanner.bodyEndAt, pixelPlace: 'before-body-end' };
  if (scanner.htmlEndAt >= 0) return { pixelAt: scanner.htmlEndAt, pixelPlace: 'before-html-end' };
  // In an element, comment or tag that never ends an image would be text or nothing: go before it.
  let at = scanner.openRawAt >= 0 ? scanner.openRawAt : scanner.settledEnd;
  while (at > 0 && isSpace(view.charCodeAt(at - 1))) at--;
  if (view.charCodeAt(at - 1) === 0x2f && view.charCodeAt(at - 2) === 0x3c) at -= 2;
  else if (view.charCodeAt(at - 1) === 0x3c) at -= 1;
  return { pixelAt: at, pixelPlace: 'at-end' };
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b);
}

const rawTextElements = new Set([
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
  'plaintext',
]);

/** What is known of the link tag being read. */
interface OpenLink {
  readonly tagStart: number;
  readonly name: string;
  valueStart: number;
  valueEnd: number;
  breakAt: number;
  isMarkedOff: boolean;
  rel: string;
  labels: string;
}

class Scanner implements TokenizerCallbacks {
  bodyEndAt = -1;
  htmlEndAt = -1;
  /** Start of a raw-text element that has not ended, or -1. */
  openRawAt = -1;
  /** After the last token that is complete. */
  settledEnd = 0;
  private openRawName = '';
  private link: OpenLink | null = null;
  private attribute = '';
  private attributeStart = 0;
  private valueStart = 0;
  private valueEnd = 0;
  /** The link whose text is being read, and the name of the tag that ends it. */
  private reading: HtmlLink | null = null;
  private readingName = '';

  private readonly view: string;
  private readonly base: number;
  private readonly limit: number;
  private readonly links: HtmlLink[];
  private readonly depth: number;

  constructor(view: string, base: number, limit: number, links: HtmlLink[], depth: number) {
    this.view = view;
    this.base = base;
    this.limit = limit;
    this.links = links;
    this.depth = depth;
  }

  run(): void {
    const tokenizer = new Tokenizer({ decodeEntities: false }, this);
    tokenizer.write(this.depth === 0 ? this.view : this.view.slice(this.base, this.limit));
    tokenizer.end();
    this.endReading(this.limit);
  }

  onopentagname(start: number, end: number): void {
    const name = this.nameOf(start, end);
    this.link = null;
    if (isLinkTag(name)) {
      this.endReading(this.base + start - 1);
      this.link = {
        tagStart: this.base + start - 1,
        name,
        valueStart: -1,
        valueEnd: -1,
        breakAt: -1,
        isMarkedOff: false,
        rel: '',
        labels: '',
      };
    } else if (end - start > 2 && rawTextElements.has(name)) {
      this.openRawAt = this.base + start - 1;
      this.openRawName = name;
    }
  }

  private nameOf(start: number, end: number): string {
    // No element that matters has a longer name; a megabyte of letters is not copied.
    return this.view.slice(this.base + start, this.base + Math.min(end, start + 64)).toLowerCase();
  }

  onattribname(start: number, end: number): void {
    if (!this.link) return;
    this.attribute = this.nameOf(start, end);
    this.attributeStart = this.base + start;
    this.valueStart = -1;
    this.valueEnd = -1;
  }

  onattribdata(start: number, end: number): void {
    if (!this.link) return;
    if (this.valueStart < 0) this.valueStart = this.base + start;
    this.valueEnd = this.base + end;
  }

  onattribend(): void {
    const { link, attribute } = this;
    if (!link) return;
    if (attribute === 'href') this.takeHref(link);
    else if (attribute === 'data-waxwing-track') link.isMarkedOff ||= this.value().trim().toLowerCase() === 'off';
    else if (attribute === 'rel') link.rel ||= this.value();
    else if (attribute === 'title' || attribute === 'alt' || attribute === 'aria-label')
      link.labels += ` ${this.value().slice(0, 200)}`;
  }

  private value(): string {
    return this.valueStart < 0 ? '' : this.view.slice(this.valueStart, this.valueEnd);
  }

  /** WHATWG HTML §13.2.5.33: of attributes with one name the first counts, even if it is empty. */
  private takeHref(link: OpenLink): void {
    if (link.valueStart !== -1) return;
    if (this.valueStart < 0 || this.valueStart === this.valueEnd) {
      link.valueStart = -2;
      return;
    }
    link.valueStart = this.valueStart;
    link.valueEnd = this.valueEnd;
    const before = this.view.charCodeAt(this.attributeStart - 1);
    if (before === 0x20 || before === 0x09) link.breakAt = this.attributeStart - 1;
  }

  onopentagend(end: number): void {
    this.settledEnd = this.base + end + 1;
    const { link } = this;
    this.link = null;
    if (!link || link.valueStart < 0) return;
    const found: HtmlLink = {
      start: link.valueStart,
      end: link.valueEnd,
      breakAt: link.breakAt,
      isMarkedOff: link.isMarkedOff,
      rel: link.rel,
      labels: link.labels,
      tagStart: link.tagStart,
      textStart: this.settledEnd,
      textEnd: this.settledEnd,
      afterAt: -1,
    };
    this.links.push(found);
    if (link.name === 'area') return;
    this.reading = found;
    this.readingName = link.name;
  }

  onselfclosingtag(end: number): void {
    this.onopentagend(end);
  }

  onclosetag(start: number, end: number): void {
    const name = this.nameOf(start, end);
    const tagStart = this.base + start - 2;
    const { reading } = this;
    const isEndOfLink = name === this.readingName;
    if (isEndOfLink) this.endReading(tagStart);
    if (name === this.openRawName) {
      this.openRawAt = -1;
      this.openRawName = '';
    }
    const tagEnd = this.view.indexOf('>', this.base + end);
    if (tagEnd < 0 || tagEnd >= this.limit) return;
    this.settledEnd = tagEnd + 1;
    if (isEndOfLink && name === 'a' && reading && this.depth === 0) reading.afterAt = tagEnd + 1;
    if (name === 'body') this.bodyEndAt = tagStart;
    else if (name === 'html') this.htmlEndAt = tagStart;
  }

  private endReading(at: number): void {
    if (!this.reading) return;
    this.reading.textEnd = Math.min(at, this.reading.textStart + linkTextLengthMax);
    this.reading = null;
    this.readingName = '';
  }

  ontext(start: number, end: number): void {
    // Negative: the rest of an end tag that was never closed.
    if (start >= 0) this.settledEnd = this.base + end;
  }

  oncomment(start: number, end: number): void {
    const from = this.base + start;
    const to = this.base + end;
    if (to < this.limit && this.view.charCodeAt(to) === 0x3e) this.settledEnd = to + 1;
    if (this.depth >= conditionalDepthMax) return;
    if (this.view.startsWith('[CDATA[', from)) this.scanAfterFirstClose(from, to);
    else this.scanConditional(from, to);
  }

  /** In HTML `<![CDATA[` is a comment up to the first `>` (WHATWG HTML §13.2.5.42); the tokenizer skips to `]]>`. */
  private scanAfterFirstClose(from: number, to: number): void {
    const close = this.view.indexOf('>', from);
    if (close >= 0 && close < to) new Scanner(this.view, close + 1, to, this.links, this.depth + 1).run();
  }

  /** `<!--[if mso]> … <![endif]-->`: invisible to parsers, but Outlook opens the links inside. */
  private scanConditional(from: number, to: number): void {
    let at = from;
    while (at < to && isSpace(this.view.charCodeAt(at))) at++;
    if (!/^\[if\b/i.test(this.view.slice(at, at + 4))) return;
    const conditionEnd = this.view.indexOf(']>', at);
    if (conditionEnd < 0 || conditionEnd >= to) return;
    new Scanner(this.view, conditionEnd + 2, to, this.links, this.depth + 1).run();
  }

  ondeclaration(_start: number, end: number): void {
    if (this.view.charCodeAt(this.base + end) === 0x3e) this.settledEnd = this.base + end + 1;
  }

  oncdata(start: number, end: number): void {
    if (this.depth < conditionalDepthMax) this.scanAfterFirstClose(this.base + start, this.base + end);
    if (this.view.charCodeAt(this.base + end) === 0x3e) this.settledEnd = this.base + end + 1;
  }

  // With decodeEntities off, and in HTML, the tokenizer never reports these.
  onattribentity(): void {}
  ontextentity(): void {}
  onprocessinginstruction(): void {}
  onend(): void {}
}

/** VML shapes (`v:roundrect href`) are how Outlook's buttons are made. */
function isLinkTag(name: string): boolean {
  return name === 'a' || name === 'area' || name.startsWith('v:');
}
