/** Reads IPv4 and IPv6 text into four 32-bit words (IPv4 as IPv4-mapped IPv6). Anything else is `undefined`, never a throw. */

export type Address = readonly [number, number, number, number];

const MAPPED = 0xffff;

/** RFC 4291 §2.2 texts, dotted IPv4, and either with a zone id or brackets. */
export function parseAddress(text: string): Address | undefined {
  if (text.length < 2 || text.length > 64) return undefined;
  if (text.indexOf(':') < 0) {
    const v4 = parseV4(text, 0);
    return v4 === undefined ? undefined : [0, 0, MAPPED, v4];
  }
  return parseV6(bare(text));
}

export function isV4(address: Address): boolean {
  return address[0] === 0 && address[1] === 0 && address[2] === MAPPED;
}

/** The /24 (IPv4) or /48 (IPv6) that an address lies in, as the address of its first host. */
export function blockOf(address: Address): Address {
  if (isV4(address)) return [0, 0, MAPPED, (address[3] & 0xffffff00) >>> 0];
  return [address[0], (address[1] & 0xffff0000) >>> 0, 0, 0];
}

/** One text per address, however it was written. */
export function canonical(address: Address): string {
  if (isV4(address)) return `4:${address[3].toString(36)}`;
  return `6:${address[0].toString(36)}:${address[1].toString(36)}:${address[2].toString(36)}:${address[3].toString(36)}`;
}

function bare(text: string): string {
  const unbracketed = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const zone = unbracketed.indexOf('%');
  return zone < 0 ? unbracketed : unbracketed.slice(0, zone);
}

/** Four decimal octets without leading zeros, which some readers take for octal. */
function parseV4(text: string, from: number): number | undefined {
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let index = from; index <= text.length; index += 1) {
    const code = index === text.length ? 46 : text.charCodeAt(index);
    if (code === 46) {
      if (octet < 0 || octets === 4) return undefined;
      value = value * 256 + octet;
      octets += 1;
      octet = -1;
    } else if (code >= 48 && code <= 57 && octet !== 0) {
      octet = (octet < 0 ? 0 : octet * 10) + code - 48;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  return octets === 4 ? value : undefined;
}

function parseV6(text: string): Address | undefined {
  const gap = text.indexOf('::');
  if (gap !== text.lastIndexOf('::')) return undefined;
  const head = groups(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : groups(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return [word(all, 0), word(all, 2), word(all, 4), word(all, 6)];
}

function word(all: readonly number[], at: number): number {
  return (all[at] ?? 0) * 65536 + (all[at + 1] ?? 0);
}

/** The 16-bit groups of one side of `::`; dotted IPv4 is allowed as the very last part. */
function groups(text: string, isLastSide: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const result: number[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] ?? '';
    if (isLastSide && index === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part, 0);
      if (v4 === undefined) return undefined;
      result.push(Math.floor(v4 / 65536), v4 % 65536);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) result.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return result.length > 8 ? undefined : result;
}
