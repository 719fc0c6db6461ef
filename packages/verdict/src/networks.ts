/** Says which named network lists hold an address: one sorted table for IPv4 and IPv6. It never fetches a list. */
import { type Address, isV4, parseAddress } from './address.ts';

export type NetworkClass =
  | 'apple-egress'
  | 'google'
  | 'microsoft-mail'
  | 'microsoft'
  | 'barracuda'
  | 'proofpoint'
  | 'mimecast'
  | 'cisco'
  | 'mail-ru'
  | 'data-centre';

export interface NetworkList {
  /** A list replaces a built-in one of the same name, see `withBuiltIn`. */
  readonly name: string;
  readonly class: NetworkClass;
  readonly prefixes: readonly string[];
  /** When the publisher's list was fetched, ISO 8601; absent for facts that come with the ruleset. */
  readonly fetchedAt?: string;
}

/** One list that holds the address. */
export interface NetworkMatch {
  readonly class: NetworkClass;
  readonly list: string;
  readonly fetchedAtMs?: number;
}

export interface Networks {
  /** Every list that holds the address; none when it is no address. */
  lookup(ip: string): readonly NetworkMatch[];
  lookupAddress(address: Address): readonly NetworkMatch[];
  readonly prefixCount: number;
  /** Lines that were no prefix and were left out. */
  readonly rejected: readonly { readonly list: string; readonly count: number }[];
}

interface Range {
  readonly start: Address;
  /** First address behind the range; `undefined` when the range ends with the address space. */
  readonly next: Address | undefined;
  readonly lengthBits: number;
  readonly list: number;
}

const NONE: readonly NetworkMatch[] = [];

/** Builds the table. Lists may overlap and nest; malformed prefixes are counted, not thrown. */
export function buildNetworks(lists: readonly NetworkList[]): Networks {
  const ranges: Range[] = [];
  const rejected: { list: string; count: number }[] = [];
  lists.forEach((list, index) => {
    let count = 0;
    for (const prefix of list.prefixes) {
      const range = readPrefix(prefix, index);
      if (range === undefined) count += 1;
      else ranges.push(range);
    }
    if (count > 0) rejected.push({ list: list.name, count });
  });
  const table = flatten(ranges, lists.map(matchOf));
  const lookupAddress = (address: Address): readonly NetworkMatch[] => find(table, address);
  return {
    lookupAddress,
    lookup: (ip) => {
      const address = typeof ip === 'string' ? parseAddress(ip) : undefined;
      return address === undefined ? NONE : lookupAddress(address);
    },
    prefixCount: ranges.length,
    rejected,
  };
}

function matchOf(list: NetworkList): NetworkMatch {
  const fetchedAtMs = list.fetchedAt === undefined ? Number.NaN : Date.parse(list.fetchedAt);
  const match = { class: list.class, list: list.name };
  return Number.isNaN(fetchedAtMs) ? match : { ...match, fetchedAtMs };
}

/** `address/length`, or an address alone. Host bits are cut off. */
function readPrefix(text: unknown, list: number): Range | undefined {
  if (typeof text !== 'string') return undefined;
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const offset = isV4(address) && !text.includes(':') ? 96 : 0;
  const suffix = slash < 0 ? String(128 - offset) : text.slice(slash + 1);
  const lengthBits = /^\d{1,3}$/.test(suffix) ? Number(suffix) + offset : 999;
  if (lengthBits > 128) return undefined;
  const start = masked(address, lengthBits);
  return { start, next: following(start, lengthBits), lengthBits, list };
}

function masked(address: Address, lengthBits: number): Address {
  const part = (index: number): number => {
    const bits = Math.min(32, Math.max(0, lengthBits - index * 32));
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    return ((address[index] ?? 0) & mask) >>> 0;
  };
  return [part(0), part(1), part(2), part(3)];
}

/** The first address behind `start/lengthBits`. */
function following(start: Address, lengthBits: number): Address | undefined {
  if (lengthBits === 0) return undefined;
  const words = [...start];
  let index = Math.floor((lengthBits - 1) / 32);
  let add = 2 ** (32 - (lengthBits - index * 32));
  for (; index >= 0; index -= 1) {
    const sum = (words[index] ?? 0) + add;
    words[index] = sum % 2 ** 32;
    if (sum < 2 ** 32) return [words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0];
    add = 1;
  }
  return undefined;
}

function compare(left: Address, right: Address): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2] || left[3] - right[3];
}

interface Table {
  /** Four words per boundary; from a boundary to the next one `sets[i]` holds. */
  readonly starts: Uint32Array;
  readonly sets: readonly (readonly NetworkMatch[])[];
}

/** Prefixes nest or are disjoint, so one sweep with a stack turns them into boundaries with the set that holds from there. */
function flatten(ranges: Range[], matches: readonly NetworkMatch[]): Table {
  ranges.sort((left, right) => compare(left.start, right.start) || left.lengthBits - right.lengthBits);
  const boundaries: { at: Address; set: readonly NetworkMatch[] }[] = [];
  const open: Range[] = [];
  const known = new Map<string, readonly NetworkMatch[]>();
  const mark = (at: Address): void => {
    const set = setOf(open, matches, known);
    const last = boundaries.at(-1);
    if (last !== undefined && compare(last.at, at) === 0) last.set = set;
    else if (last?.set !== set) boundaries.push({ at, set });
  };
  const closeUntil = (limit: Address | undefined): void => {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      if (limit !== undefined && (top.next === undefined || compare(top.next, limit) > 0)) return;
      open.pop();
      if (top.next !== undefined) mark(top.next);
    }
  };
  for (const range of ranges) {
    closeUntil(range.start);
    open.push(range);
    mark(range.start);
  }
  closeUntil(undefined);
  return {
    starts: Uint32Array.from(boundaries.flatMap((boundary) => boundary.at)),
    sets: boundaries.map((b) => b.set),
  };
}

function setOf(
  open: readonly Range[],
  matches: readonly NetworkMatch[],
  known: Map<string, readonly NetworkMatch[]>,
): readonly NetworkMatch[] {
  if (open.length === 0) return NONE;
  const lists = [...new Set(open.map((range) => range.list))].sort((left, right) => left - right);
  const key = lists.join();
  const set = known.get(key) ?? lists.flatMap((list) => matches[list] ?? []);
  known.set(key, set);
  return set;
}

/** Binary search for the last boundary at or before the address. */
function find(table: Table, address: Address): readonly NetworkMatch[] {
  const { starts } = table;
  let low = 0;
  let high = table.sets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(starts, middle * 4, address)) high = middle;
    else low = middle + 1;
  }
  return table.sets[low - 1] ?? NONE;
}

function isAfter(starts: Uint32Array, at: number, address: Address): boolean {
  for (let index = 0; index < 4; index += 1) {
    const start = starts[at + index] ?? 0;
    const wanted = address[index] ?? 0;
    if (start !== wanted) return start > wanted;
  }
  return false;
}
