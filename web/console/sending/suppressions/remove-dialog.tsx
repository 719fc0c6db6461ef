/** Lets mail go to an address again, for one reason, after saying what that means. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { deleteSuppression, type SuppressionReason } from '../../../../src/contract/suppressions.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { refreshSuppressions } from './refresh.ts';
import { reasonWords } from './words.ts';

export interface Removed {
  readonly email: string;
  readonly reason: SuppressionReason;
}

const consequences: Readonly<Record<SuppressionReason, string>> = {
  'hard-bounce': 'If the address is still gone, the next message bounces and it comes back here.',
  'soft-bounces': 'If its mailbox still takes nothing, it comes back here after three more bounces.',
  complaint: 'They told their provider that our mail is unwanted. Mail them again only if they asked for it.',
  unsubscribed: 'They asked for no more marketing. Mail them again only if they asked for it.',
  manual: 'Somebody here decided that no mail goes there.',
};

function Ask({ removed, onClose }: { removed: Removed; onClose: () => void }) {
  const { email, reason } = removed;
  const remove = useMutation({
    mutationFn: () => call(deleteSuppression, { params: { email }, query: { reason } }),
    onSuccess: () => {
      refreshSuppressions();
      onClose();
    },
  });
  return (
    <Stack>
      <Text style={{ overflowWrap: 'anywhere' }}>
        <strong>{email}</strong>: {reasonWords[reason].toLowerCase()}. {consequences[reason]}
      </Text>
      <Text size="sm" c="dimmed">
        Mail that was dropped stays dropped. Other reasons against the address stay.
      </Text>
      {remove.error !== null && <Failure failure={remove.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Leave it
        </Button>
        <Button color="wax" loading={remove.isPending} onClick={() => remove.mutate()} data-autofocus>
          Let mail go there again
        </Button>
      </Group>
    </Stack>
  );
}

export const RemoveDialog = ({ removed, onClose }: { removed: Removed | null; onClose: () => void }) => (
  <Modal
    opened={removed !== null}
    onClose={onClose}
    title="Let mail go there again?"
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    {removed !== null && <Ask removed={removed} onClose={onClose} />}
  </Modal>
);
