/** What stands around every step of signing in. */
import { Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { Wordmark } from '../shell/logo.tsx';
import styles from './sign-in-page.module.css';

export function SignInFrame({ children }: { children: ReactNode }) {
  useEffect(() => {
    document.title = 'Sign in · Waxwing';
  }, []);
  return (
    <main className={styles.page}>
      <div className={styles.column}>
        <Wordmark />
        <Paper className={styles.card ?? ''}>{children}</Paper>
        <Text size="xs" c="dimmed" ta="center">
          Email that tells people from machines.
        </Text>
      </div>
    </main>
  );
}

export const Underway = ({ title }: { title: string }) => (
  <Stack align="center" py="xl" role="status">
    <Loader type="dots" aria-hidden />
    <Title order={1} size="h2">
      {title}
    </Title>
  </Stack>
);
