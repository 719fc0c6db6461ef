/** A tracking address was requested that was derived from an issued one by changing it. */
import type { MachineRule } from './rule.ts';

export const damagedToken: MachineRule = {
  id: 'damaged-token',
  says: 'machine',
  family: 'token',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'The tracking address was altered before it was requested, as scanners do to probe it.',
  source: 'gophish#2646; warmbly PR#298',
  find: (hit) => (hit.isTokenDamaged ? { strength: 'certain', text: damagedToken.text } : undefined),
};
