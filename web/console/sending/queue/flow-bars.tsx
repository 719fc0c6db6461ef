/** Attempts over time: in a table as small stacked bars without a scale, on a page of their own as a chart. The numbers are always said beside it. */
import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { QueueDestination } from '../../../../src/contract/queue.ts';
import { hourOfMoment, plural } from '../../../shared/format.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from './flow-bars.module.css';
import { outcomeWords } from './words.ts';

const OutcomeChart = lazy(() => import('../deliverability/outcome-chart.tsx'));

type Slots = QueueDestination['lately'];

interface FlowBarsProps {
  readonly slots: Slots;
  /** How many bars, and how long each is. */
  readonly bars: number;
  readonly barMs: number;
  readonly nowMs: number;
  /** As in a sentence: `the last hour`. */
  readonly span: string;
}

const sumOf = (slots: Slots, kind: 'delivered' | 'deferred' | 'bounced'): number =>
  slots.reduce((sum, slot) => sum + slot[kind], 0);

export const flowWords = (slots: Slots, span: string): string =>
  slots.length === 0
    ? `No attempt in ${span}`
    : `In ${span}: ${plural(sumOf(slots, 'delivered'), 'copy', 'copies')} taken, ${sumOf(slots, 'deferred')} refused for now, ${sumOf(slots, 'bounced')} for good`;

function columnsOf({ slots, bars, barMs, nowMs }: Omit<FlowBarsProps, 'span'>) {
  const lastStart = Math.floor(nowMs / barMs) * barMs;
  return Array.from({ length: bars }, (_, n) => {
    const from = lastStart - (bars - 1 - n) * barMs;
    const within = slots.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < from + barMs);
    return {
      from,
      delivered: sumOf(within, 'delivered'),
      deferred: sumOf(within, 'deferred'),
      bounced: sumOf(within, 'bounced'),
    };
  });
}

export function FlowBars(props: FlowBarsProps) {
  const columns = columnsOf(props);
  const words = flowWords(props.slots, props.span);
  const most = Math.max(1, ...columns.map((one) => one.delivered + one.deferred + one.bounced));
  const heightOf = (part: number) => ({ height: `${(part / most) * 100}%` });
  return (
    <span className={styles.flow} title={words}>
      <span className={styles.bars} aria-hidden>
        {columns.map((column) => (
          <span key={column.from} className={styles.column}>
            <span className={styles.bounced} style={heightOf(column.bounced)} />
            <span className={styles.deferred} style={heightOf(column.deferred)} />
            <span className={styles.delivered} style={heightOf(column.delivered)} />
          </span>
        ))}
      </span>
      <span className="unseen">{words}</span>
    </span>
  );
}

export function FlowChart(props: FlowBarsProps) {
  const timeZone = useTimeZone();
  const bars = columnsOf(props).map(({ from, ...column }) => ({
    ...column,
    label: hourOfMoment(new Date(from).toISOString(), timeZone),
  }));
  return (
    <Suspense fallback={<Skeleton height={240} mt="md" />}>
      <OutcomeChart bars={bars} words={outcomeWords} summary={flowWords(props.slots, props.span)} />
    </Suspense>
  );
}
