/** Connections that other servers reported, by day as stacked bars. Loaded only where there are reports. */
import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useReducedMotion } from '@mantine/hooks';
import { count } from '../../shared/format.ts';
import chart from '../campaign-report/activity-chart.module.css';

export interface TlsBar {
  readonly label: string;
  readonly succeeded: number;
  readonly failed: number;
}

const series = [
  { name: 'succeeded', label: 'Encrypted', color: 'var(--people)' },
  { name: 'failed', label: 'Failed', color: 'var(--wax)' },
];

export default function TlsChart({ bars, summary }: { readonly bars: readonly TlsBar[]; readonly summary: string }) {
  const isStill = useReducedMotion();
  return (
    <div role="img" aria-label={summary}>
      <BarChart
        className={chart.chart ?? ''}
        h={160}
        data={bars as TlsBar[]}
        dataKey="label"
        type="stacked"
        series={series}
        valueFormatter={count}
        gridAxis="x"
        tickLine="none"
        maxBarWidth={28}
        barProps={{ isAnimationActive: !isStill }}
        barChartProps={{ accessibilityLayer: false, margin: { left: -12, right: 4 } }}
        xAxisProps={{ minTickGap: 28, tickMargin: 8 }}
        yAxisProps={{ allowDecimals: false, width: 56 }}
        cursorFill="color-mix(in srgb, var(--line) 45%, transparent)"
      />
    </div>
  );
}
