/** Lists of networks in words. A name that is not known here is shown as it came. */
import type { z } from 'zod';
import type { readNetworks } from '../../../../src/contract/networks.ts';
import { plural } from '../../../shared/format.ts';

export type NetworkList = z.output<typeof readNetworks.result>['lists'][number];

const meanings: Readonly<Record<string, string>> = {
  'apple-egress': 'Apple’s relays',
  google: 'Google',
  'microsoft-mail': 'Microsoft’s mail protection',
  microsoft: 'Microsoft',
  barracuda: 'Barracuda',
  proofpoint: 'Proofpoint',
  mimecast: 'Mimecast',
  cisco: 'Cisco',
  'mail-ru': 'Mail.ru',
  'data-centre': 'A data centre',
  several: 'Whose network it is, by its number',
};
export const meaningOf = (networkClass: string): string => meanings[networkClass] ?? networkClass;

const origins: Readonly<Record<NetworkList['origin'], string>> = {
  ruleset: 'With the ruleset',
  package: 'With the program',
  import: 'Imported from a file',
  publisher: 'From its publisher',
};

/** The host is enough to know the publisher by. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

export const originWords = ({ origin, sourceUrl }: NetworkList): string =>
  sourceUrl === null
    ? origins[origin]
    : origin === 'publisher'
      ? `From ${hostOf(sourceUrl)}`
      : `${origins[origin]}; asked of ${hostOf(sourceUrl)}`;

export function ageWords(ageDays: number | null): string {
  if (ageDays === null) return 'Does not age';
  if (ageDays < 1 / 24) return 'Less than an hour';
  if (ageDays < 2) return plural(Math.round(ageDays * 24), 'hour');
  return plural(Math.floor(ageDays), 'day');
}
