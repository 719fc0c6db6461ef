/**
 * Filters of RFC 7644 §3.4.2.2: read within limits, held against a resource, and asked for what they pin down, so that
 * an index can answer. Whoever sends one names attributes of ours or is refused.
 */
import { ScimFault } from './fault.ts';
import { type Attribute, findTarget, type Item, type Part, type Resource, type ResourceKind } from './schema.ts';

type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
type Literal = string | number | boolean | null;

interface Compared {
  readonly attribute: string;
  readonly part: string | undefined;
  readonly isCaseExact: boolean;
  readonly isDate: boolean;
}

export type Filter =
  | { readonly kind: 'and'; readonly of: readonly Filter[] }
  | { readonly kind: 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'present'; readonly on: Compared }
  | { readonly kind: 'compare'; readonly on: Compared; readonly how: Comparison; readonly with: Literal }
  /** One value of a many-valued attribute for which all of it holds. */
  | { readonly kind: 'some'; readonly attribute: string; readonly of: Filter };

const maxLength = 2_000;
const maxDepth = 10;
const maxTerms = 50;
const comparisons: readonly string[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'];

const fault = (should: string): ScimFault => new ScimFault('invalidFilter', 'filter', should);

const tokenShape = /\s*(?:([()[\]])|("(?:[^"\\]|\\.)*")|([^\s()[\]"]+))/y;

