/** RFC 8058: a POST is how a mail provider carries out a person's unsubscription, from its own servers. */
import type { PersonRule } from './rule.ts';

export const oneClick: PersonRule = {
  id: 'one-click',
  says: 'person',
  kinds: ['click'],
  needs: 'hit',
  text: "A mail provider carried out a person's one-click unsubscription.",
  source: 'RFC 8058 §3.1 and §6 (a POST, so that scanners do not unsubscribe people)',
  find: (hit) => {
    if (hit.method !== 'one-click') return undefined;
    const shields = ['network', 'timing', 'headers'] as const;
    return { text: oneClick.text, shields: hit.isOneClickProven ? [...shields, 'agent'] : shields };
  },
};
