/** Gmail's own button: a person pressed it, and Google's servers carried it out. */
import type { PersonRule } from './rule.ts';

export const gmailActions: PersonRule = {
  id: 'gmail-actions',
  says: 'person',
  kinds: ['open', 'click'],
  needs: 'hit',
  text: 'A person pressed a button in Gmail, and Gmail made the request for them.',
  source: 'emdash#3298; Google "Email sender guidelines" (one-click unsubscribe)',
  find: (hit) =>
    hit.client.kind === 'gmail-actions'
      ? { text: gmailActions.text, shields: ['network', 'timing', 'headers', 'shape'] }
      : undefined,
};
