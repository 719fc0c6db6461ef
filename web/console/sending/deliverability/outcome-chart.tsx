/** What became of mail over time. Loaded only when the page is read. */
import { StackedBars } from '../../elements/stacked-bars.tsx';
import { type OutcomeWords, outcomes, usualWords } from './outcome-bar.tsx';

interface OutcomeChartProps {
  readonly bars: readonly ({ readonly label: string } & Readonly<Record<keyof OutcomeWords, number>>)[];
  readonly summary: string;
  readonly words?: OutcomeWords;
}

const colors: OutcomeWords = { delivered: 'var(--people)', deferred: 'var(--machine)', bounced: 'var(--wax)' };

export default function OutcomeChart({ bars, summary, words = usualWords }: OutcomeChartProps) {
  const series = outcomes.map((name) => ({ name, label: words[name], color: colors[name] }));
  return (
    <StackedBars bars={bars} series={series} hatched="deferred" summary={summary} heightPx={240} widestBarPx={36} />
  );
}
