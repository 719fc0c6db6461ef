/** Several links within seconds: faster than people usually follow them. */
import { burstText } from '../bursts.ts';
import type { MachineRule } from './rule.ts';

export const clickFlurry: MachineRule = {
  id: 'click-flurry',
  says: 'machine',
  family: 'shape',
  kinds: ['click'],
  needs: 'sequence',
  strengths: ['probable'],
  text: 'Three or more different links were followed within 5 seconds.',
  source: 'craft-campaign#546; mautic#16263',
  find: (hit, scene) => {
    const burst = scene.burstOf.get(hit);
    if (burst?.strength !== 'probable') return undefined;
    return { strength: 'probable', text: `Part of a burst: ${burstText(burst)}, faster than people follow links.` };
  },
};
