/** Entries of the log by day: done, and refused. Loaded only when the log is read. */
import { StackedBars } from '../../elements/stacked-bars.tsx';

export interface DayBar {
  readonly day: string;
  readonly label: string;
  readonly done: number;
  readonly refused: number;
}

const series = [
  { name: 'done', label: 'Done', color: 'var(--people)' },
  { name: 'refused', label: 'Refused', color: 'var(--wax)' },
];

interface DaysChartProps {
  readonly bars: readonly DayBar[];
  readonly summary: string;
  onDay(day: string): void;
}

export default function DaysChart({ bars, summary, onDay }: DaysChartProps) {
  const open = (place: number) => onDay(bars[place]?.day ?? '');
  return <StackedBars bars={bars} series={series} summary={summary} heightPx={180} onBar={open} />;
}
