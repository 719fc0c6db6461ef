/** Within two seconds of the receiving server's 250 nobody has read anything. */
import type { MachineRule } from './rule.ts';

const AT_ONCE_MS = 2_000;

export const atDelivery: MachineRule = {
  id: 'at-delivery',
  says: 'machine',
  family: 'timing',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain', 'probable', 'weak'],
  text: 'It came within 2 seconds of delivery, before a person could have read the message.',
  source: 'craft-campaign#546; gophish#3317',
  find: (hit) => {
    if (hit.sinceDeliveryMs === undefined || hit.sinceDeliveryMs > AT_ONCE_MS) return undefined;
    if (hit.isRelayed) return { strength: 'weak', text: 'It came within 2 seconds of the hand-over to a relay.' };
    return { strength: hit.kind === 'click' ? 'certain' : 'probable', text: atDelivery.text };
  },
};
