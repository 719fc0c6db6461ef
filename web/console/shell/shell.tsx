/** The frame around every page: skip link, navigation (a bar at the side, or at the foot of a small screen), account, sign out. */
import { ActionIcon, Tooltip } from '@mantine/core';
import {
  IconAt,
  IconGavel,
  IconKey,
  IconLogout,
  IconMail,
  IconPlugConnected,
  IconReportAnalytics,
  IconSettings,
  IconShieldCheck,
  IconUsers,
} from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { NavLink, Outlet, ScrollRestoration, useLocation, useNavigate } from 'react-router';
import { endSession } from '../../../src/contract/access.ts';
import { call } from '../../shared/client.ts';
import { EmergencyBanner } from '../emergency/emergency-banner.tsx';
import { ReviewBadge } from '../emergency/review-badge.tsx';
import { queries } from '../queries.ts';
import { Wordmark } from './logo.tsx';
import styles from './shell.module.css';

const places = [
  { to: '/campaigns', label: 'Campaigns', Icon: IconReportAnalytics },
  { to: '/messages', label: 'Messages', Icon: IconMail },
  { to: '/judge', label: 'The judge', Icon: IconGavel },
  { to: '/senders', label: 'Senders', Icon: IconAt },
  { to: '/providers', label: 'Providers', Icon: IconPlugConnected },
  { to: '/settings', label: 'Settings', Icon: IconSettings },
  { to: '/api-keys', label: 'API keys', Icon: IconKey },
  { to: '/people', label: 'People', Icon: IconUsers },
  { to: '/trust', label: 'Trust', Icon: IconShieldCheck },
] as const;

function Navigation() {
  return (
    <nav className={styles.navigation} aria-label="Console">
      {places.map(({ to, label, Icon }) => (
        <NavLink key={to} to={to} className={styles.place ?? ''}>
          <Icon size={20} stroke={1.6} aria-hidden />
          <span>{label}</span>
          {to === '/trust' && <ReviewBadge />}
        </NavLink>
      ))}
    </nav>
  );
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
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <header className={styles.side}>
        <NavLink to="/campaigns" className={styles.brand ?? ''} aria-label="Waxwing, to the campaigns">
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
        <Outlet />
      </main>
      <ScrollRestoration />
    </div>
  );
}
