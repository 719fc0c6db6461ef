/** What became of mail as one bar: arrived, came back, being tried, on its way. The numbers are always written beside it. */
import type { EngagementRow } from '../../../../src/contract/reports.ts';
import styles from './outcome-bar.module.css';

export const onTheWay = ({ sent, delivered, bounced, deferred }: EngagementRow): number =>
  Math.max(0, sent - delivered - bounced - deferred);

const width = (part: number, all: number) => ({ width: `${all === 0 ? 0 : (part / all) * 100}%` });

export const OutcomeBar = ({ row }: { row: EngagementRow }) => (
  <span className={styles.bar} aria-hidden>
    <span data-part="delivered" style={width(row.delivered, row.sent)} />
    <span data-part="deferred" style={width(row.deferred, row.sent)} />
    <span data-part="bounced" style={width(row.bounced, row.sent)} />
  </span>
);

export const outcomes = ['delivered', 'deferred', 'bounced'] as const;

export type OutcomeWords = Readonly<Record<(typeof outcomes)[number], string>>;

export const usualWords: OutcomeWords = { delivered: 'Delivered', deferred: 'To be tried again', bounced: 'Bounced' };

export const OutcomeLegend = ({ words = usualWords }: { words?: OutcomeWords }) => (
  <span className={styles.legend}>
    {outcomes.map((name) => (
      <span key={name}>
        <i data-part={name} aria-hidden /> {words[name]}
      </span>
    ))}
  </span>
);
