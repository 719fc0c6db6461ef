/** One address and agent reached many recipients within minutes. An office behind one address does that too, hence weak. */
import type { Evidence } from '../evidence.ts';
import { matchIn } from '../network-facts.ts';
import { isSharedByMany } from '../same-source.ts';
import { tellRecipients } from '../told-recipients.ts';
import type { MachineRule } from './rule.ts';

const RECIPIENTS = 20;

/** Providers' proxies, relays and webmail load images for thousands of people from one address. */
export function isLoaderForMany(hit: Evidence): boolean {
  if (isSharedByMany(hit) || hit.method === 'one-click') return true;
  return (
    matchIn(hit, hit.kind === 'open' ? ['apple-egress', 'google', 'microsoft', 'microsoft-mail'] : ['apple-egress']) !==
    undefined
  );
}

export const sharedSourceMinutes: MachineRule = {
  id: 'shared-source-minutes',
  says: 'machine',
  family: 'shape',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'One source reached twenty or more recipients within 10 minutes; so does an office behind one address.',
  source: 'craft-campaign#546; the figure is an estimate',
  find: (hit) => {
    const count = hit.recipientsFromSource?.within10min ?? 0;
    if (count < RECIPIENTS || isLoaderForMany(hit)) return undefined;
    return {
      strength: 'weak',
      text: `${tellRecipients(count)} within 10 minutes; an office could too.`,
    };
  },
};
