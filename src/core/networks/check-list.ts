/**
 * Decides whether a list that came from outside may be judged by. What it refuses would call people machines, or hide
 * machines, all at once; the list before it stays in use then.
 */
import { type AddressRange, coverage, isV4, mergeRanges, readPrefix } from './address-ranges.ts';

export type ListFault = 'unreadable' | 'too_few' | 'too_wide' | 'not_public' | 'shrunken';

export type ListCheck =
  | { readonly kind: 'fine'; readonly merged: readonly AddressRange[] }
  | { readonly kind: 'refused'; readonly code: ListFault; readonly why: string };

export interface CheckedList {
  readonly ranges: readonly AddressRange[];
  readonly unreadable: number;
  /** Fewer networks than this are not that publisher's list. */
  readonly atLeast: number;
  /** Of the list in use from the same source, merged; absent: there is none to compare with. */
  readonly before?: readonly AddressRange[] | undefined;
}

const unreadableShare = 0.01;
const shrinkShare = 0.3;
const widestV4 = 2n ** 24n; // a /8
const widestV6 = 2n ** 112n; // a /16
/** An eighth of IPv4: no one network is that large. */
const mostV4 = 2 ** 29;
const mostV6 = 2 ** 50; // a /14 in networks of 64 bits

const refused = (code: ListFault, why: string): ListCheck => ({ kind: 'refused', code, why });

export function checkList({ ranges, unreadable, atLeast, before }: CheckedList): ListCheck {
  const entries = ranges.length + unreadable;
  if (entries === 0 || unreadable > entries * unreadableShare)
    return refused('unreadable', `Of ${entries} entries ${unreadable} are no networks.`);
  if (ranges.length < atLeast)
    return refused('too_few', `It holds ${ranges.length} networks; fewer than ${atLeast} cannot be the whole list.`);
  if (ranges.some(isTooWide)) return refused('too_wide', 'It holds a network wider than /8 (IPv4) or /16 (IPv6).');
  if (ranges.some(isNotPublic))
    return refused('not_public', 'It holds addresses that are private, local or reserved (RFC 6890).');
  const merged = mergeRanges(ranges);
  const covered = coverage(merged);
  if (covered.v4 > mostV4 || covered.v6 > mostV6)
    return refused('too_wide', 'It covers more than an eighth of IPv4 or a /14 of IPv6.');
  return (before && shrinkage(before, merged)) ?? { kind: 'fine', merged };
}

const isTooWide = (range: AddressRange): boolean => range.to - range.from >= (isV4(range) ? widestV4 : widestV6);

/** RFC 6890 and its registry, as far as it concerns what could be a visitor's own network. */
const reserved: readonly AddressRange[] = mergeRanges(
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15 224.0.0.0/3'
    .split(' ')
    .flatMap((prefix) => readPrefix(prefix) ?? []),
);
/** RFC 4291 §2.4: what is assigned of global unicast. */
const globalV6 = { from: 0x2000n << 112n, to: (0x4000n << 112n) - 1n };

const isNotPublic = (range: AddressRange): boolean =>
  isV4(range)
    ? reserved.some((one) => one.from <= range.to && range.from <= one.to)
    : range.from < globalV6.from || range.to > globalV6.to;

/** Merged ranges stay as many when a publisher only writes the same addresses in fewer or more lines. */
function shrinkage(before: readonly AddressRange[], now: readonly AddressRange[]): ListCheck | undefined {
  const [was, is] = [coverage(before), coverage(now)];
  const lost = Math.max(share(was.v4, is.v4), share(was.v6, is.v6));
  const coversLess = is.v4 < was.v4 || is.v6 < was.v6;
  const lostRanges = coversLess ? share(before.length, now.length) : 0;
  if (Math.max(lost, lostRanges) <= shrinkShare) return undefined;
  const percent = Math.round(100 * Math.max(lost, lostRanges));
  return refused('shrunken', `It has lost ${percent} % against the list in use; more than 30 % is not believed.`);
}

const share = (was: number, is: number): number => (was === 0 ? 0 : (was - is) / was);
