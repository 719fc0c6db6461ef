/** Google loads images before anybody looks, under an agent of its own. */
import type { MachineRule } from './rule.ts';

export const gmailPrefetch: MachineRule = {
  id: 'gmail-prefetch',
  says: 'machine',
  family: 'agent',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'Gmail loaded this in advance, before anybody looked.',
  source: 'Bird "Gmail prefetching images"; GMass "false opens in Gmail"',
  find: (hit) =>
    hit.client.kind === 'gmail-prefetch'
      ? { strength: 'certain', text: gmailPrefetch.text, actor: 'gmail-prefetch' }
      : undefined,
};
