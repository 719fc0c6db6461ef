/**
 * Turns ranges that overlap as they like into boundaries: from one to the next, the same lists hold. Typed arrays only, so that a
 * hundred thousand of them weigh a few megabytes. It knows no list by name.
 */
import { type Address, isV4 } from './address.ts';
import { addressOf, eventsInOrder, isSameAddressOf, listOf, type RangeBuffer } from './network-ranges.ts';

export interface NetworkTable<Match> {
  /** What holds an address, in the order of the lists. */
  find(address: Address): readonly Match[];
}

const MAPPED = 0xffff;
/** Lists are told apart by a bit each; more than this are never needed together. */
const MOST_SETS = 0xffff;

/** Boundaries of one family: `width` words each, and the number of the set that holds from there. */
interface Boundaries {
  readonly starts: Uint32Array;
  readonly sets: Uint16Array;
}

/** `matches[n]` is what an address in a range of list `n` is told to be in. */
export function tableOf<Match>(ranges: RangeBuffer, matches: readonly Match[]): NetworkTable<Match> {
  return lookUp(sweep(ranges, matches.length), matches);
}

function lookUp<Match>({ v4, v6, masks }: Swept, matches: readonly Match[]): NetworkTable<Match> {
  const nothing: readonly Match[] = [];
  const sets = masks.map((mask) => matches.filter((_, list) => (mask & (1n << BigInt(list))) !== 0n));
  return { find: (address) => sets[isV4(address) ? findV4(v4, address[3]) : findV6(v6, address)] ?? nothing };
}

interface Swept {
  readonly v4: Boundaries;
  readonly v6: Boundaries;
  /** For each set the lists in it, a bit each; the first is empty. */
  readonly masks: readonly bigint[];
}

/** Walks over all beginnings and ends in order and writes down where the set of lists changes. */
function sweep(ranges: RangeBuffer, lists: number): Swept {
  const events = eventsInOrder(ranges);
  const open = new Uint32Array(lists);
  const numbers = new Map<bigint, number>([[0n, 0]]);
  const v4 = growing(1);
  const v6 = growing(4);
  let mask = 0n;
  let isInMapped = false;
  for (let at = 0; at < events.length; ) {
    const first = events[at] ?? 0;
    for (; at < events.length && isSameAddressOf(ranges, first, events[at] ?? 0); at += 1) {
      mask ^= step(ranges, events[at] ?? 0, open);
    }
    const address = addressOf(ranges, first);
    const isMapped = address[0] === 0 && address[1] === 0 && address[2] === MAPPED;
    // What covers all of the mapped block began before it and holds inside it too.
    if (isMapped && !isInMapped) v4.push([0], v6.lastSet);
    isInMapped ||= isMapped;
    const set = numberOf(mask, numbers);
    if (isMapped) v4.push(address.subarray(3), set);
    else v6.push(address, set);
  }
  if (!isInMapped) v4.push([0], findV6(v6.end(), [0, 0, MAPPED, 0]));
  return { v4: v4.end(), v6: v6.end(), masks: [...numbers.keys()] };
}

/** The bit to turn when a list begins or ceases to hold; none when another of its ranges still does. */
function step(ranges: RangeBuffer, event: number, open: Uint32Array): bigint {
  const list = listOf(ranges, event);
  const before = open[list] ?? 0;
  const after = before + ((event & 1) === 0 ? 1 : -1);
  open[list] = after;
  return before === 0 || after === 0 ? 1n << BigInt(list) : 0n;
}

function numberOf(mask: bigint, numbers: Map<bigint, number>): number {
  const known = numbers.get(mask);
  if (known !== undefined) return known;
  if (numbers.size >= MOST_SETS) return 0;
  numbers.set(mask, numbers.size);
  return numbers.size - 1;
}

interface Growing {
  readonly lastSet: number;
  push(words: ArrayLike<number>, set: number): void;
  end(): Boundaries;
}

/** Boundaries being written. Where the set stays the same there is none. */
function growing(width: 1 | 4): Growing {
  let starts = new Uint32Array(width * 256);
  let sets = new Uint16Array(256);
  let size = 0;
  const lastSet = (): number => (size === 0 ? 0 : (sets[size - 1] ?? 0));
  return {
    get lastSet() {
      return lastSet();
    },
    push: (words, set) => {
      if (set === lastSet()) return;
      if (size === sets.length) {
        starts = copied(starts, new Uint32Array(starts.length * 2));
        sets = copied(sets, new Uint16Array(sets.length * 2));
      }
      starts.set(words, size * width);
      sets[size] = set;
      size += 1;
    },
    end: () => ({ starts: starts.slice(0, size * width), sets: sets.slice(0, size) }),
  };
}

function copied<Words extends Uint32Array | Uint16Array>(from: Words, to: Words): Words {
  to.set(from);
  return to;
}

/** Binary search for the last boundary at or before the address. */
function findV4({ starts, sets }: Boundaries, address: number): number {
  let low = 0;
  let high = sets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) > address) high = middle;
    else low = middle + 1;
  }
  return sets[low - 1] ?? 0;
}

function findV6({ starts, sets }: Boundaries, address: Address): number {
  let low = 0;
  let high = sets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(starts, middle * 4, address)) high = middle;
    else low = middle + 1;
  }
  return sets[low - 1] ?? 0;
}

function isAfter(starts: Uint32Array, at: number, address: Address): boolean {
  for (let index = 0; index < 4; index += 1) {
    const start = starts[at + index] ?? 0;
    const wanted = address[index] ?? 0;
    if (start !== wanted) return start > wanted;
  }
  return false;
}
