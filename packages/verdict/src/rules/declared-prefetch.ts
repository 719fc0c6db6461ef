/** The browser itself says that nobody asked for this yet: it fetched ahead. A person who follows is then served from its cache. */
import type { MachineRule } from './rule.ts';

export const declaredPrefetch: MachineRule = {
  id: 'declared-prefetch',
  says: 'machine',
  family: 'headers',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['probable'],
  text: 'The request declares itself a prefetch or a preview; whether a person followed cannot be known.',
  source: 'W3C/WHATWG Sec-Purpose: prefetch (Fetch standard); Purpose, X-Purpose and X-moz before it',
  find: (hit) =>
    hit.headers?.isPrefetch === true && hit.client.kind !== 'display-proxy'
      ? { strength: 'probable', text: declaredPrefetch.text, actor: 'prefetch', unknowable: true }
      : undefined,
};
