/** A link that no person can see was requested. */
import type { MachineRule } from './rule.ts';

export const honeypotHit: MachineRule = {
  id: 'honeypot-hit',
  says: 'machine',
  family: 'token',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'A link that no person can see or reach was requested.',
  source: 'Omeda "advanced clickbot suppression"; ClickDimensions "Adjusted Opens"',
  find: (hit) => (hit.isHoneypot ? { strength: 'certain', text: honeypotHit.text } : undefined),
};
