/** A click by something that is no browser: the bare agent of prefetching, or a proxy that only loads images. */
import type { MachineRule } from './rule.ts';

export const agentCannotClick: MachineRule = {
  id: 'agent-cannot-click',
  says: 'machine',
  family: 'agent',
  kinds: ['click'],
  needs: 'hit',
  strengths: ['probable'],
  text: "The link was followed by something that only loads images, not by a person's browser.",
  source: 'Follows from what image proxies and prefetchers are (Bird "Gmail prefetching images"; emdash#3298)',
  find: (hit) => {
    const { kind } = hit.client;
    return kind === 'bare' || kind === 'display-proxy'
      ? { strength: 'probable', text: agentCannotClick.text }
      : undefined;
  },
};
