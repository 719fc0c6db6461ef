/** Clicks from the wider networks of vendors who scan mail. Virtual desktops and isolated browsers carry a few people out of there. */
import type { Evidence } from '../evidence.ts';
import { listNote, matchIn, NETWORK_ACTORS, NETWORK_NAMES, weakened } from '../network-facts.ts';
import type { Scene } from '../scene.ts';
import type { MachineRule, Strength } from './rule.ts';

const SOON_MS = 10 * 60_000;

export const vendorNetworkClick: MachineRule = {
  id: 'vendor-network-click',
  says: 'machine',
  family: 'network',
  kinds: ['click'],
  needs: 'hit',
  strengths: ['certain', 'probable'],
  text: 'The link was followed from the network of a vendor that scans mail (Microsoft, Proofpoint, Mimecast, Cisco, Google, Mail.ru).',
  source: 'gophish#973, #3317; warmbly PR#298, #412; ankane/ahoy_email#139; WHOIS of the named AS numbers',
  find: (hit, scene) => {
    const match = matchIn(hit, ['proofpoint', 'mimecast', 'cisco', 'mail-ru', 'microsoft', 'google']);
    if (match === undefined) return undefined;
    const text = `The link was followed from ${NETWORK_NAMES[match.class]}, whose vendor scans mail${listNote(match, hit)}.`;
    return {
      strength: weakened(strengthOf(hit, scene), match, hit),
      text,
      actor: NETWORK_ACTORS[match.class] ?? 'scanner',
    };
  },
};

/** Certain with a burst, or within 10 minutes of a delivery whose moment is truly known. */
function strengthOf(hit: Evidence, scene: Scene): Strength {
  const isSoon = hit.sinceDeliveryMs !== undefined && hit.sinceDeliveryMs <= SOON_MS && !hit.isRelayed;
  return isSoon || scene.burstOf.has(hit) ? 'certain' : 'probable';
}
