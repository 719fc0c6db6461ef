/**
 * Plans the instrumenting of a message: which links are redirected, where the pixel goes, which header fields change.
 * It decides once, changes nothing itself, and says for everything left alone why.
 */
import { findBodyLeaves, findSeal } from './body-leaves.ts';
import { honeypotLength, honeypotPlaces } from './honeypot.ts';
import { type ClosedReason, type LeafText, openLeaf } from './leaf-text.ts';
import { judgeUrl, type LeftReason, readDestination } from './link-destination.ts';
import { isLeavingText, isLeavingUrl } from './link-meaning.ts';
import { firstSentence, lastSentence, readableText } from './markup-text.ts';
import { asciiView, utf8Octets } from './octets.ts';
import { pixelLength } from './pixel.ts';
import { type Placed, placeEdits, type Target } from './place-edits.ts';
import { type Edit, honeypotEdit, type LeafPlan, type Plan, pixelEdit, type UntouchedReason } from './plan.ts';
import { type HeaderEdits, headerEdits, readUnsubscribeUrls } from './prepare-headers.ts';
import type { Part, ReadMessage } from './read-message.ts';
import { type HtmlLink, type HtmlScan, scanHtml } from './scan-html.ts';
import { scanText, type TextLink } from './scan-text.ts';

export interface InstrumentOptions {
  readonly opens: boolean;
  readonly clicks: boolean;
  /** Links of plain-text bodies as well. */
  readonly plainText?: boolean;
  /** One link that no person can see or reach, where it can stand unseen. */
  readonly honeypot?: boolean;
  /** From `prepareHeaders`; read again when absent. */
  readonly headers?: HeaderEdits;
  /** Addresses that begin so are our own and stay as they are. */
  readonly ownUrls?: readonly string[];
  /** The most octets a tracking address takes: for a destination, or null for the pixel. Lines are laid out by it. */
  readonly urlOctetsMax?: (destination: string | null) => number;
  readonly linksMax?: number;
}

export const linksMaxDefault = 5_000;

interface Work {
  readonly message: ReadMessage;
  readonly options: InstrumentOptions;
  readonly unsubscribeUrls: ReadonlySet<string>;
  readonly linkIndex: Map<string, number>;
  readonly left: Map<LeftReason | ClosedReason, number>;
  readonly leaves: LeafPlan[];
  linkCount: number;
  pixel: Plan['pixel'];
  hasHoneypot: boolean;
}

export function instrument(message: ReadMessage, options: InstrumentOptions): Plan {
  const work: Work = {
    message,
    options,
    unsubscribeUrls: new Set(readUnsubscribeUrls(message)),
    linkIndex: new Map(),
    left: new Map(),
    leaves: [],
    linkCount: 0,
    pixel: null,
    hasHoneypot: false,
  };
  const untouched = planBodies(work);
  return {
    version: 1,
    sizeBytes: message.octets.length,
    pixel: work.pixel,
    untouched,
    left: [...work.left].map(([reason, count]) => ({ reason, count })),
    header: options.headers ?? headerEdits(message),
    ...numberLinks(
      [...work.linkIndex.keys()],
      work.leaves.toSorted((a, b) => a.start - b.start),
    ),
  };
}

/** A destination whose every place was full is no link of the plan: reports divide by those who were sent it. */
function numberLinks(urls: readonly string[], leaves: readonly LeafPlan[]): Pick<Plan, 'links' | 'leaves'> {
  const used = new Set(leaves.flatMap((leaf) => leaf.edits.map(([, , link]) => link)));
  const kept = urls.map((url, link) => ({ url, link })).filter(({ link }) => used.has(link));
  if (kept.length === urls.length) return { links: urls, leaves };
  const numbers = new Map(kept.map(({ link }, index) => [link, index]));
  const renumber = ([start, end, link, column, rest]: Edit): Edit => [
    start,
    end,
    numbers.get(link) ?? link,
    column,
    rest,
  ];
  return {
    links: kept.map(({ url }) => url),
    leaves: leaves.map((leaf) => ({ ...leaf, edits: leaf.edits.map(renumber) })),
  };
}

