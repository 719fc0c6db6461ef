/** Releases a legal hold, with a reason. */
import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { type LegalHold, releaseHold } from '../../../../src/contract/retention.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { DraftNote, useDraft } from '../../elements/use-draft.tsx';
import { refreshHolds } from './place-dialog.tsx';
import { coverageWords } from './words.ts';

function ReleaseForm({ hold, onDone }: { hold: LegalHold; onDone: () => void }) {
  const draft = useDraft(`hold-release-${hold.id}`);
  const release = useMutation({
    mutationFn: (reason: string) => call(releaseHold, { params: { id: hold.id }, body: { reason } }),
    onSuccess: () => {
      draft.forget();
      refreshHolds();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    release.mutate(String(new FormData(event.currentTarget).get('reason')));
  };
  return (
    <form onSubmit={submit} ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <Text>
          It keeps {coverageWords(hold).toLowerCase()}. What no other hold covers may be erased from then on, by hand or
          by the daily run. The hold itself stays on record.
        </Text>
        <Textarea name="reason" label="Reason" maxLength={2000} required autosize minRows={2} data-autofocus />
        {release.error !== null && <Failure failure={release.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Keep the hold
          </Button>
          <Button type="submit" color="wax" loading={release.isPending}>
            Release the hold
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export const ReleaseDialog = ({ hold, onClose }: { hold: LegalHold | null; onClose: () => void }) => (
  <Modal
    opened={hold !== null}
    onClose={onClose}
    title={`Release ${hold?.name ?? 'the hold'}?`}
    size="lg"
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    {hold !== null && <ReleaseForm key={hold.id} hold={hold} onDone={onClose} />}
  </Modal>
);
