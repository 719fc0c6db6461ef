/**
 * Every statement that stands in the program's source, found by its tag, and whether a text that was run is that
 * statement. It reads files and runs nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface StatementSite {
  /** From the repository's folder. */
  readonly file: string;
  readonly line: number;
  /** What stands between its values, with single spaces. */
  readonly parts: readonly string[];
}

const repository = join(import.meta.dirname, '..', '..');
const isStatement = /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b/;

const withSingleSpaces = (text: string): string => text.replace(/\s+/g, ' ');

export function statementSites(): StatementSite[] {
  const source = join(repository, 'src');
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort()
    .flatMap((name) => sitesIn(relative(repository, join(source, name)), readFileSync(join(source, name), 'utf8')));
}

/** Pieces of statements, which others are put together from, run as part of those and are left out. */
export function sitesIn(file: string, source: string): StatementSite[] {
  const sites: StatementSite[] = [];
  for (const { index } of source.matchAll(/\bsql(<[^`]*>)?`/g)) {
    const from = source.indexOf('`', index) + 1;
    const parts = partsAt(source, from).parts.map(withSingleSpaces);
    if (!isStatement.test(parts[0] ?? '')) continue;
    sites.push({ file, line: source.slice(0, index).split('\n').length, parts });
  }
  return sites;
}

/** Of the template literal whose text begins there. */
function partsAt(source: string, from: number): { readonly parts: string[]; readonly end: number } {
  const parts = [''];
  let at = from;
  while (source[at] !== '`') {
    if (at >= source.length) throw new Error('a template without an end');
    if (source.startsWith('${', at)) {
      at = behindValue(source, at + 2);
      parts.push('');
      continue;
    }
    const length = source[at] === '\\' ? 2 : 1;
    parts[parts.length - 1] += source.slice(at + length - 1, at + length);
    at += length;
  }
  return { parts, end: at + 1 };
}

function behindValue(source: string, from: number): number {
  let [at, depth] = [from, 1];
  while (depth > 0) {
    const sign = source[at];
    if (sign === undefined) throw new Error('a value without an end');
    if (sign === '`') at = partsAt(source, at + 1).end;
    else if (sign === "'" || sign === '"') at = source.indexOf(sign, at + 1) + 1;
    else {
      if (sign === '{') depth += 1;
      if (sign === '}') depth -= 1;
      at += 1;
    }
  }
  return at;
}

/** Values are anything: parameters, or pieces of statements. */
export function isSite({ parts }: Pick<StatementSite, 'parts'>): (text: string) => boolean {
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', ' ?'));
  const pattern = new RegExp(`^\\s*${escaped.join('[^]*?').trim()}\\s*$`);
  return (text) => pattern.test(withSingleSpaces(text));
}
