/** Whom no mail goes to, in plain words. */
import type { SuppressionReason, SuppressionScope } from '../../../../src/contract/suppressions.ts';

export const reasonWords: Readonly<Record<SuppressionReason, string>> = {
  'hard-bounce': 'The address is gone',
  'soft-bounces': 'Bounced again and again',
  complaint: 'Called our mail unwanted',
  unsubscribed: 'Unsubscribed',
  manual: 'Put here by hand',
};

export const scopeWords: Readonly<Record<SuppressionScope, string>> = {
  all: 'No mail at all',
  marketing: 'No marketing; results and reminders still go',
};

/** What a person may give as a reason; the others are found by the program. */
export const givenReasons = ['manual', 'unsubscribed', 'complaint', 'hard-bounce'] as const;
export type GivenReason = (typeof givenReasons)[number];
