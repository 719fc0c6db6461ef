/** The judge's own places, above whichever of them is shown. */
import { NavLink, Outlet } from 'react-router';
import { historyPath, rulesPath } from '../elements/judge-paths.ts';
import styles from './judge-frame.module.css';

const places = [
  { to: rulesPath, label: 'Rules' },
  { to: historyPath, label: 'History' },
  { to: '/judge/networks', label: 'Networks' },
  { to: '/judge/scanners', label: 'Scanners' },
] as const;

export const JudgeFrame = () => (
  <>
    <nav className={`${styles.places} no-print`} aria-label="The judge">
      {places.map(({ to, label }) => (
        <NavLink key={to} to={to} className={styles.place ?? ''}>
          {label}
        </NavLink>
      ))}
    </nav>
    <Outlet />
  </>
);
