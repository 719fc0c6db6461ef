/** Browsers say which languages their person reads; many programs in a browser's clothes do not. */
import type { MachineRule } from './rule.ts';

export const missingLanguage: MachineRule = {
  id: 'missing-language',
  says: 'machine',
  family: 'headers',
  kinds: ['click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'The request names no language, which browsers nearly always do.',
  source: 'gophish#2646; unmeasured',
  find: (hit) =>
    hit.headers?.isComplete === true && !hit.headers.hasLanguage
      ? { strength: 'weak', text: missingLanguage.text }
      : undefined,
};
