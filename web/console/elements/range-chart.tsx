/** A range on an axis: a band from low to high, the best guess as a line in it, and perhaps a mark to compare it with. The numbers are always written beside it. */
import styles from './range-chart.module.css';
import type { Tick } from './tick.ts';

/** All positions as shares of the axis, 0 to 1. */
interface RangeChartProps {
  readonly low: number;
  readonly high: number;
  readonly point: number;
  readonly mark?: number;
  readonly ticks: readonly Tick[];
  readonly isOfMachines?: boolean;
}

const percentOf = (share: number): string => `${Math.min(1, Math.max(0, share)) * 100}%`;

export const RangeChart = ({ low, high, point, mark, ticks, isOfMachines = false }: RangeChartProps) => (
  <div className={styles.chart} data-machines={isOfMachines || undefined} aria-hidden>
    <div className={styles.axis}>
      {ticks.map(({ at, label }) => (
        <span key={label} className={styles.line} style={{ left: percentOf(at) }} />
      ))}
      <span className={styles.band} style={{ left: percentOf(low), width: percentOf(high - low) }} />
      <span className={styles.point} style={{ left: percentOf(point) }} />
      {mark !== undefined && <span className={styles.mark} style={{ left: percentOf(mark) }} />}
    </div>
    <div className={styles.labels}>
      {ticks.map(({ at, label }) => (
        <span
          key={label}
          style={{ left: percentOf(at) }}
          data-end={at <= 0.02 ? 'first' : at >= 0.98 ? 'last' : undefined}
        >
          {label}
        </span>
      ))}
    </div>
  </div>
);

export const BandSign = () => <span className={`${styles.sign} ${styles.band}`} aria-hidden />;
export const PointSign = () => <span className={`${styles.sign} ${styles.pointSign}`} aria-hidden />;
export const MarkSign = () => <span className={`${styles.sign} ${styles.mark}`} aria-hidden />;
