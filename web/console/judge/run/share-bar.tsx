/** How much of the most, as a bar in the colour of whom it went to. The number is always written beside it. */
import styles from './share-bar.module.css';

interface ShareBarProps {
  readonly part: number;
  readonly most: number;
  readonly tone: 'people' | 'machines' | 'plain';
}

export const ShareBar = ({ part, most, tone }: ShareBarProps) => (
  <span className={styles.bar} aria-hidden>
    <span data-tone={tone} style={{ width: `${most === 0 ? 0 : Math.max(1, (part / most) * 100)}%` }} />
  </span>
);
