/** The agent claims a Chrome that was never released in this form: a program in a browser's clothes, now and then a policy. */
import type { MachineRule } from './rule.ts';

export const impossibleBrowser: MachineRule = {
  id: 'impossible-browser',
  says: 'machine',
  family: 'agent',
  kinds: ['click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'It claims to be a Chrome that was never released in this form.',
  source: 'chromium.org "User-Agent Reduction"; MillionSend PR#22 (gateways with a made-up browser agent); unmeasured',
  find: (hit) => (hit.client.isImpossible === true ? { strength: 'weak', text: impossibleBrowser.text } : undefined),
};
