/** A real Chrome says more about itself over TLS than its agent. */
import type { MachineRule } from './rule.ts';

/** Chrome 89 sends both Sec-CH-UA and Sec-Fetch-* on every secure navigation (W3C UA Client Hints, Fetch Metadata). */
const FIRST_WITH_BOTH = 89;

export const missingClientHints: MachineRule = {
  id: 'missing-client-hints',
  says: 'machine',
  family: 'headers',
  kinds: ['click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'It claims to be a current Chrome but lacks the headers that a real one sends.',
  source: 'W3C User-Agent Client Hints; W3C Fetch Metadata; unmeasured',
  find: (hit) => {
    if (hit.headers?.isComplete !== true || hit.isHttps !== true || hit.headers.hasHints) return undefined;
    return (hit.client.chromeMajor ?? 0) >= FIRST_WITH_BOTH
      ? { strength: 'weak', text: missingClientHints.text }
      : undefined;
  },
};
