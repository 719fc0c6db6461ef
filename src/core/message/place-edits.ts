/**
 * Turns places in a decoded body into edits of its encoded octets, so that no line grows beyond what its encoding allows.
 * A link for which there is no room is named, not squeezed in.
 */
import type { LeafText } from './leaf-text.ts';
import { type Edit, isOwnTag, lineBreakEdit, pixelEdit } from './plan.ts';
import { base64LineWidth, writtenAt, writtenEnd } from './transfer-encoding.ts';

export interface Target {
  /** Positions in the view; equal for an element of ours. */
  readonly start: number;
  readonly end: number;
  readonly link: number;
  /** Octets that the replacement may take at most. */
  readonly room: number;
  /** A blank that may become a line break, or -1. */
  readonly breakAt: number;
}

export interface Placed {
  readonly edits: readonly Edit[];
  readonly lineWidth: number;
  /** Targets without room on their line. */
  readonly lineFull: readonly Target[];
}

const rawLineMax = 998;

export function placeEdits(octets: Uint8Array, leaf: LeafText, targets: readonly Target[]): Placed {
  switch (leaf.encoding) {
    case 'base64':
      return placeBase64(octets, leaf, targets);
    case 'quoted-printable':
      return { edits: placeQuotedPrintable(octets, leaf, targets), lineWidth: 0, lineFull: [] };
    case 'raw':
      return placeRaw(octets, leaf, targets);
  }
}

function placeBase64(octets: Uint8Array, leaf: LeafText, targets: readonly Target[]): Placed {
  const unit = leaf.unitOctets;
  const edits = targets.map(({ start, end, link }): Edit => [start * unit, end * unit, link, 0, 0]);
  return { edits, lineWidth: base64LineWidth(octets, leaf.part.bodyStart, leaf.part.bodyEnd), lineFull: [] };
}

function placeQuotedPrintable(octets: Uint8Array, leaf: LeafText, targets: readonly Target[]): Edit[] {
  const { bodyStart, bodyEnd } = leaf.part;
  const spans = targets.map((target) => encodedSpan(octets, leaf, target));
  let lineEnd = bodyStart - 1;
  return spans.map(([start, end], index): Edit => {
    const isSameLine = start <= lineEnd;
    const column = isSameLine ? -1 : start - lineStartOf(octets, start, bodyStart);
    lineEnd = lineEndOf(octets, end, bodyEnd);
    const next = spans[index + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    // Room for the `=` of a soft break where the next edit begins on this line.
    const rest = next <= lineEnd ? next - end + 1 : lineEnd - end;
    return [start, end, targets[index]?.link ?? pixelEdit, column, rest];
  });
}

function encodedSpan(octets: Uint8Array, leaf: LeafText, target: Target): [number, number] {
  const body = leaf.quotedPrintable;
  const length = body?.decoded.length ?? 0;
  if (!body || length === 0) return [leaf.part.bodyStart, leaf.part.bodyStart];
  if (target.start >= length) {
    const end = writtenEnd(octets, body, length - 1);
    return [end, end];
  }
  const start = writtenAt(body, target.start);
  return [start, target.end > target.start ? writtenEnd(octets, body, target.end - 1) : start];
}

function lineStartOf(octets: Uint8Array, at: number, bodyStart: number): number {
  return at === 0 ? 0 : Math.max(bodyStart, octets.lastIndexOf(0x0a, at - 1) + 1);
}

function lineEndOf(octets: Uint8Array, at: number, bodyEnd: number): number {
  const end = octets.indexOf(0x0d, at);
  return end < 0 ? bodyEnd : Math.min(end, bodyEnd);
}

/** Lays out the lines of a 7bit or 8bit body: `column` is where position `from` comes to stand in the copy. */
interface Layout {
  readonly edits: Edit[];
  readonly lineFull: Target[];
  lineEnd: number;
  from: number;
  column: number;
  /** The next target must turn its blank into a line break. */
  isBreakPromised: boolean;
}

function placeRaw(octets: Uint8Array, leaf: LeafText, targets: readonly Target[]): Placed {
  const { bodyStart, bodyEnd } = leaf.part;
  const layout: Layout = { edits: [], lineFull: [], lineEnd: -1, from: 0, column: 0, isBreakPromised: false };
  for (const [index, viewTarget] of targets.entries()) {
    const target = shifted(viewTarget, bodyStart);
    if (target.start > layout.lineEnd) {
      layout.from = lineStartOf(octets, target.start, bodyStart);
      layout.column = 0;
      layout.lineEnd = lineEndOf(octets, target.end, bodyEnd);
    } else {
      layout.lineEnd = Math.max(layout.lineEnd, lineEndOf(octets, target.end, bodyEnd));
    }
    const next = targets[index + 1];
    const nextBreak = next && next.breakAt >= 0 ? next.breakAt + bodyStart : -1;
    placeOnLine(layout, target, nextBreak > target.end && nextBreak < layout.lineEnd ? nextBreak : -1, viewTarget);
  }
  return { edits: layout.edits, lineWidth: 0, lineFull: layout.lineFull };
}

function shifted(target: Target, by: number): Target {
  const { start, end, breakAt } = target;
  return { ...target, start: start + by, end: end + by, breakAt: breakAt < 0 ? -1 : breakAt + by };
}

function placeOnLine(layout: Layout, target: Target, nextBreak: number, viewTarget: Target): void {
  if (layout.isBreakPromised) breakLine(layout, target);
  layout.isBreakPromised = false;
  const toLineEnd = layout.lineEnd - target.end;
  const toNextBreak = nextBreak < 0 ? Number.POSITIVE_INFINITY : nextBreak - target.end;
  const column = layout.column + target.start - layout.from;
  const canBreak = target.breakAt >= layout.from;
  const brokenColumn = target.start - target.breakAt - 1;
  const fits = (at: number, rest: number) => at + target.room + rest <= rawLineMax;
  const canStay = fits(column, toLineEnd) || fits(column, toNextBreak);
  const canMove = canBreak && (fits(brokenColumn, toLineEnd) || fits(brokenColumn, toNextBreak));
  const mustMove = canMove && !fits(column, toLineEnd) && (fits(brokenColumn, toLineEnd) || !canStay);
  if (!canStay && !canMove) {
    takeOrLeave(layout, target, column, viewTarget);
    return;
  }
  if (mustMove) breakLine(layout, target);
  const at = mustMove ? brokenColumn : column;
  layout.isBreakPromised = !fits(at, toLineEnd);
  take(layout, target, at);
}

function breakLine(layout: Layout, target: Target): void {
  layout.edits.push([target.breakAt, target.breakAt + 1, lineBreakEdit, 0, 0]);
  layout.from = target.breakAt + 1;
  layout.column = 0;
}

function take(layout: Layout, target: Target, column: number): void {
  const slot = isOwnTag(target.link) ? 0 : target.room;
  layout.edits.push([target.start, target.end, target.link, slot, 0]);
  layout.from = target.end;
  layout.column = column + target.room;
}

/** `></a>`, or `/>` of the pixel. */
const longestTagEnd = 5;

/** Our own tags may be broken between their attributes, each shorter than a line; a link stays as it is. */
function takeOrLeave(layout: Layout, target: Target, column: number, viewTarget: Target): void {
  if (!isOwnTag(target.link) || column + 4 > rawLineMax || target.room > rawLineMax) {
    layout.lineFull.push(viewTarget);
    return;
  }
  layout.edits.push([target.start, target.end, target.link, 1, 0]);
  layout.from = target.end;
  layout.column = longestTagEnd;
}
