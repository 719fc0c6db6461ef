/** Asks why and for how long, then opens emergency access for this session. */
import { Alert, Button, Modal, NativeSelect, Stack, Text, Textarea } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type EmergencyCategory, openEmergencyAccess } from '../../../../src/contract/emergency.ts';
import { type CallInput, call } from '../../../shared/client.ts';
import { plural } from '../../../shared/format.ts';
import { Failure } from '../../elements/states.tsx';
import { DraftNote, useDraft } from '../../elements/use-draft.tsx';
import { queries } from '../../queries.ts';
import { categoryNames } from './words.ts';

const lengths = [15, 30, 60, 120, 240];
const shortestReason = 10;

const lengthChoices = (maxMinutes: number) =>
  [...new Set([...lengths.filter((one) => one < maxMinutes), maxMinutes])].map((one) => ({
    value: String(one),
    label: one % 60 === 0 ? plural(one / 60, 'hour') : plural(one, 'minute'),
  }));

const categoryChoices = Object.entries(categoryNames).map(([value, label]) => ({ value, label }));

interface OpeningProps {
  readonly isOpen: boolean;
  readonly maxMinutes: number;
  onClose(): void;
  onOpened(): void;
}

function OpeningForm({ maxMinutes, onOpened }: Pick<OpeningProps, 'maxMinutes' | 'onOpened'>) {
  const [fault, setFault] = useState<string | null>(null);
  const draft = useDraft('emergency');
  const open = useMutation({
    mutationFn: (body: CallInput<typeof openEmergencyAccess>['body']) => call(openEmergencyAccess, { body }),
    onSuccess: async () => {
      draft.forget();
      await queries.invalidateQueries();
      onOpened();
    },
    gcTime: 0,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string): string => String(data.get(name) ?? '').trim();
    const isTooShort = text('reason').length < shortestReason;
    setFault(isTooShort ? `Say it in at least ${shortestReason} characters.` : null);
    if (isTooShort) return;
    const category = text('category') as EmergencyCategory;
    open.mutate({ category, reason: text('reason'), minutes: Number(text('minutes')) });
  };
  return (
    <form onSubmit={submit} noValidate ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <Alert variant="default" icon={<IconAlertTriangle aria-hidden />} title="Everybody who answers for it is told">
          For a while you may read messages, recipients, events and reports of the whole organisation. All of it is
          written down, and somebody else says afterwards whether it was justified.
        </Alert>
        <NativeSelect name="category" label="Why" data={categoryChoices} />
        <Textarea
          name="reason"
          label="In your words"
          description="Only reviewers read this. It may name a patient."
          error={fault}
          required
          maxLength={2000}
          minRows={3}
          autosize
          data-autofocus
        />
        <NativeSelect
          name="minutes"
          label="For how long"
          data={lengthChoices(maxMinutes)}
          defaultValue={String(Math.min(60, maxMinutes))}
        />
        <Text size="xs" c="dimmed">
          It holds for this session only, and you can end it earlier.
        </Text>
        {open.error !== null && <Failure failure={open.error} />}
        <Button type="submit" loading={open.isPending}>
          Open emergency access
        </Button>
      </Stack>
    </form>
  );
}

export const OpeningDialog = ({ isOpen, onClose, ...form }: OpeningProps) => (
  <Modal
    opened={isOpen}
    onClose={onClose}
    title="Emergency access"
    size="lg"
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    <OpeningForm {...form} />
  </Modal>
);
