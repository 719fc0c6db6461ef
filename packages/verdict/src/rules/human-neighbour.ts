/** Somebody judged human used this copy from the same address within half an hour. */
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
  find: (hit, scene) => {
    const isBeside = scene.people.some(
      (person) =>
        person !== hit && !isSharedByMany(person) && isSameAddress(hit, person) && apartMs(hit, person) <= NEAR_MS,
    );
    return isBeside ? { text: humanNeighbour.text, cancelsWeak: true } : undefined;
  },
};
