/** Apple Mail Privacy Protection loads every image through Apple's relay, whether or not anybody looks. */
import type { Evidence } from '../evidence.ts';
import { listNote, matchIn } from '../network-facts.ts';
import type { NetworkMatch } from '../networks.ts';
import type { MachineRule } from './rule.ts';

/** The agent is exactly `Mozilla/5.0` without a Referer, from an egress address: both, since neither alone is proof of Apple. */
export function appleMatch(hit: Evidence): NetworkMatch | undefined {
  if (hit.client.kind !== 'bare' || hit.headers?.hasReferer === true) return undefined;
  return matchIn(hit, ['apple-egress']);
}

export const applePrefetch: MachineRule = {
  id: 'apple-prefetch',
  says: 'machine',
  family: 'agent',
  kinds: ['open'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'Apple Mail Privacy Protection loaded the image in advance; whether a person looked cannot be known.',
  source: "Apple's egress-ip-ranges.csv; Litmus client share 2021–22; TryGhost/Ghost#30388",
  find: (hit) => {
    const match = appleMatch(hit);
    if (match === undefined) return undefined;
    const text = applePrefetch.text.replace(';', `${listNote(match, hit)};`);
    // Whatever the age of the list: the bare agent alone is a machine's, see bare-agent-open.
    return { strength: 'certain', text, actor: 'apple-mpp', unknowable: true };
  },
};
