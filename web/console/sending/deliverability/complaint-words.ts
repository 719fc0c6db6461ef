/**
 * How many complaints are too many, in the words of who decides: Google asks senders to stay below 0.1 % and never to reach 0.3 %
 * (support.google.com/mail/answer/81126), Yahoo to stay below 0.3 % (senders.yahooinc.com/best-practices).
 */
import type { EngagementRow } from '../../../../src/contract/reports.ts';
import { count, plural, shareOf } from '../../../shared/format.ts';

type Complaints = Pick<EngagementRow, 'complained' | 'delivered'>;

export const complaintRules =
  'Gmail asks senders to stay below 0.1% and never to reach 0.3%; Yahoo asks them to stay below 0.3%. Rates are shares of the mail that was delivered.';

export const complaintSources =
  'Counted are recipients whose provider told us that they called the mail unwanted. Many tell only senders who signed up for it, and Gmail tells nobody by name: its own rate stands in Google’s Postmaster Tools.';

/** Two places: the limits are tenths of a percent. */
export const complaintRate = ({ complained, delivered }: Complaints): string => {
  const share = shareOf(complained, delivered);
  return share === null ? '–' : `${(100 * share).toFixed(2)}%`;
};

/** Undefined: nobody complained. */
export function complaintSentence({ complained, delivered }: Complaints): string | undefined {
  if (complained === 0 || delivered === 0) return undefined;
  const share = complained / delivered;
  if (share < 0.001) return 'Below 0.1%';
  // Of so few, a single complaint is above every limit.
  if (complained === 1 && delivered < 1_000) return `1 of only ${count(delivered)}`;
  return share < 0.003 ? 'At or above 0.1%: too many for Gmail' : 'At or above 0.3%: too many for all';
}

export const complaintFigure = (row: Complaints): string =>
  complaintSentence(row) ?? `Nobody, of ${plural(row.delivered, 'recipient')}`;
