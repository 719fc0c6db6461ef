/**
 * Arithmetic on ranges of addresses, IPv4 among IPv6 as RFC 4291 §2.5.5.2 maps it: read, merge, subtract, count, write. It
 * knows nothing of whose addresses they are.
 */

/** Both ends belong to it. */
export interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
}

const mapped = 0xffff_0000_0000n;
const lastMapped = 0xffff_ffff_ffffn;
const lastV4 = 0xffff_ffff;

export const isV4 = ({ from, to }: AddressRange): boolean => from >= mapped && to <= lastMapped;

/** `address/length` or an address alone; host bits are cut off. Undefined: neither. */
export function readPrefix(text: string): AddressRange | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const maxBits = address.includes(':') ? 128 : 32;
  const suffix = slash < 0 ? String(maxBits) : text.slice(slash + 1);
  const lengthBits = /^\d{1,3}$/.test(suffix) ? Number(suffix) : 999;
  const start = readAddress(address);
  if (start === undefined || lengthBits > maxBits) return undefined;
  const size = 1n << BigInt(maxBits - lengthBits);
  const from = start - (start % size);
  return { from, to: from + size - 1n };
}

/** `first,last` as tables write a range. Undefined: not two addresses of one kind in their order. */
export function readRange(first: string, last: string): AddressRange | undefined {
  const [from, to] = [readAddress(first), readAddress(last)];
  if (from === undefined || to === undefined || from > to) return undefined;
  return first.includes(':') === last.includes(':') ? { from, to } : undefined;
}

/** A prefix, an address, or `first-last`. */
export function readNetwork(text: string): AddressRange | undefined {
  const dash = text.indexOf('-');
  return dash < 0 ? readPrefix(text) : readRange(text.slice(0, dash), text.slice(dash + 1));
}

function readAddress(text: string): bigint | undefined {
  const value = text.includes(':') ? readV6(text) : readV4(text);
  return typeof value === 'number' ? mapped + BigInt(value) : value;
}

function readV4(text: string): number | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256))
    return undefined;
  return octets.reduce((value, octet) => value * 256 + Number(octet), 0);
}

/** RFC 4291 §2.2 without dotted quads, which no publisher writes. */
function readV6(text: string): bigint | undefined {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const [head = [], tail = []] = sides.map((side) => (side === '' ? [] : side.split(':')));
  const missing = 8 - head.length - tail.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`);
}

const byStart = (one: AddressRange, other: AddressRange): number =>
  one.from < other.from ? -1 : one.from > other.from ? 1 : 0;

/** The same addresses in the fewest ranges, in order. IPv4 never grows together with IPv6. */
export function mergeRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const merged: AddressRange[] = [];
  for (const range of [...ranges].sort(byStart)) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1n || isV4(last) !== isV4(range)) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
}

/** What is in the first and not in the second; both merged. */
export function subtractRanges(ranges: readonly AddressRange[], without: readonly AddressRange[]): AddressRange[] {
  const left: AddressRange[] = [];
  let at = 0;
  for (const { from, to } of ranges) {
    let start = from;
    while ((without[at]?.to ?? to) < start) at += 1;
    for (let next = at; start <= to; next += 1) {
      const hole = without[next];
      if (hole === undefined || hole.from > to) {
        left.push({ from: start, to });
        break;
      }
      if (hole.from > start) left.push({ from: start, to: hole.from - 1n });
      start = hole.to + 1n;
    }
  }
  return left;
}

/** The fewest prefixes that hold exactly these ranges. */
export const prefixesOf = (ranges: readonly AddressRange[]): string[] => ranges.flatMap(prefixesOfRange);

function prefixesOfRange({ from, to }: AddressRange): string[] {
  const prefixes: string[] = [];
  for (let start = from; start <= to; ) {
    let sizeBits = 0;
    while (
      sizeBits < 128 &&
      start % (1n << BigInt(sizeBits + 1)) === 0n &&
      start + (1n << BigInt(sizeBits + 1)) - 1n <= to
    )
      sizeBits += 1;
    prefixes.push(writePrefix(start, sizeBits));
    start += 1n << BigInt(sizeBits);
  }
  return prefixes;
}

function writePrefix(start: bigint, sizeBits: number): string {
  if (start >= mapped && start <= lastMapped && sizeBits <= 32) {
    const value = Number(start - mapped) & lastV4;
    return `${[24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')}/${32 - sizeBits}`;
  }
  const groups = start.toString(16).padStart(32, '0').match(/.{4}/g) ?? [];
  const short = groups.map((group) => group.replace(/^0{1,3}/, ''));
  return `${short.join(':').replace(/(:0)+$/, '::')}/${128 - sizeBits}`;
}

/** How much is covered: IPv4 in addresses, IPv6 in networks of 64 bits. */
export function coverage(merged: readonly AddressRange[]): { readonly v4: number; readonly v6: number } {
  let [v4, v6] = [0, 0];
  for (const range of merged) {
    const size = range.to - range.from + 1n;
    if (isV4(range)) v4 += Number(size);
    else v6 += Number(size) / 2 ** 64;
  }
  return { v4, v6 };
}
