/** Opens from security vendors' networks. Not Microsoft, Google or Yahoo: those load images for people. */
import { listNote, matchIn, NETWORK_ACTORS, NETWORK_NAMES } from '../network-facts.ts';
import type { MachineRule } from './rule.ts';

export const securityNetworkOpen: MachineRule = {
  id: 'security-network-open',
  says: 'machine',
  family: 'network',
  kinds: ['open'],
  needs: 'hit',
  strengths: ['probable'],
  text: "The image was loaded from a security vendor's network (Proofpoint, Mimecast, Barracuda, Cisco, Mail.ru's scanner).",
  source: 'gophish#2646; ClickDimensions "Adjusted Opens"; WHOIS of the named AS numbers',
  find: (hit) => {
    const match = matchIn(hit, ['proofpoint', 'mimecast', 'barracuda', 'cisco', 'mail-ru']);
    if (match === undefined) return undefined;
    const text = `The image was loaded from ${NETWORK_NAMES[match.class]}, which scans mail${listNote(match, hit)}.`;
    return { strength: 'probable', text, actor: NETWORK_ACTORS[match.class] ?? 'scanner' };
  },
};
