/** Lets mail to one recipient go with less protection than the policy asks: how little, why, and for how long. */
import { Button, Group, Modal, NativeSelect, Radio, Stack, Text, Textarea } from '@mantine/core';
import { IconLockOpen } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { listMessageEvents, readMessage } from '../../../src/contract/messages.ts';
import { readReceipt, releaseTransport } from '../../../src/contract/transport.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { DraftNote, useDraft } from '../elements/use-draft.tsx';
import { queries } from '../queries.ts';
import { useMay } from '../use-may.ts';
import { isKeptBack, type Receipt } from './travel-words.ts';

const changed: readonly unknown[] = [readReceipt.name, readMessage.name, listMessageEvents.name];
const refresh = () => queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => changed.includes(name) });

const howLittle = [
  {
    value: 'opportunistic',
    label: 'Encrypted, to a server that need not prove its name',
    about: 'Somebody who pretends to be the recipient’s server could read it. In clear text it does not go.',
  },
  {
    value: 'plain',
    label: 'Unencrypted, where the server offers nothing better',
    about: 'Whoever stands on the way can read the whole message.',
  },
] as const;

const times = [
  { value: '1', label: 'One hour' },
  { value: '24', label: 'One day' },
  { value: '120', label: 'Five days' },
];

function ReleaseForm({ receipt, onDone }: { receipt: Receipt; onDone: () => void }) {
  const draft = useDraft(`transport-release-${receipt.recipient}`);
  const release = useMutation({
    mutationFn: (data: FormData) =>
      call(releaseTransport, {
        params: { id: receipt.message, recipientId: receipt.recipient },
        body: {
          transport: data.get('transport') === 'plain' ? 'plain' : 'opportunistic',
          reason: String(data.get('reason')),
          hours: Number(data.get('hours')),
        },
      }),
    onSuccess: () => {
      draft.forget();
      void refresh();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    release.mutate(new FormData(event.currentTarget));
  };
  return (
    <form onSubmit={submit} ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <Text>
          This concerns this one recipient only. It is tried again at once, and the policy holds again when the copy was
          taken or the time is over. Who released it and why stands in the receipt; that it was done, in the audit log.
        </Text>
        <Radio.Group name="transport" label="The least protection it may go with" defaultValue="opportunistic">
          <Stack gap="xs" mt="xs">
            {howLittle.map(({ value, label, about }) => (
              <Radio key={value} value={value} label={label} description={about} />
            ))}
          </Stack>
        </Radio.Group>
        <NativeSelect name="hours" label="For" data={times} defaultValue="24" />
        <Textarea
          name="reason"
          label="Reason"
          description="For those who check later, such as: agreed with the practice by telephone."
          maxLength={2000}
          required
          autosize
          minRows={2}
        />
        {release.error !== null && <Failure failure={release.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Keep it back
          </Button>
          <Button type="submit" color="wax" loading={release.isPending}>
            Send with less protection
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Nothing unless the policy keeps the recipient's mail back and whoever looks may release it. */
export function ReleaseTransport({ receipt }: { receipt: Receipt }) {
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  if (!isKeptBack(receipt) || !may({ needs: ['transport.release'], isOfAccount: true })) return null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconLockOpen size={14} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        Send with less protection
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title="Send with less protection?"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {isOpen && <ReleaseForm receipt={receipt} onDone={() => setOpen(false)} />}
      </Modal>
    </>
  );
}
