/** The browser itself says that a person's gesture caused the request. A driven browser can say so too: it cancels weak signs only. */
import type { PersonRule } from './rule.ts';

export const userActivation: PersonRule = {
  id: 'user-activation',
  says: 'person',
  kinds: ['click'],
  needs: 'hit',
  text: "The browser says that a person's press of a key or button caused the request.",
  source: 'W3C Fetch Metadata §2.4 (Sec-Fetch-User)',
  find: (hit) => (hit.headers?.isUserActivated === true ? { text: userActivation.text, cancelsWeak: true } : undefined),
};
