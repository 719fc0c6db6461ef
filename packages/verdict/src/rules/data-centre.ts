/** Rented servers: hosted scanners come from there, and so does everybody behind a VPN. */
import { listNote, matchIn } from '../network-facts.ts';
import type { MachineRule } from './rule.ts';

export const dataCentre: MachineRule = {
  id: 'data-centre',
  says: 'machine',
  family: 'network',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'The request came from a data centre, where hosted scanners live, and people with a VPN too.',
  source: 'gophish#2646; emdash#3298; WHOIS of the named hosts',
  find: (hit) => {
    const match = matchIn(hit, ['data-centre']);
    if (match === undefined) return undefined;
    const isKnownOtherwise = matchIn(hit, ['apple-egress', 'google', 'microsoft', 'microsoft-mail']) !== undefined;
    return isKnownOtherwise
      ? undefined
      : { strength: 'weak', text: dataCentre.text.replace(',', `${listNote(match, hit)},`) };
  },
};
