/** Google follows some links itself, under an agent that says so. */
import type { MachineRule } from './rule.ts';

export const gmailSampling: MachineRule = {
  id: 'gmail-sampling',
  says: 'machine',
  family: 'agent',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'Gmail sampled the content of the message by machine.',
  source: 'emdash#3298; Kannon#412',
  find: (hit) =>
    hit.client.kind === 'gmail-sampling'
      ? { strength: 'certain', text: gmailSampling.text, actor: 'gmail-sampling' }
      : undefined,
};
