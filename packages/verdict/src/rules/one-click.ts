/** RFC 8058: a POST is how a mail provider carries out a person's unsubscription, from its own servers. */
import type { Family, PersonRule } from './rule.ts';

/** The provider's network, haste and program are no signs against the person. */
const PROVEN: readonly Family[] = ['network', 'timing', 'headers', 'agent'];
/** Any POST may be one, but from a scanner's network it may as well be a form that was tried out. */
const SUPPOSED: readonly Family[] = ['timing', 'headers'];

export const oneClick: PersonRule = {
  id: 'one-click',
  says: 'person',
  kinds: ['click'],
  needs: 'hit',
  text: "A mail provider carried out a person's one-click unsubscription.",
  source: 'RFC 8058 §3.1 and §6 (a POST, so that scanners do not unsubscribe people)',
  find: (hit) => {
    if (hit.method !== 'one-click') return undefined;
    return { text: oneClick.text, shields: hit.isOneClickProven ? PROVEN : SUPPOSED };
  },
};
