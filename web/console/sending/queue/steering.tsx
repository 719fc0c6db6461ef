/** The question before mail is held, released, tried again or taken out, and what came of it. It outlives the row that led to it. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useState } from 'react';
import {
  listQueueRecipients,
  type QueueSelection,
  readQueue,
  readQueueDestination,
} from '../../../../src/contract/queue.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';
import { type Action, actions, isStanding } from './action-words.ts';

export interface Steered {
  readonly action: Action;
  readonly selection: QueueSelection;
  /** As in a sentence: `mail to clinic.example`. */
  readonly name: string;
}

const AskContext = createContext<(steered: Steered) => void>(() => undefined);
export const useSteering = (): ((steered: Steered) => void) => useContext(AskContext);

const shownBy: readonly string[] = [readQueue.name, readQueueDestination.name, listQueueRecipients.name];

function Ask({ action, selection, onClose }: Steered & { readonly onClose: () => void }) {
  const words = actions[action];
  const change = useMutation({
    mutationFn: () => call(words.endpoint, { body: selection }),
    onSuccess: () => queries.invalidateQueries({ predicate: ({ queryKey }) => shownBy.includes(String(queryKey[0])) }),
  });
  if (change.data !== undefined)
    return (
      <Stack>
        <Text role="status">
          {words.done(change.data.recipients, isStanding(selection))}
          {change.data.isMore && ' There are more: do it once again.'}
        </Text>
        <Group justify="flex-end">
          {change.data.isMore && (
            <Button loading={change.isPending} onClick={() => change.mutate()}>
              Once again
            </Button>
          )}
          <Button variant="default" onClick={onClose} autoFocus>
            Done
          </Button>
        </Group>
      </Stack>
    );
  return (
    <Stack>
      <Text>{words.about(isStanding(selection))}</Text>
      {change.error !== null && <Failure failure={change.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Leave it as it is
        </Button>
        <Button
          {...(words.isGrave ? { color: 'wax' } : {})}
          loading={change.isPending}
          onClick={() => change.mutate()}
          data-autofocus
        >
          {words.label}
        </Button>
      </Group>
    </Stack>
  );
}

/** Around a page whose mail can be steered. */
export function Steering({ children }: { readonly children: ReactNode }) {
  const [steered, setSteered] = useState<Steered | null>(null);
  const [isOpen, setOpen] = useState(false);
  const ask = (asked: Steered) => {
    setSteered(asked);
    setOpen(true);
  };
  const close = () => {
    setOpen(false);
    document.getElementById('main')?.focus({ preventScroll: true }); // the row that led here may be gone
  };
  return (
    <AskContext value={ask}>
      {children}
      <Modal
        opened={isOpen}
        onClose={close}
        title={steered === null ? '' : actions[steered.action].title(steered.name)}
        closeButtonProps={{ 'aria-label': 'Close' }}
        returnFocus={false}
      >
        {steered !== null && <Ask {...steered} onClose={close} />}
      </Modal>
    </AskContext>
  );
}
