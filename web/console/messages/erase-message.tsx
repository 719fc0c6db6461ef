/** Erases a message once its word has been typed: it cannot be undone. Ends with the certificate. */
import { Button, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { Failure } from '../elements/states.tsx';
import { Certificate } from './certificate.tsx';
import { useErase } from './use-erase.ts';

const word = 'ERASE';

type Erase = ReturnType<typeof useErase>;

const What = () => (
  <>
    <div>
      <Text fw={600}>What goes, for good</Text>
      <List size="sm" mt={4}>
        <List.Item>Subject, sender, content, links and attachments</List.Item>
        <List.Item>The addresses of its recipients, and what receiving servers said</List.Item>
        <List.Item>Network addresses and programs of its opens and clicks</List.Item>
        <List.Item>Copies that still wait to be sent</List.Item>
      </List>
    </div>
    <div>
      <Text fw={600}>What stays</Text>
      <List size="sm" mt={4}>
        <List.Item>What was counted: reports and rates do not change</List.Item>
        <List.Item>That it was sent and erased, when and by whom, in the audit log</List.Item>
        <List.Item>What was delivered, in the recipients’ mailboxes, and older backups of the database</List.Item>
      </List>
    </div>
  </>
);

function Ask({ erase, onClose }: { erase: Erase; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const isMeant = typed.trim().toUpperCase() === word;
    setFault(isMeant ? null : `Type ${word} to show that you mean it.`);
    if (isMeant) erase.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <What />
        <TextInput
          label={
            <>
              Type <strong>{word}</strong> to erase this message
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          error={fault}
        />
        {erase.error !== null && <Failure failure={erase.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button type="submit" color="wax" loading={erase.isPending}>
            Erase the message
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function EraseMessage({ message }: { message: { readonly id: string; readonly erased: boolean } }) {
  const erase = useErase(message.id);
  const [isOpen, setOpen] = useState(false);
  const close = () => {
    if (erase.isPending) return;
    setOpen(false);
    if (erase.data !== undefined) document.getElementById('main')?.focus(); // the button that led here is gone
    erase.reset();
  };
  const certificate = erase.data?.certificate;
  return (
    <>
      {!message.erased && (
        <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setOpen(true)}>
          Erase
        </Button>
      )}
      <Modal
        opened={isOpen}
        onClose={close}
        size="lg"
        title={certificate === undefined ? 'Erase this message?' : 'The message is erased'}
        closeOnClickOutside={certificate === undefined}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {certificate === undefined ? (
          <Ask erase={erase} onClose={close} />
        ) : (
          <Stack>
            <Text role="status">Keep this certificate: it proves to others what was erased and when.</Text>
            <Certificate certificate={certificate} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Done
              </Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </>
  );
}
