/** An open by the bare agent that Apple uses, but not seen to come from Apple. */
import { appleMatch } from './apple-prefetch.ts';
import type { MachineRule } from './rule.ts';

export const bareAgentOpen: MachineRule = {
  id: 'bare-agent-open',
  says: 'machine',
  family: 'agent',
  kinds: ['open'],
  needs: 'hit',
  strengths: ['certain'],
  text: "No person's mail client names itself with the bare word for a browser and nothing more.",
  source: 'TryGhost/Ghost#30388; emdash#3298',
  find: (hit) => {
    if (hit.client.kind !== 'bare' || appleMatch(hit) !== undefined) return undefined;
    if (hit.isAddressKnown) return { strength: 'certain', text: bareAgentOpen.text, actor: 'robot' };
    const text = `${bareAgentOpen.text} It may be Apple's prefetch, but the address is not known.`;
    return { strength: 'certain', text, actor: 'unknown', unknowable: true };
  },
};
