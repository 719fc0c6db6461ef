/** A human click proves that the message was opened, so it raises the open before it. */
import type { Evidence } from '../evidence.ts';
import type { PersonRule } from './rule.ts';

const SOON_MS = 30 * 60_000;

export const laterHumanClick: PersonRule = {
  id: 'later-human-click',
  says: 'person',
  kinds: ['open'],
  needs: 'settled',
  text: 'A later human click proves that a person read this message.',
  source: 'A link can only be followed in a message that is open',
  find: (hit, scene) => {
    const soonest = soonestClickMs(hit, scene.people);
    if (soonest === Number.POSITIVE_INFINITY) return undefined;
    return soonest <= SOON_MS ? { text: laterHumanClick.text, cancelsWeak: true } : { text: laterHumanClick.text };
  },
};

/** How long after the open the first of the people's clicks came; infinite when none did. */
function soonestClickMs(hit: Evidence, people: readonly Evidence[]): number {
  let soonest = Number.POSITIVE_INFINITY;
  for (const person of people) {
    if (person.kind !== 'click' || person.atMs === undefined || hit.atMs === undefined) continue;
    const gap = person.atMs - hit.atMs;
    if (gap >= 0 && gap < soonest) soonest = gap;
  }
  return soonest;
}
