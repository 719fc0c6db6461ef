/** More links at once than a person can follow. */
import { burstText } from '../bursts.ts';
import type { MachineRule } from './rule.ts';

export const clickBurst: MachineRule = {
  id: 'click-burst',
  says: 'machine',
  family: 'shape',
  kinds: ['click'],
  needs: 'sequence',
  strengths: ['certain'],
  text: 'Five different links, or every link of a message with three or more, were followed within 2 seconds.',
  source: 'craft-campaign#546; gophish#973; mautic#9798',
  find: (hit, scene) => {
    const burst = scene.burstOf.get(hit);
    if (burst?.strength !== 'certain') return undefined;
    return { strength: 'certain', text: `Part of a burst: ${burstText(burst)}, more than a person can follow.` };
  },
};
