/**
 * A page to look at out of HTML that somebody wrote: its words and its looks. Nothing in it runs, loads or leads anywhere,
 * whatever the frame that shows it would allow: what would, is taken out, and what is shown says so itself.
 */
import { Parser } from 'htmlparser2';

export interface PreviewDocument {
  readonly page: string;
  /** Pictures and the like that lie elsewhere. */
  readonly leftOut: number;
}

const never = new Set(
  'script link base meta title iframe frame frameset object embed audio video source track template noscript'.split(
    ' ',
  ),
);
/** The page has its own. */
const around = new Set(['html', 'head']);
const voids = new Set('area base br col embed frame hr img input link meta param source track wbr'.split(' '));
const isPicture = (address: string): boolean => /^data:image\//i.test(address.trim());
/** Attributes that name something to load or to go to. */
const naming =
  /^(src|srcset|srcdoc|href|xlink:href|poster|background|action|formaction|data|ping|cite|longdesc|lowsrc|dynsrc)$/;
const loading = /^(src|srcset|poster|background|lowsrc|dynsrc)$/;

/** As little as a mail client brings, beneath what the letter says. */
const ground = `
html { background: #fff; color: #1b1b1b; color-scheme: light; font: 16px/1.45 sans-serif; }
body { margin: 16px; overflow-wrap: anywhere; }
a[title] { color: #0b57d0; text-decoration: underline; }
img { max-width: 100%; }
img:not([src]) { background: #f2ede5; color: #5a5047; outline: 1px dashed #8f8274; }
`;

export function previewDocument(html: string, nonce: string): PreviewDocument {
  const { body, rules, left } = quietened(html);
  const style = `<style nonce="${nonce}">${`${ground}${rules.join('\n')}`.replaceAll('</', '<\\/')}</style>`;
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; form-action 'none'; base-uri 'none'`;
  const head = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>Preview</title>${style}`;
  return { page: `<!doctype html><html lang="und"><head>${head}</head>${body}</html>`, leftOut: left.out };
}

/** Not by the browser's own parser, which would begin to apply styles and handlers of what it reads. */
function quietened(html: string) {
  const [rules, left]: [string[], { out: number }] = [[], { out: 0 }];
  const looks = new Map<string, number>();
  let body = '';
  let sheet: { text: string; media: string } | null = null;
  const inside: string[] = []; // elements that are left out with all that they hold
  const parser = new Parser({
    onopentag(name, attributes) {
      if (inside.length > 0 || never.has(name)) {
        if (!voids.has(name)) inside.push(name);
      } else if (name === 'style') sheet = { text: '', media: attributes.media ?? '' };
      else if (!around.has(name) && isName(name))
        body += `<${name}${quietAttributes(name, attributes, { rules, looks, left })}>`;
    },
    ontext(text) {
      if (sheet !== null) sheet.text += text;
      else if (inside.length === 0) body += escaped(text);
    },
    onclosetag(name) {
      if (inside.length > 0) {
        if (inside.at(-1) === name) inside.pop();
      } else if (name === 'style' && sheet !== null) {
        const text = rulesOf(sheet.text, left);
        rules.push(sheet.media === '' ? text : `@media ${sheet.media.replace(/[{}<;]/g, '')} {${text}}`);
        sheet = null;
      } else if (!voids.has(name) && !around.has(name) && name !== 'body' && isName(name)) body += `</${name}>`;
    },
  });
  parser.end(html);
  return { body, rules, left };
}

interface Found {
  readonly rules: string[];
  /** Each way to look, written once, by the words of its attribute. */
  readonly looks: Map<string, number>;
  readonly left: { out: number };
}

function quietAttributes(
  element: string,
  attributes: Readonly<Record<string, string>>,
  { rules, looks, left }: Found,
): string {
  let kept = '';
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute === 'style') {
      const look = looks.get(value) ?? looks.size;
      // As strong as an attribute: :not() counts as what it holds, and three ids outweigh what people write.
      if (look === looks.size) rules.push(`[data-w="${look}"]:not(#w#w#w) {${declarationsOf(value, left)}}`);
      looks.set(value, look);
      kept += ` data-w="${look}"`;
    } else if (loading.test(attribute) && !(attribute === 'src' && isPicture(value))) left.out += 1;
    else if (attribute === 'href' && element === 'a') kept += ` title="${escaped(value)}"`;
    else if (!silenced(attribute, value)) kept += ` ${attribute}="${escaped(value)}"`;
  }
  return kept;
}

const isName = (text: string): boolean => /^[a-z][\w:.-]*$/i.test(text);
const silenced = (attribute: string, value: string): boolean =>
  !isName(attribute) ||
  /^(on|data-w$|nonce$|http-equiv$)/.test(attribute) ||
  (naming.test(attribute) && !(attribute === 'src' && isPicture(value)));

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Read by the browser itself, without anything being loaded or shown. */
function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

const rulesOf = (text: string, left: { out: number }): string =>
  [...sheetOf(text).cssRules].map((rule) => withoutAddresses(rule.cssText, left)).join('\n');

function declarationsOf(text: string, left: { out: number }): string {
  const [rule] = sheetOf(`x {${text}}`).cssRules;
  return rule instanceof CSSStyleRule ? withoutAddresses(rule.style.cssText, left) : '';
}

const withoutAddresses = (text: string, left: { out: number }): string =>
  text.replace(/(url|src|image-set)\((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^"')]*)\)/gi, (all, _kind, _at) => {
    if (/^url\(["']?data:image\//i.test(all)) return all;
    left.out += 1;
    return 'url("data:,")';
  });
