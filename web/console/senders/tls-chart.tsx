/** Connections that other servers reported, by day. Loaded only where there are reports. */
import { StackedBars } from '../elements/stacked-bars.tsx';

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
  return <StackedBars bars={bars} series={series} summary={summary} heightPx={160} />;
}
