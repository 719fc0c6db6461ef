/** The mark: a waxwing's head with its black mask, pressed into a wax seal. */
import styles from './logo.module.css';

export const Seal = ({ size = 32 }: { size?: number }) => <img src="/favicon.svg" width={size} height={size} alt="" />;

export const Wordmark = () => (
  <span className={styles.wordmark}>
    <Seal />
    <span>Waxwing</span>
  </span>
);
