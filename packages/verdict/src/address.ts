/** Reads IPv4 and IPv6 text into four 32-bit words (IPv4 as IPv4-mapped IPv6). Anything else is `undefined`, never a throw. */

export type Address = readonly [number, number, number, number];

const MAPPED = 0xffff;

/** RFC 4291 §2.2 texts, dotted IPv4, and either with a zone id or brackets, and behind them a port as logs write it. */
export function parseAddress(text: string): Address | undefined {
  if (text.length < 2 || text.length > 64) return undefined;
  const host = withoutPort(text);
  if (host.indexOf(':') < 0) {
    const v4 = parseV4(host, 0);
    return v4 === undefined ? undefined : [0, 0, MAPPED, v4];
  }
  return parseV6(bare(host));
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

const PORT = /:\d{1,5}$/;

/** `192.0.2.1:443` and `[2001:db8::1]:443`; without brackets the colons of IPv6 are its own. */
function withoutPort(text: string): string {
  const isPorted = text.includes(']:') || (text.indexOf(':') === text.lastIndexOf(':') && text.includes('.'));
  return isPorted ? text.replace(PORT, '') : text;
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

/** RFC 4291 §2.2: eight groups of up to four digits, one run of zero groups left out as `::`, dotted IPv4 as the last two. */
function parseV6(text: string): Address | undefined {
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  let count = 0;
  let gapAt = text.startsWith('::') ? 0 : -1;
  let at = gapAt === 0 ? 2 : 0;
  while (at < text.length) {
    const end = groupEnd(text, at);
    if (text[end] === '.') return withDotted(groups, count, gapAt, parseV4(text, at));
    if (end === at || end - at > 4 || count === 8) return undefined;
    groups[count] = hexAt(text, at, end);
    count += 1;
    if (end === text.length) break;
    if (text[end] !== ':' || end + 1 === text.length) return undefined;
    at = end + 1;
    if (text[at] !== ':') continue;
    if (gapAt >= 0) return undefined;
    gapAt = count;
    at += 1;
  }
  return spread(groups, count, gapAt);
}

/** Dotted IPv4 stands for the last two groups and ends the text. */
function withDotted(groups: number[], count: number, gapAt: number, v4: number | undefined): Address | undefined {
  if (v4 === undefined || count > 6) return undefined;
  groups[count] = v4 >>> 16;
  groups[count + 1] = v4 & 0xffff;
  return spread(groups, count + 2, gapAt);
}

/** Where the digits that begin at `from` end. */
function groupEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && hexDigit(text.charCodeAt(end)) >= 0) end += 1;
  return end;
}

function hexAt(text: string, from: number, end: number): number {
  let value = 0;
  for (let index = from; index < end; index += 1) value = value * 16 + hexDigit(text.charCodeAt(index));
  return value;
}

/** -1 for what is none. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Puts the groups behind the gap at the end, and the zeros of the gap between. */
function spread(groups: number[], count: number, gapAt: number): Address | undefined {
  if (gapAt < 0 ? count !== 8 : count > 7) return undefined;
  if (gapAt >= 0) {
    groups.copyWithin(gapAt + 8 - count, gapAt, count);
    groups.fill(0, gapAt, gapAt + 8 - count);
  }
  return [word(groups, 0), word(groups, 2), word(groups, 4), word(groups, 6)];
}

function word(groups: readonly number[], at: number): number {
  return (groups[at] ?? 0) * 65536 + (groups[at + 1] ?? 0);
}
