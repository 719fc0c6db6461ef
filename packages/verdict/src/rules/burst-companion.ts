/** Folds back: what the machine behind a burst did just before and after it was the machine's doing too. */
import { type Burst, burstText, isStronger } from '../bursts.ts';
import type { Evidence } from '../evidence.ts';
import { matchIn } from '../network-facts.ts';
import { apartMs, isSameAddress, isSameAgent, isSameMachine } from '../same-source.ts';
import type { Scene } from '../scene.ts';
import type { MachineRule } from './rule.ts';

/** The pixel comes at a median of 9 s and the burst at 43 s, a quarter of them only after minutes (craft-campaign#546). */
const SAME_MACHINE_OPEN_MS = 15 * 60_000;
const SAME_MACHINE_CLICK_MS = 60_000;
/** A person and an appliance may share an office's address, so another agent there is only folded within seconds. */
const SAME_ADDRESS_MS = 10_000;
/** Scanners fetch the parts of a message from several addresses at once, and hosted ones from several rented servers. */
const ANY_SOURCE_MS = 5_000;
const BOTH_RENTED_MS = 60_000;

export const burstCompanion: MachineRule = {
  id: 'burst-companion',
  says: 'machine',
  family: 'shape',
  kinds: ['open', 'click'],
  needs: 'sequence',
  strengths: ['certain', 'probable'],
  text: 'It came with a burst of clicks: from the same source, or within seconds of it.',
  source: 'craft-campaign#546; mautic#9798',
  find: (hit, scene) => {
    if (scene.burstOf.size === 0 || scene.burstOf.has(hit) || hit.method === 'one-click') return undefined;
    const burst = burstWith(hit, scene);
    if (burst === undefined) return undefined;
    return { strength: burst.strength, text: `It came with a burst of clicks (${burstText(burst)}).` };
  },
};

/** Of the bursts it came with the strongest, then the largest. */
function burstWith(hit: Evidence, scene: Scene): Burst | undefined {
  let found: Burst | undefined;
  for (const [click, burst] of scene.burstOf) {
    const isWith = hit.kind === 'open' ? cameWith(hit, click) : isSameMachineClick(hit, click);
    if (isWith && isStronger(burst, found)) found = burst;
  }
  return found;
}

function isSameMachineClick(hit: Evidence, click: Evidence): boolean {
  return isSameMachine(hit, click) && apartMs(hit, click) <= SAME_MACHINE_CLICK_MS;
}

function cameWith(open: Evidence, click: Evidence): boolean {
  const apart = apartMs(open, click);
  if (isSameMachine(open, click)) return apart <= SAME_MACHINE_OPEN_MS;
  if (isPersonsClient(open)) return false;
  if (isSameAddress(open, click))
    return apart <= (isAgentUnknown(open, click) ? SAME_MACHINE_OPEN_MS : SAME_ADDRESS_MS);
  if (isRented(open) && isRented(click)) return apart <= BOTH_RENTED_MS;
  return apart <= (isSameAgent(open, click) ? SAME_ADDRESS_MS : ANY_SOURCE_MS);
}

/** An image proxy or a mail client that names itself: the person's own, unless it is the very machine of the burst. */
function isPersonsClient(open: Evidence): boolean {
  return open.client.kind === 'display-proxy' || open.client.kind === 'mail-client';
}

function isRented(hit: Evidence): boolean {
  return matchIn(hit, ['data-centre', 'proofpoint', 'mimecast', 'barracuda', 'cisco']) !== undefined;
}

function isAgentUnknown(open: Evidence, click: Evidence): boolean {
  return open.keys.agent === undefined || click.keys.agent === undefined;
}
