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
  const places = tracked.flatMap(({ afterAt }) => (afterAt < 0 ? [] : [afterAt]));
  if (places.length === 0 || readsNeighbours(view)) return [];
  const between = tracked.slice(0, -1).flatMap(({ afterAt }) => (afterAt < 0 ? [] : [afterAt]));
  return [...(between.length > 0 ? between : places)].slice(0, mostPlaces);
}
