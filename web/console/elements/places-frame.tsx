/** Places that belong together: links to those of them that whoever looks may open, above whichever is shown. */
import { Navigate, NavLink, Outlet, useLocation } from 'react-router';
import { type Need, useMay } from '../use-may.ts';
import { NotForYou } from './not-for-you.tsx';
import styles from './places-frame.module.css';

export interface Place extends Need {
  readonly to: string;
  readonly label: string;
  /** Its address begins those of its neighbours. */
  readonly isRoot?: boolean;
}

export const isAt = (path: string, { to, isRoot = false }: Place): boolean =>
  path === to || (!isRoot && path.startsWith(`${to}/`));

export const PlacesFrame = ({ label, places }: { readonly label: string; readonly places: readonly Place[] }) => {
  const may = useMay();
  const { pathname } = useLocation();
  const here = places.find((place) => isAt(pathname, place));
  return (
    <>
      <nav className={`${styles.places} no-print`} aria-label={label}>
        {places.filter(may).map((place) => (
          <NavLink key={place.to} to={place.to} end={place.isRoot ?? false} className={styles.place ?? ''}>
            {place.label}
          </NavLink>
        ))}
      </nav>
      {here === undefined || may(here) ? <Outlet /> : <NotForYou label={here.label} />}
    </>
  );
};

/** Leads to the first place that whoever comes may open. */
export function FirstPlace({ places }: { readonly places: readonly Place[] }) {
  const may = useMay();
  const first = places.find(may);
  return first === undefined ? <NotForYou label="This page" /> : <Navigate to={first.to} replace />;
}
