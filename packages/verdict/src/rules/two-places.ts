/** The copy was used from two distant places within ten minutes. Phones change networks, so it is only a weak sign. */
import type { Evidence } from '../evidence.ts';
import { matchIn } from '../network-facts.ts';
import { apartMs, isSharedByMany } from '../same-source.ts';
import type { MachineRule } from './rule.ts';

const AT_ONCE_MS = 10 * 60_000;

export const twoPlaces: MachineRule = {
  id: 'two-places',
  says: 'machine',
  family: 'network',
  kinds: ['open', 'click'],
  needs: 'sequence',
  strengths: ['weak'],
  text: 'This copy was used from two distant places within 10 minutes.',
  source: 'Omeda "advanced clickbot suppression"; unmeasured',
  find: (hit, scene) =>
    hasPlace(hit) && scene.hits.some((other) => isElsewhere(hit, other))
      ? { strength: 'weak', text: twoPlaces.text }
      : undefined,
};

/** The address of a relay, a proxy or a vendor's cloud is not where the person is. */
function hasPlace(hit: Evidence): boolean {
  if (hit.place === undefined || hit.method === 'one-click' || isSharedByMany(hit)) return false;
  return matchIn(hit, ['apple-egress', 'google', 'microsoft', 'microsoft-mail']) === undefined;
}

function isElsewhere(hit: Evidence, other: Evidence): boolean {
  if (other.place === hit.place || apartMs(hit, other) >= AT_ONCE_MS || !hasPlace(other)) return false;
  return scaleOf(hit) === scaleOf(other);
}

/** A home has an IPv4 and an IPv6 address at once: only like is compared with like. */
function scaleOf(hit: Evidence): string {
  const place = hit.place ?? '';
  return place.startsWith('v4/') || place.startsWith('v6/') ? place.slice(0, 3) : 'named';
}
