/** How many emergency accesses wait for a review by whoever looks. */
import { plural } from '../../shared/format.ts';
import styles from './emergency.module.css';
import { useEmergency } from './use-emergency.ts';

export function ReviewBadge() {
  const waiting = useEmergency().data?.toReview ?? 0;
  if (waiting === 0) return null;
  return (
    <span className={styles.badge}>
      {waiting}
      <span className="unseen"> {plural(waiting, 'emergency access', 'emergency accesses')} to review</span>
    </span>
  );
}
