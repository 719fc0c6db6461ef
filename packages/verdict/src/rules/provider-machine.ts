/** Another provider says that this was a machine. Such flags hit image proxies too, hence weak, and about those nothing at all. */
import { isPersonsClient } from './provider-prefetch.ts';
import type { MachineRule } from './rule.ts';

export const providerMachine: MachineRule = {
  id: 'provider-machine',
  says: 'machine',
  family: 'agent',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'The sending provider says that this was a machine; such flags are often wrong.',
  source: 'Amazon SES isBotEvent; Mailgun client-info.bot; mautic#16069 on how agent lists lose Gmail readers',
  find: (hit) =>
    hit.providerSays === 'machine' && !isPersonsClient(hit) && hit.method !== 'one-click'
      ? { strength: 'weak', text: providerMachine.text }
      : undefined,
};
