/** Opens or clicks over time: people solid, machines hatched. Loaded only when a report is read. */
import { StackedBars } from '../elements/stacked-bars.tsx';
import type { Bar } from './activity-series.ts';

const series = [
  { name: 'people', label: 'People', color: 'var(--people)' },
  { name: 'machines', label: 'Machines', color: 'var(--machine)' },
];

export default function ActivityChart({ bars, summary }: { bars: readonly Bar[]; summary: string }) {
  return (
    <StackedBars bars={bars} series={series} hatched="machines" summary={summary} heightPx={280} widestBarPx={36} />
  );
}
