/** The way back to the list that a page was opened from; it stands above the page's title. */
import { Link } from 'react-router';
import styles from './back-link.module.css';

export const BackLink = ({ to, children }: { to: string; children: string }) => (
  <Link to={to} className={styles.back}>
    {children}
  </Link>
);
