/** Another provider says that this image was loaded in advance. It has seen what we have not, and it has been wrong before. */
import type { Evidence } from '../evidence.ts';
import { matchIn } from '../network-facts.ts';
import type { MachineRule } from './rule.ts';

export const providerPrefetch: MachineRule = {
  id: 'provider-prefetch',
  says: 'machine',
  family: 'agent',
  kinds: ['open'],
  needs: 'hit',
  strengths: ['probable'],
  text: 'The sending provider says that the image was loaded in advance; whether a person looked cannot be known.',
  source: 'SendGrid sg_machine_open; SparkPost is_prefetched (their event documentation)',
  find: (hit) => {
    if (hit.providerSays !== 'prefetch' || isPersonsClient(hit)) return undefined;
    const actor = isApples(hit) ? 'apple-mpp' : 'unknown-prefetch';
    return { strength: 'probable', text: providerPrefetch.text, actor, unknowable: true };
  },
};

/** Webmail's image proxies, and mail clients that name themselves, load an image when a person looks, whatever the flag says. */
export function isPersonsClient(hit: Evidence): boolean {
  const { kind } = hit.client;
  return kind === 'display-proxy' || kind === 'mail-client' || kind === 'gmail-actions';
}

function isApples(hit: Evidence): boolean {
  return hit.client.kind === 'bare' || matchIn(hit, ['apple-egress']) !== undefined;
}
