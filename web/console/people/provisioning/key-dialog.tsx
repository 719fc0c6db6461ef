/** Makes an API key that can provision and nothing else, and shows its secret, the only time it can be seen. */
import { Button, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { createApiKey, listApiKeys } from '../../../../src/contract/access.ts';
import { call } from '../../../shared/client.ts';
import { SecretShown } from '../../api-keys/secret-shown.tsx';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';

export function KeyDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const create = useMutation({
    mutationFn: (name: string) => call(createApiKey, { body: { name, permissions: ['people.provision'] } }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: [listApiKeys.name] }),
  });
  const close = () => {
    create.reset();
    onClose();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    create.mutate(String(new FormData(event.currentTarget).get('name')).trim());
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={create.data === undefined ? 'A key for the directory' : 'The key for the directory'}
      size="lg"
      closeOnClickOutside={create.data === undefined}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {create.data === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              name="name"
              label="Name"
              description="So that you know it again among the API keys."
              defaultValue="Directory"
              required
              maxLength={100}
              autoComplete="off"
              data-autofocus
            />
            <Text size="sm">
              The key provisions users and groups, and does nothing else. It reaches as far as you do: one that an admin
              made changes no owner. It ends when you are deactivated.
            </Text>
            {create.error !== null && <Failure failure={create.error} />}
            <Button type="submit" loading={create.isPending}>
              Make the key
            </Button>
          </Stack>
        </form>
      ) : (
        <SecretShown created={create.data} onDone={close} />
      )}
    </Modal>
  );
}
