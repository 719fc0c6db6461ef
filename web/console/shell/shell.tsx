/** The frame around every page: skip link, navigation (a bar at the side, or at the foot of a small screen), account, sign out. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconLogout } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type CSSProperties, useEffect, useRef } from 'react';
import { NavLink, Outlet, ScrollRestoration, useLocation, useNavigate } from 'react-router';
import { endSession } from '../../../src/contract/access.ts';
import { call } from '../../shared/client.ts';
import { NotForYou } from '../elements/not-for-you.tsx';
import { isAt } from '../elements/places-frame.tsx';
import { EmergencyBanner } from '../emergency/emergency-banner.tsx';
import { ReviewBadge } from '../emergency/review-badge.tsx';
import { queries } from '../queries.ts';
import { useMay } from '../use-may.ts';
import { useTimeZone } from '../use-time-zone.ts';
import { Wordmark } from './logo.tsx';
import { isOpenTo, mainPlaces } from './places.ts';
import styles from './shell.module.css';

function Navigation() {
  const may = useMay();
  const open = mainPlaces.filter((place) => isOpenTo(may, place));
  // Two rows at the foot of a telephone hold as many as there are.
  const foot = { '--foot-columns': Math.max(1, open.length > 5 ? Math.ceil(open.length / 2) : open.length) };
  return (
    <nav className={styles.navigation} aria-label="Console" style={foot as CSSProperties}>
      {open.map(({ to, label, Icon }) => (
        <NavLink key={to} to={to} className={styles.place ?? ''}>
          <Icon size={20} stroke={1.6} aria-hidden />
          <span>{label}</span>
          {to === '/trust' && <ReviewBadge />}
        </NavLink>
      ))}
    </nav>
  );
}

/** The page, unless whoever came by its address may not open it. Places inside a place look for themselves. */
function Page() {
  const may = useMay();
  const { pathname } = useLocation();
  const here = mainPlaces.find((place) => isAt(pathname, place));
  return here === undefined || isOpenTo(may, here) ? <Outlet /> : <NotForYou label={here.label} />;
}

function SignOut() {
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: () => call(endSession, {}),
    onSettled: () => {
      queries.clear();
      void navigate('/sign-in', { replace: true, state: { left: true } });
    },
  });
  return (
    <Tooltip label="Sign out">
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Sign out"
        loading={leave.isPending}
        onClick={() => leave.mutate()}
      >
        <IconLogout size={18} stroke={1.6} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

/** A reader of the screen is told of the new page; the first page is announced by the browser itself. */
function useFocusOnArrival() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const arrived = useRef(pathname);
  useEffect(() => {
    if (arrived.current === pathname) return;
    arrived.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return main;
}

interface ShellProps {
  readonly account: { readonly name: string };
  /** Null: somebody who came by an installation link. */
  readonly user: { readonly name: string } | null;
}

export function Shell({ account, user }: ShellProps) {
  const main = useFocusOnArrival();
  const timeZone = useTimeZone();
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <header className={styles.side}>
        <NavLink to="/" className={styles.brand ?? ''} aria-label="Waxwing, to the first page">
          <Wordmark />
        </NavLink>
        <Navigation />
        <div className={styles.account}>
          <div className={styles.accountName}>
            <NavLink to="/me" className={`${styles.me} quiet-link`}>
              {user?.name ?? 'Your sessions'}
            </NavLink>
            <span title={account.name}>{account.name}</span>
          </div>
          <SignOut />
        </div>
      </header>
      <main id="main" className={styles.main} tabIndex={-1} ref={main}>
        <EmergencyBanner />
        <Page />
        <p className={styles.zone}>Times are those of {timeZone.replaceAll('_', ' ')}.</p>
      </main>
      <ScrollRestoration />
    </div>
  );
}
