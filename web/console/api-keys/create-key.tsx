/** Makes an API key and shows its secret, the only time it can be seen. */
import { Alert, Button, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import { createApiKey, listApiKeys } from '../../../src/contract/access.ts';
import { call } from '../../shared/client.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { SnippetTabs } from '../elements/snippet-tabs.tsx';
import { Failure } from '../elements/states.tsx';
import { queries } from '../queries.ts';

type NewKey = z.infer<typeof createApiKey.result>;

const useCreate = () =>
  useMutation({
    mutationFn: (name: string) => call(createApiKey, { body: { name } }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: [listApiKeys.name] }),
  });

function NameForm({ create }: { create: ReturnType<typeof useCreate> }) {
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name') ?? '').trim();
    setFault(name === '' ? 'Give the key a name, so that you know it again.' : null);
    if (name !== '') create.mutate(name);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          name="name"
          label="Name"
          description="Where the key will be used, such as “Appointment reminders”."
          maxLength={100}
          autoComplete="off"
          data-autofocus
          error={fault}
        />
        {create.error !== null && <Failure failure={create.error} />}
        <Button type="submit" loading={create.isPending}>
          Make the key
        </Button>
      </Stack>
    </form>
  );
}

const SecretShown = ({ created, onDone }: { created: NewKey; onDone: () => void }) => (
  <Stack>
    <Alert variant="default" icon={<IconEyeOff aria-hidden />} title="Copy it now">
      Waxwing keeps no copy of the secret. Once this window is closed, nobody can see it again.
    </Alert>
    <CodeSample label={`Secret of ${created.name}`} code={created.secret} />
    <Text fw={600} mt="xs">
      Try it
    </Text>
    <SnippetTabs apiKey={created.secret} />
    <Button onClick={onDone}>I have kept the secret</Button>
  </Stack>
);

export function CreateKey({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const create = useCreate();
  const close = () => {
    create.reset();
    onClose();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={create.data === undefined ? 'New API key' : 'Your new API key'}
      size="lg"
      closeOnClickOutside={create.data === undefined}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {create.data === undefined ? <NameForm create={create} /> : <SecretShown created={create.data} onDone={close} />}
    </Modal>
  );
}
