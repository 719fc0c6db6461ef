/** Gmail's image proxy means a person, except within seconds of delivery. */
import type { MachineRule } from './rule.ts';

const EARLY_MS = 5_000;

export const gmailProxyEarly: MachineRule = {
  id: 'gmail-proxy-early',
  says: 'machine',
  family: 'timing',
  kinds: ['open'],
  needs: 'hit',
  strengths: ['probable', 'weak'],
  text: "Gmail's image proxy came within 5 seconds of delivery, before a person could have looked.",
  source: 'GMass "false opens in Gmail"; mautic#16069',
  find: (hit) => {
    if (hit.client.family !== 'gmail-proxy' || hit.sinceDeliveryMs === undefined || hit.sinceDeliveryMs >= EARLY_MS)
      return undefined;
    return { strength: hit.isRelayed ? 'weak' : 'probable', text: gmailProxyEarly.text, actor: 'gmail-proxy' };
  },
};
