/** Scanners come within a minute; so do fast people, which is why this is only a weak sign. */
import type { MachineRule } from './rule.ts';

const AT_ONCE_MS = 2_000;
const SOON_CLICK_MS = 60_000;
const SOON_OPEN_MS = 20_000;

export const soonAfterDelivery: MachineRule = {
  id: 'soon-after-delivery',
  says: 'machine',
  family: 'timing',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'A click came within a minute of delivery, or an open within 20 seconds; fast people do that too.',
  source: 'craft-campaign#546 (scanner bursts at a median of 43 s); cobudget PR#1274',
  find: (hit) => {
    const elapsed = hit.sinceDeliveryMs;
    const limit = hit.kind === 'click' ? SOON_CLICK_MS : SOON_OPEN_MS;
    if (elapsed === undefined || elapsed <= AT_ONCE_MS || elapsed > limit) return undefined;
    return {
      strength: 'weak',
      text: `It came ${Math.round(elapsed / 1000)} s after delivery; machines often do, fast people too.`,
    };
  },
};
