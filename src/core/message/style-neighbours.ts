/**
 * Says whether a mail's style sheets look at what stands beside a link, so that one more element behind it, though it is
 * never shown, could change how the mail looks. In doubt they do. It reads selectors only.
 */

/** Never beside a link: what follows one in the same parent is none of these (WHATWG HTML §4.9, §4.4). */
const elsewhere = new Set(['td', 'th', 'tr', 'tbody', 'thead', 'tfoot', 'li', 'dt', 'dd', 'body', 'head', 'html']);
/** Beyond these nobody wrote a style sheet by hand: in doubt, and quickly. */
const sheetsLengthMax = 200_000;
const selectorLengthMax = 300;

export function readsNeighbours(view: string): boolean {
  const sheets = styleSheets(view);
  return sheets.length > sheetsLengthMax || selectorsOf(sheets).some(readsNeighbour);
}

function styleSheets(view: string): string {
  const lower = view.toLowerCase();
  let sheets = '';
  for (let at = lower.indexOf('<style'); at >= 0; ) {
    const from = lower.indexOf('>', at);
    if (from < 0) break;
    const end = lower.indexOf('</style', from);
    sheets += `${lower.slice(from + 1, end < 0 ? undefined : end)}}`;
    at = end < 0 ? -1 : lower.indexOf('<style', end);
  }
  return sheets;
}

/** What stands before each `{`, rules inside `@media` included; one by one. */
function selectorsOf(sheets: string): string[] {
  const blocks = sheets.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ').split('{');
  return blocks.slice(0, -1).flatMap((block) => {
    const text = block.slice(Math.max(block.lastIndexOf('}'), block.lastIndexOf(';')) + 1).trim();
    return text.startsWith('@') ? [] : text.split(',');
  });
}

function readsNeighbour(selector: string): boolean {
  if (selector.length > selectorLengthMax || selector.includes(':has(')) return true;
  const plain = selector.replace(/\[[^\]]*\]/g, '[]').replace(/:nth-([a-z-]*)\([^)]*\)/g, ':nth-$1');
  return countsSiblings(plain) || followsLink(plain);
}

/** `:first-…` is not among them: the link before ours is there in any case. */
function countsSiblings(selector: string): boolean {
  const counting = [...selector.matchAll(/([^\s>+~()]*?):(?:last|only|nth)-/g)];
  return counting.some(([, compound = '']) => !elsewhere.has(typeOf(compound)));
}

/** `.button + .text`: ours would come between. After a plain `a` it would not matter, since ours is one too. */
function followsLink(selector: string): boolean {
  const followed = [...selector.matchAll(/([^\s>+~()]*)\s*\+/g)].map(([, left = '']) => left);
  return followed.some((left) => left !== 'a' && left !== '*' && ['', 'a'].includes(typeOf(left)));
}

const typeOf = (compound: string): string => /^[a-z][a-z0-9]*/.exec(compound)?.[0] ?? '';
