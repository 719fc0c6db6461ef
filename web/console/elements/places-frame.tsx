/** Places that belong together: links to each of them above whichever is shown. */
import { NavLink, Outlet } from 'react-router';
import styles from './places-frame.module.css';

export interface Place {
  readonly to: string;
  readonly label: string;
  /** Its address begins those of its neighbours. */
  readonly isRoot?: boolean;
}

export const PlacesFrame = ({ label, places }: { readonly label: string; readonly places: readonly Place[] }) => (
  <>
    <nav className={`${styles.places} no-print`} aria-label={label}>
      {places.map((place) => (
        <NavLink key={place.to} to={place.to} end={place.isRoot ?? false} className={styles.place ?? ''}>
          {place.label}
        </NavLink>
      ))}
    </nav>
    <Outlet />
  </>
);
