/** The open pixel's markup: one invisible image that takes no room, well formed in HTML and XHTML alike. */

const before = '<img';
// !important beats rules like `img { width: 100% !important }`; clients without positioning show a block of no height.
const after =
  ' alt="" width="1" height="1" border="0" style="display:block!important;position:absolute!important;width:1px!important;' +
  'height:1px!important;margin:-1px 0 0 0!important;padding:0!important;border:0!important"';
const end = ' />';

/** `url` is safe in an attribute already. With `lineEnd` the tag stands on three lines, for bodies whose lines are full. */
export function pixelMarkup(url: string, lineEnd = ''): string {
  return lineEnd === ''
    ? `${before} src="${url}"${after}${end}`
    : `${before}${lineEnd}src="${url}"${after}${lineEnd}/>`;
}

export function pixelLength(urlLength: number): number {
  return pixelMarkup('').length + urlLength;
}
