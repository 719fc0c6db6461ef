/** Questions that rules ask about the networks of a hit, and what a stale list does to their answers. */
import type { Evidence } from './evidence.ts';
import type { NetworkClass, NetworkMatch } from './networks.ts';
import type { Strength } from './rules/rule.ts';

const DAY_MS = 86_400_000;
const STALE_AFTER_MS = 14 * DAY_MS;

/** The list that puts the hit into one of the classes, in their order: one fetched lately, else a built-in fact, else a stale one. */
export function matchIn(hit: Evidence, classes: readonly NetworkClass[]): NetworkMatch | undefined {
  if (hit.networks.length === 0) return undefined;
  for (const name of classes) {
    const matches = hit.networks.filter((match) => match.class === name);
    if (matches.length < 2) {
      if (matches[0] !== undefined) return matches[0];
      continue;
    }
    const fresh = matches.filter((match) => !isStale(match, hit));
    return fresh.find((match) => match.fetchedAtMs !== undefined) ?? fresh[0] ?? matches[0];
  }
  return undefined;
}

/** Whether the list was older than 14 days when the hit came. Facts that come with the ruleset have no age. */
export function isStale(match: NetworkMatch, hit: Evidence): boolean {
  return match.fetchedAtMs !== undefined && hit.atMs !== undefined && hit.atMs - match.fetchedAtMs > STALE_AFTER_MS;
}

/** A certain sign that leans on a stale list is only probable. */
export function weakened(strength: Strength, match: NetworkMatch, hit: Evidence): Strength {
  return strength === 'certain' && isStale(match, hit) ? 'probable' : strength;
}

/** Half a sentence to put behind a reason that leans on a fetched list: whose, of which day, and how old when that is too old. */
export function listNote(match: NetworkMatch, hit: Evidence): string {
  if (match.fetchedAtMs === undefined) return '';
  const note = `${publisherOf(match)} list of ${dayOf(match.fetchedAtMs)}`;
  if (!isStale(match, hit)) return ` (${note})`;
  const days = Math.floor(((hit.atMs ?? 0) - match.fetchedAtMs) / DAY_MS);
  return ` (${note}, ${days} days old)`;
}

const PUBLISHERS: Readonly<Record<Exclude<NetworkClass, 'data-centre'>, string>> = {
  'apple-egress': "Apple's",
  google: "Google's",
  'microsoft-mail': "Microsoft's",
  microsoft: "Microsoft's",
  barracuda: "Barracuda's",
  proofpoint: "Proofpoint's",
  mimecast: "Mimecast's",
  cisco: "Cisco's",
  'mail-ru': "Mail.ru's",
};

/** Data centres have many owners, and AS tables hold all of them; the list's name tells whose it is. */
function publisherOf({ class: name, list }: NetworkMatch): string {
  if (/\basn?\b|autonomous/i.test(list)) return 'the AS';
  if (name !== 'data-centre') return PUBLISHERS[name];
  if (/^(?:amazon|aws)/i.test(list)) return "Amazon's";
  return /^google/i.test(list) ? "Google's" : 'a data-centre';
}

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

/** "20 November 2026", in UTC: the judge has no zone of its own. */
function dayOf(ms: number): string {
  const day = new Date(ms);
  return `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
}

/** Names of networks for people. */
export const NETWORK_NAMES: Readonly<Record<NetworkClass, string>> = {
  'apple-egress': "Apple's relay network",
  google: "Google's network",
  'microsoft-mail': "Microsoft's mail protection network",
  microsoft: "Microsoft's network",
  barracuda: "Barracuda's network",
  proofpoint: "Proofpoint's network",
  mimecast: "Mimecast's network",
  cisco: "Cisco's security network",
  'mail-ru': "Mail.ru's scanner network",
  'data-centre': 'a data centre',
};

/** Who scans from a network. */
export const NETWORK_ACTORS: Readonly<Partial<Record<NetworkClass, string>>> = {
  google: 'google-scanner',
  'microsoft-mail': 'microsoft-safelinks',
  microsoft: 'microsoft-safelinks',
  barracuda: 'barracuda',
  proofpoint: 'proofpoint',
  mimecast: 'mimecast',
  cisco: 'cisco',
  'mail-ru': 'mail-ru',
};
