/** What became of each day's mail as stacked bars. Loaded only when the page is read. */
import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useReducedMotion } from '@mantine/hooks';
import type { EngagementRow } from '../../../../src/contract/reports.ts';
import { count, day } from '../../../shared/format.ts';

const series = [
  { name: 'delivered', label: 'Delivered', color: 'var(--people)' },
  { name: 'deferred', label: 'To be tried again', color: 'var(--machine)' },
  { name: 'bounced', label: 'Bounced', color: 'var(--wax)' },
];

export default function OutcomeChart({ days, summary }: { days: readonly EngagementRow[]; summary: string }) {
  const isStill = useReducedMotion();
  const data = days.map((row) => ({
    label: day(row.key),
    delivered: row.delivered,
    deferred: row.deferred,
    bounced: row.bounced,
  }));
  return (
    <div role="img" aria-label={summary}>
      <BarChart
        h={240}
        mt="md"
        data={data}
        dataKey="label"
        type="stacked"
        series={series}
        valueFormatter={count}
        gridAxis="x"
        tickLine="none"
        maxBarWidth={36}
        barProps={() => ({ isAnimationActive: !isStill })}
        barChartProps={{ accessibilityLayer: false, margin: { left: -12, right: 4 } }}
        xAxisProps={{ minTickGap: 28, tickMargin: 8 }}
        yAxisProps={{ allowDecimals: false, width: 56 }}
        cursorFill="color-mix(in srgb, var(--line) 45%, transparent)"
      />
    </div>
  );
}
