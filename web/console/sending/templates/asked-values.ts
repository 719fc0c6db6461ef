/** Which values a template asks for, as far as its text tells, and data made of what somebody types for each. The server decides what it means. */

export interface AskedValue {
  /** `visit.day` is the day within the visit. */
  readonly path: string;
  /** It is gone through one by one: a line each. */
  readonly isList: boolean;
}

export interface Asked {
  readonly values: readonly AskedValue[];
  /** A list of things with names of their own: only JSON can say that. */
  readonly needsJson: boolean;
}

const keywords = [
  'and',
  'or',
  'not',
  'contains',
  'true',
  'false',
  'nil',
  'null',
  'empty',
  'blank',
  'in',
  'reversed',
  'limit',
  'offset',
  'forloop',
];
const name = String.raw`[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*`;

const withoutSilent = (source: string): string =>
  source
    .replace(/\{%-?\s*raw\s*-?%\}[\s\S]*?\{%-?\s*endraw\s*-?%\}/g, '')
    .replace(/\{%-?\s*comment\s*-?%\}[\s\S]*?\{%-?\s*endcomment\s*-?%\}/g, '')
    .replace(/\{%-?\s*#[\s\S]*?%\}/g, '');

const namesIn = (expression: string): string[] =>
  expression
    .replace(/"[^"]*"|'[^']*'/g, ' ')
    .split('|')
    // Of a filter only what follows its colon can be a value.
    .map((part, place) => (place === 0 ? part : part.replace(/^[^:]*:?/, '')))
    .flatMap((part) => part.match(new RegExp(`(?<![\\w.-])${name}(?!\\s*:)`, 'g')) ?? [])
    .map((path) => path.replace(/\.(size|first|last)$/, ''));

const rootOf = (path: string): string => path.split('.')[0] ?? path;

interface Gathered {
  readonly paths: string[];
  /** Names that the template gives itself. */
  readonly own: Set<string>;
  /** By the name of one entry, what it goes through. */
  readonly lists: Map<string, string>;
}

const asking = new Set(['if', 'elsif', 'unless', 'case', 'when']);

function gatherTag(tag: string, { paths, own, lists }: Gathered): void {
  const [, word = '', rest = ''] = /^\s*(\w+)\s*([\s\S]*)$/.exec(tag) ?? [];
  if (asking.has(word)) paths.push(...namesIn(rest));
  if (word === 'for') {
    const [, one, list] = new RegExp(`^(${name})\\s+in\\s+(${name})`).exec(rest) ?? [];
    if (one !== undefined && list !== undefined) lists.set(one, list);
  }
  if (word !== 'assign') return;
  const [, assigned = '', expression = ''] = /^([\w-]+)\s*=([\s\S]*)$/.exec(rest) ?? [];
  own.add(assigned);
  paths.push(...namesIn(expression));
}

function gather(sources: readonly string[]): Gathered {
  const gathered: Gathered = { paths: [], own: new Set(keywords), lists: new Map() };
  for (const source of sources)
    for (const [, output, tag] of withoutSilent(source).matchAll(/\{\{-?([\s\S]*?)-?\}\}|\{%-?([\s\S]*?)-?%\}/g)) {
      if (output !== undefined) gathered.paths.push(...namesIn(output));
      if (tag !== undefined) gatherTag(tag, gathered);
    }
  for (const one of gathered.lists.keys()) gathered.own.add(one);
  return gathered;
}

export function askedValues(...sources: readonly string[]): Asked {
  const { paths, own, lists } = gather(sources);
  const isTheirs = (path: string): boolean => !own.has(rootOf(path));
  const rows = new Set(paths.filter((path) => path.includes('.')).map((path) => lists.get(rootOf(path))));
  rows.delete(undefined);
  const gone = [...new Set(lists.values())].filter((list) => isTheirs(list) && !rows.has(list));
  const single = [...new Set(paths)].filter((path) => isTheirs(path) && !rows.has(path) && !gone.includes(path));
  const all = [...gone.map((path) => ({ path, isList: true })), ...single.map((path) => ({ path, isList: false }))];
  const isAbove = (path: string): boolean => all.some((other) => other.path.startsWith(`${path}.`));
  return { values: all.filter(({ path }) => !isAbove(path)), needsJson: rows.size > 0 };
}

type Data = Record<string, unknown>;

/** What was left empty is left out. */
export function dataOf(values: readonly AskedValue[], typed: Readonly<Record<string, string>>): Data {
  const data: Data = {};
  for (const { path, isList } of values) {
    const text = typed[path] ?? '';
    if (text.trim() === '') continue;
    const steps = path.split('.');
    const last = steps.pop() ?? path;
    let place = data;
    for (const step of steps) {
      const below = Object.hasOwn(place, step) ? place[step] : undefined;
      const next: Data = typeof below === 'object' && below !== null ? (below as Data) : {};
      Object.defineProperty(place, step, { value: next, enumerable: true, configurable: true, writable: true });
      place = next;
    }
    const value = isList ? text.split('\n').filter((line) => line.trim() !== '') : text;
    Object.defineProperty(place, last, { value, enumerable: true, configurable: true, writable: true });
  }
  return data;
}

/** Null: it is not one JSON object. */
export function dataIn(json: string): Data | null {
  if (json.trim() === '') return {};
  try {
    const data: unknown = JSON.parse(json);
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Data) : null;
  } catch {
    return null;
  }
}
