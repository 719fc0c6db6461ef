/** The agent is a mail security product's own. */
import type { MachineRule } from './rule.ts';

export const namedScanner: MachineRule = {
  id: 'named-scanner',
  says: 'machine',
  family: 'agent',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'The agent names itself as a mail security scanner.',
  source: 'gophish#1390 (Barracuda Sentinel)',
  find: (hit) =>
    hit.client.kind === 'scanner'
      ? { strength: 'certain', text: namedScanner.text, actor: hit.client.family }
      : undefined,
};