function planBodies(work: Work): UntouchedReason | null {
  const { message, options } = work;
  if (!options.opens && !options.clicks) return 'not-asked';
  const seal = findSeal(message.root);
  if (seal) return seal;
  const bodies = findBodyLeaves(message.root);
  if (bodies.text.some((part) => isPgpText(message.octets, part))) return 'pgp-inline';
  const html = openAll(work, bodies.html);
  if (html.some((leaf) => pgpArmour.test(leaf.view))) return 'pgp-inline';
  // The first choice may be closed (an unreadable charset): then another shown leaf counts the opens.
  const pixelLeaf = html.find((leaf) => leaf.part === bodies.pixelLeaf) ?? html[0];
  for (const leaf of html) planHtml(work, leaf, options.opens && leaf === pixelLeaf);
  if (options.clicks && options.plainText) for (const leaf of openAll(work, bodies.text)) planText(work, leaf);
  return bodies.html.length + bodies.text.length === 0 ? 'no-body' : null;
}

function openAll(work: Work, parts: readonly Part[]): LeafText[] {
  const leaves: LeafText[] = [];
  for (const part of parts) {
    const leaf = openLeaf(work.message.octets, part);
    if (leaf.kind === 'closed') leave(work, leaf.reason);
    // Nothing to see, and no line end of its own between it and the delimiter: an insertion would swallow that.
    else if (leaf.view.length > 0) leaves.push(leaf);
  }
  return leaves;
}

const pgpArmour = /-----BEGIN PGP (?:SIGNED )?MESSAGE-----/;
// At the start of a line, its dashes perhaps encoded; a quoted one is somebody else's.
const pgpTextArmour = /(?:^|\n)(?:-|=2D){5}BEGIN PGP (?:SIGNED )?MESSAGE/i;

function isPgpText(octets: Uint8Array, part: Part): boolean {
  if (part.encoding !== 'base64') return pgpTextArmour.test(asciiView(octets.subarray(part.bodyStart, part.bodyEnd)));
  const leaf = openLeaf(octets, part);
  return leaf.kind === 'open' && pgpTextArmour.test(leaf.view);
}

function leave(work: Work, reason: LeftReason | ClosedReason): void {
  work.left.set(reason, (work.left.get(reason) ?? 0) + 1);
}

function planHtml(work: Work, leaf: LeafText, withPixel: boolean): void {
  const scan = scanHtml(leaf.view);
  const targets: Target[] = [];
  const tracked: HtmlLink[] = [];
  if (work.options.clicks) {
    for (const link of scan.links) {
      const judged = judgeHtmlLink(work, leaf, link);
      if ('reason' in judged) {
        leave(work, judged.reason);
        continue;
      }
      tracked.push(link);
      targets.push(targetFor(work, judged.url, link.start, link.end, link.breakAt));
    }
  }
  if (withPixel) targets.push(pixelTarget(work, scan));
  const placed = placeAll(work, leaf, targets, tracked);
  if (placed.edits.some(([, , link]) => link === pixelEdit)) work.pixel = scan.pixelPlace;
  keepLeaf(work, leaf, true, placed);
}

const inOrder = (targets: readonly Target[]): Target[] => targets.toSorted((a, b) => a.start - b.start);

/** With the link that nobody can see, if there is to be one and every other edit is the same with it as without. */
function placeAll(work: Work, leaf: LeafText, targets: readonly Target[], tracked: readonly HtmlLink[]): Placed {
  const { octets } = work.message;
  const plain = placeEdits(octets, leaf, inOrder(targets));
  const isWanted = work.options.honeypot && !work.hasHoneypot && plain.edits.some(([, , link]) => link >= 0);
  if (!isWanted) return plain;
  for (const at of honeypotPlaces(leaf.view, tracked)) {
    const placed = placeEdits(octets, leaf, inOrder([...targets, honeypotTarget(work, at)]));
    if (placed.lineFull.length !== plain.lineFull.length) continue;
    if (placed.lineFull.some(({ start }, index) => start !== plain.lineFull[index]?.start)) continue;
    work.hasHoneypot = true;
    return placed;
  }
  return plain;
}

/** Its destination is the plan's first link; which that will be is not settled yet, so there is room for any. */
function honeypotTarget(work: Work, at: number): Target {
  const room = Math.max(...[...work.linkIndex.keys()].slice(0, linksMaxDefault).map((url) => roomFor(work, url)));
  return { start: at, end: at, link: honeypotEdit, room: honeypotLength(room), breakAt: -1 };
}

