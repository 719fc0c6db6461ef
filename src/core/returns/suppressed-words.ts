/** Why somebody was sent nothing, in a sentence that people read; and which mail a reason keeps. */
export const suppressedWords = {
  'hard-bounce': 'Not sent: mail to this address came back before because the address does not exist.',
  'soft-bounces': 'Not sent: mail to this address came back several times lately.',
  complaint: 'Not sent: the recipient called earlier mail unwanted.',
  unsubscribed: 'Not sent: the recipient unsubscribed.',
  manual: 'Not sent: somebody put this address on the suppression list.',
} as const;

type Reason = keyof typeof suppressedWords;

interface Standing {
  readonly reason: Reason;
  readonly scope: 'all' | 'marketing';
}

/** The reason that keeps this mail, the widest first; undefined: it goes out. */
export const whySuppressed = (standings: readonly Standing[], isMarketing: boolean): Reason | undefined =>
  standings
    .filter(({ scope }) => scope === 'all' || isMarketing)
    .toSorted((one, other) => (one.scope < other.scope ? -1 : 1))[0]?.reason;
