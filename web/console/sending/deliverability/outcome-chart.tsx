/** What became of each day's mail. Loaded only when the page is read. */
import type { EngagementRow } from '../../../../src/contract/reports.ts';
import { day } from '../../../shared/format.ts';
import { StackedBars } from '../../elements/stacked-bars.tsx';

const series = [
  { name: 'delivered', label: 'Delivered', color: 'var(--people)' },
  { name: 'deferred', label: 'To be tried again', color: 'var(--machine)' },
  { name: 'bounced', label: 'Bounced', color: 'var(--wax)' },
];

export default function OutcomeChart({ days, summary }: { days: readonly EngagementRow[]; summary: string }) {
  const bars = days.map(({ key, delivered, deferred, bounced }) => ({ label: day(key), delivered, deferred, bounced }));
  return (
    <StackedBars bars={bars} series={series} hatched="deferred" summary={summary} heightPx={240} widestBarPx={36} />
  );
}
