/** Sets or changes the key that a provider signs with. The old one is never shown. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import {
  changeProviderConnection,
  listProviderConnections,
  type ProviderConnection,
} from '../../../src/contract/providers.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { queries } from '../queries.ts';
import { providers } from './provider-words.ts';

function KeyForm({ connection, onClose }: { connection: ProviderConnection; onClose: () => void }) {
  const [fault, setFault] = useState<string | null>(null);
  const { name, key } = providers[connection.provider];
  const change = useMutation({
    mutationFn: (verificationKey: string) =>
      call(changeProviderConnection, { params: { id: connection.id }, body: { verificationKey } }),
    gcTime: 0,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [listProviderConnections.name] });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wanted = String(new FormData(event.currentTarget).get('key') ?? '').trim();
    setFault(wanted === '' ? `Paste what ${name} shows.` : null);
    if (wanted !== '') change.mutate(wanted);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm">
          {connection.provider === 'ses'
            ? 'From then on only this topic’s events are taken as signed ones.'
            : 'From then on only calls signed with this key are taken. A key from before holds no more.'}
        </Text>
        <TextInput
          name="key"
          label={key?.label ?? 'Key'}
          description={key?.hint}
          maxLength={2000}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          error={fault}
        />
        {change.error !== null && <Failure failure={change.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            Save the key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface KeyDialogProps {
  readonly connection: ProviderConnection | null;
  onClose(): void;
}

export const KeyDialog = ({ connection, onClose }: KeyDialogProps) => (
  <Modal
    opened={connection !== null}
    onClose={onClose}
    title={connection === null ? 'Key' : `Key of ${connection.name}`}
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    {connection !== null && <KeyForm connection={connection} onClose={onClose} />}
  </Modal>
);
