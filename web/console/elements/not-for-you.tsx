/** What somebody sees who came by address to a page that their role does not open: what it is, whom to ask, and the way around. */
import { Paper, Text } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { EmergencyOffer } from '../emergency/emergency-offer.tsx';
import styles from './not-for-you.module.css';
import { PageHead } from './page-head.tsx';

export const NotForYou = ({ label }: { readonly label: string }) => (
  <>
    <PageHead title={label} />
    <Paper className={styles.card ?? ''} role="note">
      <span className={styles.sign}>
        <IconLock size={22} stroke={1.6} aria-hidden />
      </span>
      <Text fw={600}>Your role does not open this page</Text>
      <Text size="sm" c="dimmed" maw="34rem">
        This page is there for colleagues with other tasks, so nothing of it was loaded. If you need it for your work,
        ask whoever manages the people of your account.
      </Text>
      <EmergencyOffer />
    </Paper>
  </>
);
