/** Asks once more before a connection is closed, because its provider is refused from then on. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import {
  deleteProviderConnection,
  listProviderConnections,
  type ProviderConnection,
} from '../../../src/contract/providers.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { queries } from '../queries.ts';
import { providers } from './provider-words.ts';

interface DeleteConnectionProps {
  readonly connection: ProviderConnection | null;
  onClose(): void;
}

export function DeleteConnection({ connection, onClose }: DeleteConnectionProps) {
  const remove = useMutation({
    mutationFn: (id: string) => call(deleteProviderConnection, { params: { id } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [listProviderConnections.name] });
      onClose();
    },
  });
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <Modal
      opened={connection !== null}
      onClose={close}
      title="Delete this connection?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Text>
          <strong>{connection?.name}</strong>: calls to its address are refused from now on, so take the webhook out at{' '}
          {connection === null ? 'the provider' : providers[connection.provider].name} as well. Events that came in
          stay. The address cannot be had again.
        </Text>
        {remove.error !== null && <Failure failure={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button
            color="wax"
            loading={remove.isPending}
            onClick={() => connection !== null && remove.mutate(connection.id)}
          >
            Delete the connection
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