function tokensOf(text: string): string[] {
  if (text.length > maxLength) throw fault(`has at most ${maxLength} characters`);
  const tokens: string[] = [];
  const all = text.trimEnd();
  tokenShape.lastIndex = 0;
  while (tokenShape.lastIndex < all.length) {
    const match = tokenShape.exec(all);
    if (match === null) throw fault('is not complete');
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return tokens;
}

/** `within`: the attribute whose values it is about, for what stands between brackets. Throws invalidFilter. */
export function readFilter(text: string, kind: ResourceKind, within?: Attribute): Filter {
  const reader = new Reader(tokensOf(text), kind);
  const filter = reader.any(0, within);
  if (!reader.isAtEnd) throw fault('goes on behind its end');
  return filter;
}

class Reader {
  readonly #tokens: readonly string[];
  readonly #kind: ResourceKind;
  #at = 0;
  #terms = 0;

  constructor(tokens: readonly string[], kind: ResourceKind) {
    this.#tokens = tokens;
    this.#kind = kind;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  any(depth: number, within: Attribute | undefined): Filter {
    const of = [this.#every(depth, within)];
    while (this.#takes('or')) of.push(this.#every(depth, within));
    return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'or', of };
  }

  #every(depth: number, within: Attribute | undefined): Filter {
    const of = [this.#one(depth, within)];
    while (this.#takes('and')) of.push(this.#one(depth, within));
    return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'and', of };
  }

  #one(depth: number, within: Attribute | undefined): Filter {
    if (depth > maxDepth) throw fault(`is nested at most ${maxDepth} deep`);
    if (this.#peek()?.toLowerCase() === 'not' && this.#tokens[this.#at + 1] === '(') {
      this.#at += 1;
      return { kind: 'not', of: this.#one(depth + 1, within) };
    }
    if (!this.#takes('(')) return this.#term(depth, within);
    const inner = this.any(depth + 1, within);
    this.#expect(')');
    return inner;
  }

  #term(depth: number, within: Attribute | undefined): Filter {
    this.#terms += 1;
    if (this.#terms > maxTerms) throw fault(`has at most ${maxTerms} terms`);
    const name = this.#next();
    if (within === undefined && this.#peek() === '[') return this.#some(name, depth);
    return this.#comparison(within === undefined ? this.#compared(name) : partOf(within, name));
  }

  /** Microsoft Entra also writes `emails[type eq "work"].value eq "…"`, which the grammar does not have. */
  #some(name: string, depth: number): Filter {
    const found = findTarget(this.#kind, name);
    if (found.kind !== 'kept' || found.target.part !== undefined || found.target.attribute.isMany !== true)
      throw fault('has brackets behind what has many values only');
    const { attribute } = found.target;
    this.#expect('[');
    const inner = this.any(depth + 1, attribute);
    this.#expect(']');
    if (this.#peek()?.startsWith('.') !== true) return { kind: 'some', attribute: attribute.name, of: inner };
    const last = this.#comparison(partOf(attribute, this.#next().slice(1)));
    return { kind: 'some', attribute: attribute.name, of: { kind: 'and', of: [inner, last] } };
  }

  #comparison(on: Compared & { readonly isBoolean: boolean }): Filter {
    const how = this.#next().toLowerCase();
    if (how === 'pr') return { kind: 'present', on };
    if (!comparisons.includes(how)) throw fault('compares with eq, ne, co, sw, ew, gt, ge, lt, le or pr');
    // RFC 7644 §3.4.2.2: what has no order is not compared by it.
    if (on.isBoolean && how !== 'eq' && how !== 'ne') throw fault('compares true and false with eq or ne');
    return { kind: 'compare', on, how: how as Comparison, with: literalOf(this.#next()) };
  }

  #compared(name: string): Compared & { isBoolean: boolean } {
    const found = findTarget(this.#kind, name);
    if (found.kind !== 'kept') throw fault('names attributes that are kept: see /Schemas');
    const { attribute, part } = found.target;
    // Of what has many values and no part named, the value is meant.
    const meant = part ?? attribute.parts?.find((one) => one.name === 'value');
    if (meant === undefined && attribute.type === 'complex') throw fault('names a part of what has parts');
    return comparedOf(attribute.name, meant, meant ?? attribute);
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw fault('is not complete');
    this.#at += 1;
    return token;
  }

  #takes(word: string): boolean {
    if (this.#peek()?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (this.#next() !== token) throw fault('closes what it opens');
  }
}

const comparedOf = (attribute: string, part: Attribute | undefined, leaf: Attribute) => ({
  attribute,
  part: part?.name,
  isCaseExact: leaf.isCaseExact === true,
  isDate: leaf.type === 'dateTime',
  isBoolean: leaf.type === 'boolean',
});

function partOf(attribute: Attribute, name: string): Compared & { isBoolean: boolean } {
  const part = attribute.parts?.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (part === undefined) throw fault('names parts that are kept: see /Schemas');
  return comparedOf(attribute.name, part, part);
}

function literalOf(token: string): Literal {
  if (token === '' || '()[]'.includes(token)) throw fault('compares with a value');
  try {
    const value: unknown = JSON.parse(/^(true|false|null)$/i.test(token) ? token.toLowerCase() : token);
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as Literal;
  } catch {
    // said below
  }
  throw fault('has its values in double quotes');
}

/** `item`: the one value that is looked at, between brackets. */
export function matches(filter: Filter, resource: Resource, item?: Item): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((one) => matches(one, resource, item));
    case 'or':
      return filter.of.some((one) => matches(one, resource, item));
    case 'not':
      return !matches(filter.of, resource, item);
    case 'some':
      return itemsOf(resource[filter.attribute]).some((one) => matches(filter.of, resource, one));
    case 'present':
      return valuesOf(filter.on, resource, item).some((value) => value !== '');
    case 'compare':
      return compares(filter, valuesOf(filter.on, resource, item));
  }
}

const itemsOf = (value: Resource[string] | undefined): readonly Item[] =>
  Array.isArray(value) ? value : typeof value === 'object' ? [value] : [];

function valuesOf({ attribute, part }: Compared, resource: Resource, item: Item | undefined): Part[] {
  const value = resource[attribute];
  if (part === undefined) return value === undefined || typeof value === 'object' ? [] : [value];
  const items = item === undefined ? itemsOf(value) : [item];
  return items.flatMap((one) => (one[part] === undefined ? [] : [one[part]]));
}

function compares(filter: Filter & { kind: 'compare' }, values: readonly Part[]): boolean {
  const { how, on } = filter;
  if (how === 'ne') return !compares({ ...filter, how: 'eq' }, values);
  if (filter.with === null) return how === 'eq' && values.length === 0;
  const wished = plain(filter.with, on);
  return values.some((value) => holds(how, plain(value, on), wished));
}

/** Booleans as words, because Entra writes "True"; instants as milliseconds. */
function plain(value: Part | number, { isCaseExact, isDate }: Compared): string | number {
  if (isDate) return Date.parse(String(value));
  return isCaseExact ? String(value) : String(value).normalize('NFC').toLowerCase();
}

function holds(how: Exclude<Comparison, 'ne'>, value: string | number, wished: string | number): boolean {
  switch (how) {
    case 'eq':
      return value === wished;
    case 'co':
      return String(value).includes(String(wished));
    case 'sw':
      return String(value).startsWith(String(wished));
    case 'ew':
      return String(value).endsWith(String(wished));
    case 'gt':
      return value > wished;
    case 'ge':
      return value >= wished;
    case 'lt':
      return value < wished;
    case 'le':
      return value <= wished;
  }
}

export interface Pin {
  /** Such as `userName` or `emails.value`. */
  readonly path: string;
  readonly value: string;
}

/** What must be equal for the filter to hold at all: an index finds the few that can. */
export function pinsOf(filter: Filter): Pin[] {
  if (filter.kind === 'and') return filter.of.flatMap(pinsOf);
  if (filter.kind === 'some') return pinsOf(filter.of);
  if (filter.kind !== 'compare' || filter.how !== 'eq' || typeof filter.with !== 'string') return [];
  const { attribute, part } = filter.on;
  return [{ path: part === undefined ? attribute : `${attribute}.${part}`, value: filter.with }];
}

/** Whether the filter looks at an attribute at all. */
export function mentions(filter: Filter, attribute: string): boolean {
  if (filter.kind === 'and' || filter.kind === 'or') return filter.of.some((one) => mentions(one, attribute));
  if (filter.kind === 'not') return mentions(filter.of, attribute);
  if (filter.kind === 'some') return filter.attribute === attribute;
  return filter.on.attribute === attribute;
}
