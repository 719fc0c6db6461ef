/** Opens or clicks over time as stacked bars: people solid, machines hatched. Loaded only when a report is read. */
import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useReducedMotion } from '@mantine/hooks';
import { count } from '../../shared/format.ts';
import styles from './activity-chart.module.css';
import type { Bar } from './activity-series.ts';

const series = [
  { name: 'people', label: 'People', color: 'var(--people)' },
  { name: 'machines', label: 'Machines', color: 'var(--machine)' },
];

const Hatch = () => (
  <defs>
    <pattern id="machine-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="6" height="6" fill="var(--machine-stripe)" />
      <rect width="3" height="6" fill="var(--machine)" />
    </pattern>
  </defs>
);

export default function ActivityChart({ bars, summary }: { bars: readonly Bar[]; summary: string }) {
  const isStill = useReducedMotion();
  return (
    <div role="img" aria-label={summary}>
      <BarChart
        className={styles.chart ?? ''}
        h={280}
        data={bars as Bar[]}
        dataKey="label"
        type="stacked"
        series={series}
        valueFormatter={count}
        gridAxis="x"
        tickLine="none"
        maxBarWidth={36}
        barProps={({ name }) => ({
          ...(name === 'machines' ? { fill: 'url(#machine-hatch)' } : {}),
          isAnimationActive: !isStill,
        })}
        barChartProps={{ accessibilityLayer: false, margin: { left: -12, right: 4 } }}
        xAxisProps={{ minTickGap: 28, tickMargin: 8 }}
        yAxisProps={{ allowDecimals: false, width: 56 }}
        cursorFill="color-mix(in srgb, var(--line) 45%, transparent)"
      >
        <Hatch />
      </BarChart>
    </div>
  );
}
