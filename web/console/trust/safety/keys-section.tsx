/** Which wrapping key is in use, what guards it, and a rotation when somebody asks for one. */
import { Button, Group, Modal, Progress, Stack, Text } from '@mantine/core';
import { IconRotate } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { readKeys, rotateKeys } from '../../../../src/contract/upkeep.ts';
import { call } from '../../../shared/client.ts';
import { count, moment } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { queries, queryOf } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from './safety.module.css';

type Keys = z.output<typeof readKeys.result>;

const guards: Readonly<Record<Keys['provider'], string>> = {
  file: 'A key file on the server. Whoever loses it loses every message for good, and nobody can help: keep a copy of it in another place, apart from the backups.',
  'aws-kms':
    'AWS KMS: the key file opens only with its help. Lost access to KMS, or a lost key file, means that nothing can be read again: keep a copy of the file, and do not let the KMS key be deleted.',
  'vault-transit':
    'HashiCorp Vault: the key file opens only with its help. A lost Vault, or a lost key file, means that nothing can be read again: keep a copy of the file, and backups of the Vault.',
};

const lookEveryMs = 1_000;

function RotationProgress({ rotation }: { rotation: Keys['rotation'] }) {
  const timeZone = useTimeZone();
  if (rotation === null) return <Text size="sm">Never rotated so far. Once a year is good practice.</Text>;
  const { total, rewrapped, doneAt, startedAt } = rotation;
  if (doneAt !== null)
    return (
      <Text size="sm" role="status">
        Last rotated {moment(doneAt, timeZone)}: {count(rewrapped)} keys of messages were sealed anew.
      </Text>
    );
  const percent = total === 0 ? 0 : Math.min(99, Math.floor((rewrapped / total) * 100));
  return (
    <div>
      <Text size="sm" role="status">
        A rotation began {moment(startedAt, timeZone)}: {count(rewrapped)} of {count(total)} messages so far. Nothing
        stops meanwhile, and you may leave this page.
      </Text>
      <Progress value={percent} aria-label="Rotation" mt="xs" />
    </div>
  );
}

function AskForRotation({ isUnderWay }: { isUnderWay: boolean }) {
  const [isAsking, setAsking] = useState(false);
  const rotate = useMutation({
    mutationFn: () => call(rotateKeys, {}),
    onSuccess: () => {
      setAsking(false);
      return queries.invalidateQueries({ queryKey: [readKeys.name] });
    },
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconRotate size={16} aria-hidden />}
        disabled={isUnderWay}
        onClick={() => setAsking(true)}
      >
        Rotate now
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title="Give the account a fresh key?"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack>
          <Text>
            The keys of all messages are sealed anew under it, beside everything else. That is good practice once a
            year, and needed when somebody may have seen the old key. Make a backup afterwards.
          </Text>
          {rotate.error !== null && <Failure failure={rotate.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)}>
              Leave it
            </Button>
            <Button loading={rotate.isPending} onClick={() => rotate.mutate()} data-autofocus>
              Rotate the keys
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

export function Keys() {
  const timeZone = useTimeZone();
  const answer = useQuery({
    ...queryOf(readKeys, {}),
    refetchInterval: ({ state }) =>
      state.data?.rotation != null && state.data.rotation.doneAt === null ? lookEveryMs : false,
  });
  const isUnderWay = answer.data?.rotation != null && answer.data.rotation.doneAt === null;
  return (
    <Section
      title="Keys"
      about="Every message has a key of its own, sealed under the account’s key, which is sealed under the key file."
      aside={<AskForRotation isUnderWay={isUnderWay} />}
    >
      <Answered answer={answer} label="Loading the keys" rows={3}>
        {(keys) => (
          <Stack gap="sm">
            <dl className={styles.facts}>
              <dt>The account’s key</dt>
              <dd>
                Number {keys.version}, in use since {moment(keys.since, timeZone)}
              </dd>
              <dt>What guards it</dt>
              <dd>{guards[keys.provider]}</dd>
            </dl>
            <RotationProgress rotation={keys.rotation} />
          </Stack>
        )}
      </Answered>
    </Section>
  );
}
