/** Attempts over time as small stacked bars: taken, refused for now, refused for good. The numbers are always said beside it. */
import type { QueueDestination } from '../../../../src/contract/queue.ts';
import { plural } from '../../../shared/format.ts';
import styles from './flow-bars.module.css';

type Slots = QueueDestination['lately'];

interface FlowBarsProps {
  readonly slots: Slots;
  /** How many bars, and how long each is. */
  readonly bars: number;
  readonly barMs: number;
  readonly nowMs: number;
  /** As in a sentence: `the last hour`. */
  readonly span: string;
  readonly isTall?: boolean;
}

const sumOf = (slots: Slots, kind: 'delivered' | 'deferred' | 'bounced'): number =>
  slots.reduce((sum, slot) => sum + slot[kind], 0);

export const flowWords = (slots: Slots, span: string): string =>
  slots.length === 0
    ? `No attempt in ${span}`
    : `In ${span}: ${plural(sumOf(slots, 'delivered'), 'copy', 'copies')} taken, ${sumOf(slots, 'deferred')} refused for now, ${sumOf(slots, 'bounced')} for good`;

export function FlowBars({ slots, bars, barMs, nowMs, span, isTall = false }: FlowBarsProps) {
  const lastStart = Math.floor(nowMs / barMs) * barMs;
  const columns = Array.from({ length: bars }, (_, n) => {
    const from = lastStart - (bars - 1 - n) * barMs;
    const within = slots.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < from + barMs);
    return {
      from,
      delivered: sumOf(within, 'delivered'),
      deferred: sumOf(within, 'deferred'),
      bounced: sumOf(within, 'bounced'),
    };
  });
  const most = Math.max(1, ...columns.map((one) => one.delivered + one.deferred + one.bounced));
  const heightOf = (part: number) => ({ height: `${(part / most) * 100}%` });
  return (
    <span className={styles.flow} data-tall={isTall || undefined}>
      <span className={styles.bars} aria-hidden>
        {columns.map((column) => (
          <span key={column.from} className={styles.column}>
            <span className={styles.bounced} style={heightOf(column.bounced)} />
            <span className={styles.deferred} style={heightOf(column.deferred)} />
            <span className={styles.delivered} style={heightOf(column.delivered)} />
          </span>
        ))}
      </span>
      <span className="unseen">{flowWords(slots, span)}</span>
    </span>
  );
}
