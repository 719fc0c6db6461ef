/** Holds and times in the words of whoever answers for them. */
import type { HoldScope, LegalHold, RetentionPolicy } from '../../../../src/contract/retention.ts';
import { dayOfMoment, plural } from '../../../shared/format.ts';

export const scopeNames: Readonly<Record<HoldScope['kind'], string>> = {
  recipient: 'Mail to one person',
  campaign: 'A campaign',
  message: 'One message',
  department: 'A department and all below it',
  period: 'All mail of a period',
  account: 'All mail of the account',
};

function periodOf(scope: HoldScope, timeZone: string): string {
  if (!('since' in scope) && !('until' in scope)) return '';
  const { since, until } = scope;
  if (since !== undefined && until !== undefined)
    return ` from ${dayOfMoment(since, timeZone)} to before ${dayOfMoment(until, timeZone)}`;
  if (since !== undefined) return ` from ${dayOfMoment(since, timeZone)} on`;
  return until === undefined ? '' : ` before ${dayOfMoment(until, timeZone)}`;
}

export function scopeWords(
  scope: HoldScope,
  timeZone: string,
  departmentName: (id: string) => string | undefined,
): string {
  const period = periodOf(scope, timeZone);
  switch (scope.kind) {
    case 'recipient':
      return `Mail to ${scope.email}${period}`;
    case 'campaign':
      return `Campaign ${scope.campaign}${period}`;
    case 'message':
      return 'One message';
    case 'department':
      return `Department ${departmentName(scope.departmentId) ?? 'that was removed'}${period}`;
    case 'period':
      return `All mail${period}`;
    case 'account':
      return 'All mail of the account';
  }
}

export const coverageWords = ({ covers }: Pick<LegalHold, 'covers'>): string =>
  covers === null ? 'Nothing' : `${covers.isMore ? 'More than ' : ''}${plural(covers.messages, 'message')}`;

export const hourWords = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;

export const policyWords = ({ messageDays, minimumDays, eventDays }: RetentionPolicy): readonly string[] => [
  messageDays === null
    ? 'Messages are kept for good, unless somebody erases them.'
    : `Messages are erased ${plural(messageDays, 'day')} after they were accepted.`,
  eventDays === null
    ? 'Timelines of what happened to messages are kept for good.'
    : `Timelines of what happened to messages may go after ${plural(eventDays, 'day')}.`,
  ...(minimumDays === null
    ? []
    : [`Nobody can erase a message in its first ${plural(minimumDays, 'day')}, not even by hand.`]),
];
