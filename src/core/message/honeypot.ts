/**
 * The link that no person can see or reach, and where it may stand: its markup, and places behind real links where no
 * style sheet of the mail could tell that it is there. It has no text, so nothing of it is ever read, copied or spoken.
 */
import type { HtmlLink } from './scan-html.ts';
import { readsNeighbours } from './style-neighbours.ts';

/** `!important` beats every style sheet; `mso-hide` is Word's word for it, which Outlook renders by. */
const hidden = 'aria-hidden="true" tabindex="-1" style="display:none!important;visibility:hidden;mso-hide:all"';

/** `url` is safe in an attribute already. With `lineEnd` the tag stands on lines of its own, for bodies whose lines are full. */
export function honeypotMarkup(url: string, lineEnd = ''): string {
  return lineEnd === ''
    ? `<a href="${url}" ${hidden}></a>`
    : `<a${lineEnd}href="${url}"${lineEnd}${hidden}${lineEnd}></a>`;
}

export const honeypotLength = (urlLength: number): number => honeypotMarkup('').length + urlLength;

/** Another line may have the room that the first has not. */
const mostPlaces = 3;

/**
 * Behind the first links that have another one after them, best first: scanners that take only so many links of a mail
 * take the first, and some leave out the last. None where the mail's own styles look at what stands beside a link.
 */
export function honeypotPlaces(view: string, tracked: readonly HtmlLink[]): number[] {
  const places = tracked.map(({ afterAt }) => afterAt);
  const isUnnoticed = (at: number): boolean => at >= 0 && !isBeforeLoneBlank(view, at);
  const between = places.slice(0, -1).filter(isUnnoticed);
  const found = between.length > 0 ? between : places.slice(-1).filter(isUnnoticed);
  return found.length === 0 || readsNeighbours(view) ? [] : found.slice(0, mostPlaces);
}

/**
 * A blank alone between two elements: where the first of them is not shown, browsers leave the blank out of the
 * accessibility tree (measured with Chromium 153), and two words are read as one.
 */
const isBeforeLoneBlank = (view: string, at: number): boolean => /^(?:\s+<|\s*<!)/.test(view.slice(at, at + 200));
