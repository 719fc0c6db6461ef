/** A human click proves that the message was opened, so it raises the open before it. */
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
    const at = hit.atMs;
    if (at === undefined) return undefined;
    const gaps = scene.people.flatMap((person) =>
      person.kind === 'click' && person.atMs !== undefined ? [person.atMs - at] : [],
    );
    const soonest = Math.min(...gaps.filter((gap) => gap >= 0));
    if (soonest === Number.POSITIVE_INFINITY) return undefined;
    return soonest <= SOON_MS ? { text: laterHumanClick.text, cancelsWeak: true } : { text: laterHumanClick.text };
  },
};
