/** The three states beside success: nothing there, not there yet, and failed. */
import { Alert, Button, Code, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Refusal } from '../../shared/client.ts';
import { EmergencyOffer } from '../emergency/emergency-offer.tsx';
import { Seal } from '../shell/logo.tsx';
import styles from './states.module.css';

const unexpected = { title: 'Something went wrong in the console.', remedy: 'Reload the page.', requestId: null };

export function Failure({ failure, onRetry }: { failure: Error; onRetry?: () => void }) {
  const { title, remedy, requestId } = failure instanceof Refusal ? failure : unexpected;
  return (
    <Alert
      role="alert"
      color="wax"
      variant="default"
      icon={<IconAlertTriangle aria-hidden />}
      title={title}
      className={styles.failure ?? ''}
      styles={{ root: { borderColor: 'var(--wax)' }, icon: { color: 'var(--wax)' } }}
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{remedy}</Text>
        {failure instanceof Refusal && failure.code === 'auth.forbidden' && <EmergencyOffer />}
        {requestId !== null && (
          <Text size="xs" c="dimmed">
            If you report this, mention request <Code>{requestId}</Code>
          </Text>
        )}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" leftSection={<IconRefresh size={14} aria-hidden />} onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** What to do about it. */
  readonly action?: ReactNode;
}

export const Empty = ({ title, children, action }: EmptyProps) => (
  <Paper className={styles.empty ?? ''}>
    <Seal size={44} />
    <Title order={2} mt="md">
      {title}
    </Title>
    <Text component="div" c="dimmed" size="sm" mt="xs" maw="36rem">
      {children}
    </Text>
    {action !== undefined && <div className={styles.action}>{action}</div>}
  </Paper>
);

/** Stands for rows that are on their way. */
export const Waiting = ({ rows = 5, label }: { rows?: number; label: string }) => (
  <Stack gap="md" py="sm" role="status" aria-label={label}>
    {Array.from({ length: rows }, (_, row) => `row-${row}`).map((row) => (
      <Skeleton key={row} height={18} />
    ))}
  </Stack>
);

interface Answer<Data> {
  readonly data: Data | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** Shows an answer in whichever state it is. An answer that was good stays while a newer one fails. */
export function Answered<Data>(props: {
  answer: Answer<Data>;
  label: string;
  rows?: number;
  children: (data: Data) => ReactNode;
}) {
  const { answer, label, rows, children } = props;
  if (answer.data !== undefined) return children(answer.data);
  if (answer.error !== null) return <Failure failure={answer.error} onRetry={() => answer.refetch()} />;
  return <Waiting label={label} {...(rows === undefined ? {} : { rows })} />;
}
