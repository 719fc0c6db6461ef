/** Says which named network lists hold an address, IPv4 or IPv6. It never fetches a list. */
import { type Address, parseAddress } from './address.ts';
import { addPrefix, addRange, emptyRanges } from './network-ranges.ts';
import { type NetworkTable, tableOf } from './network-table.ts';
import { timeMs } from './read-fields.ts';

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
  /** First and last address, both included, as AS tables have them; IPv4 or IPv6, in any order. */
  readonly ranges?: readonly (readonly [from: string, to: string])[];
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
  /** Prefixes and ranges that were taken in. */
  readonly prefixCount: number;
  /** Prefixes and ranges that were none and were left out. */
  readonly rejected: readonly { readonly list: string; readonly count: number }[];
}

const NONE: readonly NetworkMatch[] = [];

/** Builds the table. Lists may overlap and nest, and so may the ranges of one; what is malformed is counted, not thrown. */
export function buildNetworks(lists: readonly NetworkList[]): Networks {
  const { table, prefixCount, rejected } = read(lists);
  return {
    lookupAddress: (address) => table.find(address),
    lookup: (ip) => {
      const address = typeof ip === 'string' ? parseAddress(ip) : undefined;
      return address === undefined ? NONE : table.find(address);
    },
    prefixCount,
    rejected,
  };
}

/** By itself, so that nothing that is looked up later holds on to the ranges as they were read. */
function read(
  lists: readonly NetworkList[],
): { readonly table: NetworkTable<NetworkMatch> } & Pick<Networks, 'prefixCount' | 'rejected'> {
  const ranges = emptyRanges();
  const rejected: { list: string; count: number }[] = [];
  lists.forEach((list, index) => {
    let count = 0;
    for (const prefix of list.prefixes) if (!addPrefix(ranges, prefix, index)) count += 1;
    for (const range of list.ranges ?? []) if (!addRange(ranges, range, index)) count += 1;
    if (count > 0) rejected.push({ list: list.name, count });
  });
  return { table: tableOf(ranges, lists.map(matchOf)), prefixCount: ranges.count, rejected };
}

function matchOf(list: NetworkList): NetworkMatch {
  const fetchedAtMs = timeMs(list.fetchedAt);
  const match = { class: list.class, list: list.name };
  return fetchedAtMs === undefined ? match : { ...match, fetchedAtMs };
}
