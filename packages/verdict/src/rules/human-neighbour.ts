/** Somebody judged human used this copy from the same address within half an hour. */
import type { Evidence } from '../evidence.ts';
import { apartMs, isSameAddress, isSharedByMany } from '../same-source.ts';
import type { PersonRule } from './rule.ts';

const NEAR_MS = 30 * 60_000;

export const humanNeighbour: PersonRule = {
  id: 'human-neighbour',
  says: 'person',
  kinds: ['open', 'click'],
  needs: 'settled',
  text: 'A person used this copy from the same address within 30 minutes.',
  source: 'Positive evidence by sequence; detection follows craft-campaign#546',
  find: (hit, scene) =>
    scene.people.some((person) => isBeside(hit, person)) ? { text: humanNeighbour.text, cancelsWeak: true } : undefined,
};

/** The same request written down twice proves nothing about itself. */
function isBeside(hit: Evidence, person: Evidence): boolean {
  const apart = apartMs(hit, person);
  if (person === hit || apart > NEAR_MS || isSharedByMany(person) || !isSameAddress(hit, person)) return false;
  return apart > 0 || hit.kind !== person.kind || hit.link !== person.link;
}
