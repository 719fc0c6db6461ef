/** Decides which lists are judged by, out of what is stored, what comes with the program and what comes with the ruleset. */
import { buildNetworks, type NetworkList, type Networks, withBuiltIn } from '@waxwing/verdict';
import {
  type AddressRange,
  mergeRanges,
  prefixesOf,
  readNetwork,
  subtractRanges,
} from '../core/networks/address-ranges.ts';
import type { ListContent } from './compile-list.ts';
import type { ListName } from './lists.ts';

export interface LoadedList {
  readonly name: ListName;
  readonly content: ListContent;
  readonly fetchedAt: Date;
}

export const assembleNetworks = (loaded: readonly LoadedList[]): Networks => buildNetworks(withBuiltIn(inUse(loaded)));

/**
 * Google's list of its own addresses holds those of its cloud's customers too, so it means Google only without these: as
 * long as the cloud's list is not there, the built-in facts about Google stay.
 */
function inUse(loaded: readonly LoadedList[]): NetworkList[] {
  const cloud = loaded.find((list) => list.name === 'google-cloud');
  const cloudRanges = cloud && rangesOf(cloud.content['data-centre'] ?? []);
  return loaded.flatMap((list) => {
    if (list.name === 'google' && cloudRanges === undefined) return [];
    return networkLists(list, cloudRanges ?? []);
  });
}

function networkLists({ name, content, fetchedAt }: LoadedList, cloud: readonly AddressRange[]): NetworkList[] {
  return (Object.entries(content) as [NetworkList['class'], readonly string[]][]).map(([ofClass, networks]) => ({
    name,
    class: ofClass,
    ...(ofClass === 'google' ? { prefixes: prefixesOf(subtractRanges(rangesOf(networks), cloud)) } : split(networks)),
    fetchedAt: fetchedAt.toISOString(),
  }));
}

function split(networks: readonly string[]): Required<Pick<NetworkList, 'prefixes' | 'ranges'>> {
  const prefixes: string[] = [];
  const ranges: [string, string][] = [];
  for (const network of networks) {
    const dash = network.indexOf('-');
    if (dash < 0) prefixes.push(network);
    else ranges.push([network.slice(0, dash), network.slice(dash + 1)]);
  }
  return { prefixes, ranges };
}

const rangesOf = (networks: readonly string[]): AddressRange[] =>
  mergeRanges(networks.flatMap((network) => readNetwork(network) ?? []));