function planText(work: Work, leaf: LeafText): void {
  const flow = leaf.part.parameters;
  const links = scanText(leaf.view, {
    isFlowed: flow.get('format')?.toLowerCase() === 'flowed',
    deletesSpace: flow.get('delsp')?.toLowerCase() === 'yes',
  });
  const targets: Target[] = [];
  for (const link of links) {
    const judged = judgeTextLink(work, leaf, link);
    if ('reason' in judged) leave(work, judged.reason);
    else targets.push(targetFor(work, judged.url, link.start, link.end, -1));
  }
  keepLeaf(work, leaf, false, placeEdits(work.message.octets, leaf, targets));
}

type Judged = { readonly url: string } | { readonly reason: LeftReason };

/** Beyond the limit nothing is read any more, so that a million links cost no more than their search. */
function isOverLimit(work: Work): boolean {
  return work.linkCount >= (work.options.linksMax ?? linksMaxDefault);
}

function judgeHtmlLink(work: Work, leaf: LeafText, link: HtmlLink): Judged {
  if (isOverLimit(work)) return { reason: 'over-limit' };
  const destination = readDestination(leaf.textOf(link.start, link.end));
  if (destination.kind === 'left') return { reason: destination.reason };
  if (link.isMarkedOff) return { reason: 'marked-off' };
  const { url } = destination;
  if (/(?:^|\s)unsubscribe(?:\s|$)/i.test(link.rel)) return { reason: 'unsubscribe' };
  const text = readableText(leaf.textOf(link.textStart, Math.max(link.textStart, link.textEnd)) + link.labels);
  const around = () =>
    `${lastSentence(leaf.textOf(Math.max(0, link.tagStart - 300), link.tagStart))} ${text} ${firstSentence(afterLink(leaf, link))}`;
  return judgeMeaning(work, url, () => isLeavingText(text, around));
}

/** What follows the end tag, for `<a>Click here</a> to unsubscribe`. */
function afterLink(leaf: LeafText, link: HtmlLink): string {
  const close = leaf.view.indexOf('>', link.textEnd);
  return close < 0 ? '' : leaf.textOf(close + 1, Math.min(leaf.view.length, close + 200));
}

function judgeTextLink(work: Work, leaf: LeafText, link: TextLink): Judged {
  if (isOverLimit(work)) return { reason: 'over-limit' };
  const destination = judgeUrl(leaf.textOf(link.start, link.end));
  if (destination.kind === 'left') return { reason: destination.reason };
  if (!link.isClear) return { reason: 'unclear-end' };
  // "Unsubscribe: https://…", or the words on the line above.
  const before =
    leaf
      .textOf(Math.max(0, link.start - 200), link.start)
      .split(/\r\n\s*\r\n/)
      .at(-1) ?? '';
  const words = before.split(/https?:\/\/\S*/i).at(-1) ?? '';
  return judgeMeaning(work, destination.url, () => isLeavingText(words.slice(-120), () => ''));
}

function judgeMeaning(work: Work, url: string, isLeaving: () => boolean): Judged {
  if (work.options.ownUrls?.some((own) => url.startsWith(own))) return { reason: 'own-url' };
  if (work.unsubscribeUrls.has(url) || isLeavingUrl(url) || isLeaving()) return { reason: 'unsubscribe' };
  work.linkCount++;
  return { url };
}

function targetFor(work: Work, url: string, start: number, end: number, breakAt: number): Target {
  const index = work.linkIndex.get(url) ?? work.linkIndex.size;
  work.linkIndex.set(url, index);
  return { start, end, link: index, room: roomFor(work, url), breakAt };
}

function pixelTarget(work: Work, scan: HtmlScan): Target {
  const room = pixelLength(roomFor(work, null));
  return { start: scan.pixelAt, end: scan.pixelAt, link: pixelEdit, room, breakAt: -1 };
}

// Sealed in a token the destination grows by a third, beside ids, a key number and a tag; hosts are rarely longer than 80.
function roomFor(work: Work, destination: string | null): number {
  const asked = work.options.urlOctetsMax?.(destination);
  return asked ?? 256 + (destination ? Math.ceil((utf8Octets(destination).length * 4) / 3) : 0);
}

function keepLeaf(work: Work, leaf: LeafText, isMarkup: boolean, placed: Placed): void {
  for (const _ of placed.lineFull) leave(work, 'line-full');
  if (placed.edits.length === 0) return;
  work.leaves.push({
    encoding: leaf.encoding,
    isMarkup,
    start: leaf.part.bodyStart,
    end: leaf.part.bodyEnd,
    unitOctets: leaf.unitOctets,
    isBigEndian: leaf.isBigEndian,
    lineWidth: placed.lineWidth,
    edits: placed.edits,
  });
}
