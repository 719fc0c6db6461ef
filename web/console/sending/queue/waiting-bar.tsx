/** What waits for a destination as one bar of its parts, with the numbers in words under it. */
import type { QueueDestination } from '../../../../src/contract/queue.ts';
import styles from './waiting-bar.module.css';
import { parts, partsOf } from './words.ts';

export const WaitingBar = ({ destination }: { readonly destination: QueueDestination }) => {
  const all = Math.max(
    1,
    parts.reduce((sum, { part }) => sum + destination[part], 0),
  );
  return (
    <span className={styles.waiting}>
      <span className={styles.bar} aria-hidden>
        {parts.map(({ part }) => (
          <span key={part} data-part={part} style={{ width: `${(destination[part] / all) * 100}%` }} />
        ))}
      </span>
      <span className={styles.words}>{partsOf(destination) || 'nothing waits'}</span>
    </span>
  );
};
