/** Webmail loads images through its own servers when a person looks, so that network proves nothing. */
import type { PersonRule } from './rule.ts';

export const displayProxy: PersonRule = {
  id: 'display-proxy',
  says: 'person',
  kinds: ['open'],
  needs: 'hit',
  text: "A mail provider's image proxy loaded the image, which it does when a person looks.",
  source: 'mautic#16069; anymail/django-anymail PR#387; ankane/ahoy_email#139',
  find: (hit) =>
    hit.client.kind === 'display-proxy'
      ? { text: displayProxy.text, shields: ['network'], shieldsWeakOnly: true }
      : undefined,
};
