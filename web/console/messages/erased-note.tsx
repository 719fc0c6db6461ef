/** Says of a message that it was erased, and shows its certificate when asked. */
import { Button, Paper, Text, Title } from '@mantine/core';
import { IconFileCertificate } from '@tabler/icons-react';
import { Failure } from '../elements/states.tsx';
import { Certificate } from './certificate.tsx';
import styles from './message-page.module.css';
import { useErase } from './use-erase.ts';

/** Erasing again erases nothing: the server answers with the certificate of before. */
export function ErasedNote({ id }: { id: string }) {
  const again = useErase(id);
  return (
    <Paper component="section" className={styles.erased ?? ''} aria-label="Erasure">
      <Title order={2}>This message was erased</Title>
      <Text size="sm" c="dimmed" mt={2} mb="md" maw="46rem">
        Its content, its recipients’ addresses and what asked for it can be read by nobody any more. What was counted
        stays counted.
      </Text>
      {again.data === undefined ? (
        <Button
          variant="default"
          leftSection={<IconFileCertificate size={16} aria-hidden />}
          loading={again.isPending}
          onClick={() => again.mutate()}
        >
          Show the certificate
        </Button>
      ) : (
        <Certificate certificate={again.data.certificate} />
      )}
      {again.error !== null && <Failure failure={again.error} />}
    </Paper>
  );
}
