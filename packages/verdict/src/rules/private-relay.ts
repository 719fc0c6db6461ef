/** The network that prefetches Apple's images also carries Safari's Private Relay: there, a click is a person's. */
import { listNote, matchIn } from '../network-facts.ts';
import type { PersonRule } from './rule.ts';

export const privateRelay: PersonRule = {
  id: 'private-relay',
  says: 'person',
  kinds: ['click'],
  needs: 'hit',
  text: "A person's Safari came through Apple's Private Relay.",
  source: "Apple's egress-ip-ranges.csv (iCloud Private Relay)",
  find: (hit) => {
    const match = hit.client.family === 'safari' ? matchIn(hit, ['apple-egress']) : undefined;
    if (match === undefined) return undefined;
    return {
      text: privateRelay.text.replace('.', `${listNote(match, hit)}.`),
      shields: ['network'],
      shieldsWeakOnly: true,
    };
  },
};
