/**
 * Reads prefixes and start–end ranges into one flat array of numbers, ready to be sorted. What is malformed is told from what is
 * not, and never thrown. It looks nothing up.
 */
import { type Address, isV4, parseAddress } from './address.ts';

/** Words of one range: its first address, the first address behind it, and which list it is of. */
const WORDS = 9;
const LIST = 8;
/** Set beside the list's number when the range ends with the address space, so that nothing comes behind it. */
const ENDLESS = 0x80000000;

/** Ranges one after the other, grown by doubling: a hundred thousand objects would weigh ten times as much. */
export interface RangeBuffer {
  words: Uint32Array;
  count: number;
}

export const emptyRanges = (): RangeBuffer => ({ words: new Uint32Array(WORDS * 1024), count: 0 });

/** `address/length`, or an address alone; host bits are cut off. False when it is neither. */
export function addPrefix(ranges: RangeBuffer, text: unknown, list: number): boolean {
  if (typeof text !== 'string') return false;
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return false;
  const offset = isV4(address) && !text.includes(':') ? 96 : 0;
  const suffix = slash < 0 ? String(128 - offset) : text.slice(slash + 1);
  const lengthBits = /^\d{1,3}$/.test(suffix) ? Number(suffix) + offset : 999;
  if (lengthBits > 128) return false;
  const start = masked(address, lengthBits);
  put(ranges, start, following(start, lengthBits), list);
  return true;
}

/** First and last address, both included. False when either is none, when they are of different families, or the wrong way round. */
export function addRange(ranges: RangeBuffer, range: unknown, list: number): boolean {
  if (!Array.isArray(range) || typeof range[0] !== 'string' || typeof range[1] !== 'string') return false;
  const start = parseAddress(range[0]);
  const last = parseAddress(range[1]);
  if (start === undefined || last === undefined || isV4(start) !== isV4(last) || isBefore(last, start)) return false;
  put(ranges, start, following(last, 128), list);
  return true;
}

function put(ranges: RangeBuffer, start: Address, next: Address | undefined, list: number): void {
  const at = ranges.count * WORDS;
  if (at === ranges.words.length) {
    const words = new Uint32Array(ranges.words.length * 2);
    words.set(ranges.words);
    ranges.words = words;
  }
  ranges.words.set(start, at);
  if (next !== undefined) ranges.words.set(next, at + 4);
  ranges.words[at + LIST] = next === undefined ? list | ENDLESS : list;
  ranges.count += 1;
}

/** An event is the beginning (even) or the end (odd) of a range. In order of their addresses; of what never ends only the beginning. */
export function eventsInOrder({ words, count }: RangeBuffer): Uint32Array {
  const events = new Uint32Array(count * 2);
  const keys = new Float64Array(count * 2);
  let size = 0;
  for (let event = 0; event < count * 2; event += 1) {
    const isEnd = (event & 1) === 1;
    if (isEnd && (wordAt(words, (event >>> 1) * WORDS + LIST) & ENDLESS) !== 0) continue;
    keys[event] = keyAt(words, positionOf(event));
    events[size] = event;
    size += 1;
  }
  return events.subarray(0, size).sort((left, right) => {
    const difference = (keys[left] ?? 0) - (keys[right] ?? 0);
    return difference === 0 ? compareAt(words, positionOf(left), positionOf(right)) : difference;
  });
}

/** One number that settles nearly every comparison: the first 53 bits, or all that tells mapped IPv4 addresses apart, below them. */
function keyAt(words: Uint32Array, at: number): number {
  const high = wordAt(words, at) * 2 ** 21 + (wordAt(words, at + 1) >>> 11);
  if (high > 0) return high;
  return wordAt(words, at + 1) > 0 ? 0.75 : (wordAt(words, at + 2) * 2 ** 32 + wordAt(words, at + 3)) / 2 ** 65;
}

export const listOf = (ranges: RangeBuffer, event: number): number =>
  wordAt(ranges.words, (event >>> 1) * WORDS + LIST) & ~ENDLESS;

export const isSameAddressOf = (ranges: RangeBuffer, left: number, right: number): boolean =>
  compareAt(ranges.words, positionOf(left), positionOf(right)) === 0;

/** The address of an event. */
export const addressOf = (ranges: RangeBuffer, event: number): Uint32Array =>
  ranges.words.subarray(positionOf(event), positionOf(event) + 4);

const positionOf = (event: number): number => (event >>> 1) * WORDS + (event & 1) * 4;

const wordAt = (words: Uint32Array, at: number): number => words[at] ?? 0;

function compareAt(words: Uint32Array, left: number, right: number): number {
  for (let index = 0; index < 4; index += 1) {
    const difference = wordAt(words, left + index) - wordAt(words, right + index);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isBefore(left: Address, right: Address): boolean {
  return (left[0] - right[0] || left[1] - right[1] || left[2] - right[2] || left[3] - right[3]) < 0;
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
