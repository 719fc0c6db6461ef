/** Entries of the log by day as stacked bars: done solid, refused marked. Loaded only when the log is read. */
import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useReducedMotion } from '@mantine/hooks';
import { count } from '../../../shared/format.ts';
import chart from '../../campaign-report/activity-chart.module.css';

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
  const isStill = useReducedMotion();
  return (
    <div role="img" aria-label={summary}>
      <BarChart
        className={chart.chart ?? ''}
        h={180}
        data={bars as DayBar[]}
        dataKey="label"
        type="stacked"
        series={series}
        valueFormatter={count}
        gridAxis="x"
        tickLine="none"
        maxBarWidth={28}
        barProps={{ isAnimationActive: !isStill, cursor: 'pointer', onClick: (_bar, at) => onDay(bars[at]?.day ?? '') }}
        barChartProps={{ accessibilityLayer: false, margin: { left: -12, right: 4 } }}
        xAxisProps={{ minTickGap: 28, tickMargin: 8 }}
        yAxisProps={{ allowDecimals: false, width: 56 }}
        cursorFill="color-mix(in srgb, var(--line) 45%, transparent)"
      />
    </div>
  );
}
