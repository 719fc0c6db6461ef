/** Puts one address on the list. */
import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type SuppressionScope, setSuppression } from '../../../../src/contract/suppressions.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { refreshSuppressions } from './refresh.ts';
import { type GivenReason, givenReasons, reasonWords, scopeWords } from './words.ts';

function AddForm({ onDone }: { onDone: () => void }) {
  const [reason, setReason] = useState<GivenReason>('manual');
  const add = useMutation({
    mutationFn: (form: FormData) =>
      call(setSuppression, {
        params: { email: String(form.get('email')).trim() },
        body: { reason, scope: form.get('scope') as SuppressionScope },
      }),
    onSuccess: () => {
      refreshSuppressions();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    add.mutate(new FormData(event.currentTarget));
  };
  const usual: SuppressionScope = reason === 'unsubscribed' || reason === 'complaint' ? 'marketing' : 'all';
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput name="email" type="email" label="Email address" maxLength={320} required data-autofocus />
        <NativeSelect
          name="reason"
          label="Why"
          data={givenReasons.map((value) => ({ value, label: reasonWords[value] }))}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value as GivenReason)}
        />
        <NativeSelect
          key={usual}
          name="scope"
          label="What is kept back"
          data={Object.entries(scopeWords).map(([value, label]) => ({ value, label }))}
          defaultValue={usual}
        />
        {add.error !== null && <Failure failure={add.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            Send nothing more there
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export const AddDialog = ({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) => (
  <Modal opened={isOpen} onClose={onClose} title="Suppress an address" closeButtonProps={{ 'aria-label': 'Close' }}>
    <AddForm onDone={onClose} />
  </Modal>
);
