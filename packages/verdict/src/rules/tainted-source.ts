/** The same source hit a honeypot or altered a token of this copy within 15 minutes, before or after. */
import type { Evidence } from '../evidence.ts';
import { apartMs, isSameAddress, isSameMachine, isSharedByMany } from '../same-source.ts';
import type { MachineRule } from './rule.ts';

const TAINT_MS = 15 * 60_000;

export const taintedSource: MachineRule = {
  id: 'tainted-source',
  says: 'machine',
  family: 'token',
  kinds: ['open', 'click'],
  needs: 'sequence',
  strengths: ['certain'],
  text: 'The same source requested an invisible link or an altered address of this copy within 15 minutes.',
  source: 'Omeda "advanced clickbot suppression"; gophish#2646',
  find: (hit, scene) =>
    scene.tainters.some((tainter) => isTaintedBy(hit, tainter))
      ? { strength: 'certain', text: taintedSource.text }
      : undefined,
};

/** An address that a provider shares among all its people taints only what wears the same agent too. */
function isTaintedBy(hit: Evidence, tainter: Evidence): boolean {
  if (hit === tainter || apartMs(hit, tainter) > TAINT_MS) return false;
  return isSameMachine(hit, tainter) || (isSameAddress(hit, tainter) && !isSharedByMany(hit));
}
