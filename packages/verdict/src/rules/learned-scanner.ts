/** What this recipient domain's scanner was seen to do, again. The caller learned the habit and says how far this hit fits it. */
import type { Evidence } from '../evidence.ts';
import { matchIn } from '../network-facts.ts';
import type { MachineRule } from './rule.ts';

/** Fewer copies than this are an anecdote. */
const FEWEST_COPIES = 10;

export const learnedScanner: MachineRule = {
  id: 'learned-scanner',
  says: 'machine',
  family: 'network',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['probable'],
  text: "It fits what this domain's scanner usually does, in its network and in its delay, learned from at least ten copies.",
  source:
    'detection by habit: settled verdicts of earlier copies to the same domain (craft-campaign#546 on how steady the delays are)',
  find: (hit) => {
    const { habit } = hit;
    if (habit === undefined || habit.copies < FEWEST_COPIES || !habit.fitsNetwork || !habit.fitsDelay) return undefined;
    if (isPersonsWay(hit)) return undefined;
    return {
      strength: 'probable',
      text: `It fits what this domain's scanner usually does (learned from ${habit.copies} copies).`,
    };
  },
};

/** Ways by which people come out of networks that scanners use too: a habit says nothing about these. */
function isPersonsWay(hit: Evidence): boolean {
  const { kind } = hit.client;
  if (kind === 'display-proxy' || kind === 'mail-client' || kind === 'gmail-actions') return true;
  if (hit.method === 'one-click' || hit.headers?.isUserActivated === true) return true;
  if (matchIn(hit, ['apple-egress']) !== undefined) return true;
  return hit.kind === 'open' && matchIn(hit, ['google', 'microsoft', 'microsoft-mail']) !== undefined;
}
