/** Mail clients and browsers fetch pixels and links with GET alone. */
import type { MachineRule } from './rule.ts';

export const methodNotGet: MachineRule = {
  id: 'method-not-get',
  says: 'machine',
  family: 'shape',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'The request was a HEAD, OPTIONS or another method that no person following a link sends.',
  source: 'gophish#1390; next-auth#1840; RFC 8058 §3.1 for the exempt one-click POST',
  find: (hit) => (hit.method === 'other' ? { strength: 'certain', text: methodNotGet.text } : undefined),
};
