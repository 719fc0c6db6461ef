/** One address and agent reached several recipients within a second. An office whose mail clients show new mail at once does so too. */
import { tellRecipients } from '../told-recipients.ts';
import type { MachineRule } from './rule.ts';
import { isLoaderForMany } from './shared-source-minutes.ts';

const RECIPIENTS = 4;

export const sharedSourceSecond: MachineRule = {
  id: 'shared-source-second',
  says: 'machine',
  family: 'shape',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['probable', 'weak'],
  text: 'One source reached four or more recipients within a second.',
  source: 'craft-campaign#546; mautic#16263',
  find: (hit) => {
    const count = hit.recipientsFromSource?.within1s ?? 0;
    if (count < RECIPIENTS || isLoaderForMany(hit)) return undefined;
    const isOffice = hit.kind === 'open' && hit.client.kind === 'mail-client';
    return { strength: isOffice ? 'weak' : 'probable', text: `${tellRecipients(count)} within a second.` };
  },
};
