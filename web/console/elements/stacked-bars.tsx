/** Counts over time as stacked bars. It brings a chart library along: load it only where there is something to show. */
import '@mantine/charts/styles.css';
import { BarChart, type BarChartProps } from '@mantine/charts';
import { useReducedMotion } from '@mantine/hooks';
import { count } from '../../shared/format.ts';
import styles from './stacked-bars.module.css';

interface StackedBarsProps {
  /** Each with a number by the name of every series. */
  readonly bars: readonly { readonly label: string }[];
  readonly series: BarChartProps['series'];
  /** The series whose bars are hatched, as machines are everywhere. */
  readonly hatched?: string;
  /** What the bars show, for whoever does not see them. */
  readonly summary: string;
  readonly heightPx: number;
  readonly widestBarPx?: number;
  /** One was chosen, by its place. */
  readonly onBar?: (place: number) => void;
}

const Hatch = () => (
  <defs>
    <pattern id="machine-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="6" height="6" fill="var(--machine-stripe)" />
      <rect width="3" height="6" fill="var(--machine)" />
    </pattern>
  </defs>
);

export function StackedBars({ bars, series, hatched, summary, heightPx, widestBarPx = 28, onBar }: StackedBarsProps) {
  const isStill = useReducedMotion();
  return (
    <div role="img" aria-label={summary}>
      <BarChart
        className={styles.chart ?? ''}
        h={heightPx}
        data={[...bars]}
        dataKey="label"
        type="stacked"
        series={series}
        valueFormatter={count}
        gridAxis="x"
        tickLine="none"
        maxBarWidth={widestBarPx}
        barProps={({ name }) => ({
          ...(name === hatched ? { fill: 'url(#machine-hatch)' } : {}),
          ...(onBar === undefined
            ? {}
            : { cursor: 'pointer', onClick: (_bar: unknown, place: number) => onBar(place) }),
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
