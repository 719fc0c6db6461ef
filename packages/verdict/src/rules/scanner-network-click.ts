/** Clicks from networks where nothing but a scanner lives. Opens from there are another matter: they load images for people. */
import { listNote, matchIn, NETWORK_ACTORS, NETWORK_NAMES, weakened } from '../network-facts.ts';
import type { MachineRule } from './rule.ts';

export const scannerNetworkClick: MachineRule = {
  id: 'scanner-network-click',
  says: 'machine',
  family: 'network',
  kinds: ['click'],
  needs: 'hit',
  strengths: ['certain', 'probable'],
  text: "The link was followed from a mail scanner's own network (Microsoft mail protection, Barracuda).",
  source: 'Microsoft 365 URLs and IP ranges; gophish#1390; warmbly PR#412',
  find: (hit) => {
    const match = matchIn(hit, ['barracuda', 'microsoft-mail']);
    if (match === undefined) return undefined;
    const text = `The link was followed from ${NETWORK_NAMES[match.class]}, where only scanners live${listNote(match, hit)}.`;
    return { strength: weakened('certain', match, hit), text, actor: NETWORK_ACTORS[match.class] ?? 'scanner' };
  },
};
