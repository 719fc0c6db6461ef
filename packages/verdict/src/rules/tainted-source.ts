/** The same source hit a honeypot or altered a token of this copy within 15 minutes, before or after. */
import type { Evidence } from '../evidence.ts';
import { apartMs, isSameAddress, isSameMachine, isSharedByMany } from '../same-source.ts';
import type { MachineRule } from './rule.ts';

const TAINT_MS = 15 * 60_000;
const JUST_BEFORE_MS = 60_000;

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

/**
 * An address that a provider shares among all its people taints only what wears the same agent too. What came before the taint under
 * another agent may have been a colleague of the appliance behind the same address: only the last minute counts.
 */
function isTaintedBy(hit: Evidence, tainter: Evidence): boolean {
  const apart = apartMs(hit, tainter);
  if (hit === tainter || apart > TAINT_MS) return false;
  if (isSameMachine(hit, tainter)) return true;
  if (!isSameAddress(hit, tainter) || isSharedByMany(hit)) return false;
  const isBefore = (hit.atMs ?? 0) < (tainter.atMs ?? 0);
  return !isBefore || apart <= JUST_BEFORE_MS || hit.keys.agent === undefined;
}
