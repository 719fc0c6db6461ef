/** Asks once more before a key is revoked, because programs that use it stop at once. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { listApiKeys, revokeApiKey } from '../../../src/contract/access.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { queries } from '../queries.ts';
import type { ApiKey } from './key-words.ts';

export function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  const revoke = useMutation({
    mutationFn: (id: string) => call(revokeApiKey, { params: { id } }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: [listApiKeys.name] });
      onClose();
    },
  });
  const close = () => {
    revoke.reset();
    onClose();
  };
  return (
    <Modal
      opened={apiKey !== null}
      onClose={close}
      title="Revoke this key?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Text>
          Programs that use <strong>{apiKey?.name}</strong> (ends in {apiKey?.hint}) can no longer send or read
          anything, from this moment on. This cannot be undone.
        </Text>
        {revoke.error !== null && <Failure failure={revoke.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button color="wax" loading={revoke.isPending} onClick={() => apiKey !== null && revoke.mutate(apiKey.id)}>
            Revoke the key
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
