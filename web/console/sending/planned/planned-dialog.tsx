/** The question before planned mail is moved, sent at once or cancelled, and what came of it. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { listPlanned, type PlannedBody, planAnew } from '../../../../src/contract/planned.ts';
import { cancelQueue } from '../../../../src/contract/queue.ts';
import { call } from '../../../shared/client.ts';
import { moment, plural } from '../../../shared/format.ts';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { nameOf, type PlannedAction } from './words.ts';
import { momentOfWall, wallTime } from './zoned-time.ts';

export interface PlannedQuestion {
  readonly action: PlannedAction;
  readonly planned: PlannedBody;
}

const titles: Readonly<Record<PlannedAction, string>> = {
  move: 'Move it to another time?',
  now: 'Send it now?',
  cancel: 'Cancel it for good?',
};
const labels: Readonly<Record<PlannedAction, string>> = {
  move: 'Move it',
  now: 'Send it now',
  cancel: 'Cancel it for good',
};
const aheadMaxMs = 30 * 86_400_000;

/** Gives what came of it, in words. */
async function act({ action, planned }: PlannedQuestion, at: Date | null, timeZone: string): Promise<string> {
  const { id } = planned;
  if (action === 'cancel') {
    let cancelled = 0;
    for (let isMore = true; isMore; ) {
      const { recipients, isMore: more } = await call(cancelQueue, { body: { messageId: id } });
      cancelled += recipients;
      isMore = more && recipients > 0;
    }
    return cancelled === 0 ? 'Nothing waited any more.' : `Cancelled for ${plural(cancelled, 'recipient')}.`;
  }
  const sendAt = action === 'now' || at === null ? null : at.toISOString();
  const moved = await call(planAnew, { params: { id }, body: { sendAt } });
  return moved.sendAt === null
    ? `On its way to ${plural(moved.recipients, 'recipient')}.`
    : `It goes out ${moment(moved.sendAt, timeZone)}, to ${plural(moved.recipients, 'recipient')}.`;
}

function whyNot(at: Date | null, now: Date): string | null {
  if (at === null) return 'Give a day and time that the clock shows: one hour in spring is skipped.';
  if (at <= now) return 'This time has passed. To send it at once, choose “Send now”.';
  return at.getTime() - now.getTime() > aheadMaxMs ? 'At most 30 days ahead.' : null;
}

const about = ({ action, planned }: PlannedQuestion, timeZone: string): string => {
  const to = plural(planned.recipients, 'recipient');
  const when = moment(planned.sendAt, timeZone);
  if (action === 'move') return `It is planned for ${when} and goes to ${to}. All of them get it at the new time.`;
  if (action === 'now')
    return `It is planned for ${when}. Now, ${to} get it as soon as the queue comes to it, and nobody can stop it then for sure.`;
  return `It is planned for ${when}. Its ${to} never get it: they count as dropped, and their timelines say why. This cannot be undone.`;
};

function Ask({ question, onClose }: { readonly question: PlannedQuestion; readonly onClose: () => void }) {
  const timeZone = useTimeZone();
  const [wall, setWall] = useState(() => wallTime(new Date(question.planned.sendAt), timeZone));
  const [fault, setFault] = useState<string | null>(null);
  const change = useMutation({
    mutationFn: (at: Date | null) => act(question, at, timeZone),
    onSettled: () => queries.invalidateQueries({ queryKey: [listPlanned.name] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const at = question.action === 'move' ? momentOfWall(wall, timeZone) : null;
    const found = question.action === 'move' ? whyNot(at, new Date()) : null;
    setFault(found);
    if (found === null) change.mutate(at);
  };
  if (change.data !== undefined)
    return (
      <Stack>
        <Text role="status">{change.data}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} autoFocus>
            Done
          </Button>
        </Group>
      </Stack>
    );
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {nameOf(question.planned)}
        </Text>
        <Text>{about(question, timeZone)}</Text>
        {question.action === 'move' && (
          <TextInput
            type="datetime-local"
            label="New time"
            description={`By the clock of ${timeZone.replaceAll('_', ' ')}, up to 30 days ahead.`}
            value={wall}
            onChange={(event) => {
              setWall(event.currentTarget.value);
              setFault(null);
            }}
            error={fault}
            data-autofocus
          />
        )}
        {change.error !== null && <Failure failure={change.error} />}
        <Group justify="flex-end">
          <Button
            variant="default"
            onClick={onClose}
            {...(question.action === 'move' ? {} : { 'data-autofocus': true })}
          >
            Leave it as it is
          </Button>
          <Button type="submit" loading={change.isPending} {...(question.action === 'cancel' ? { color: 'wax' } : {})}>
            {labels[question.action]}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The row that led here may be gone when it closes. */
export function PlannedDialog({ question, onClose }: { question: PlannedQuestion | null; onClose: () => void }) {
  const shown = useRef(question);
  if (question !== null) shown.current = question;
  const close = () => {
    onClose();
    document.getElementById('main')?.focus({ preventScroll: true });
  };
  return (
    <Modal
      opened={question !== null}
      onClose={close}
      title={shown.current === null ? '' : titles[shown.current.action]}
      closeButtonProps={{ 'aria-label': 'Close' }}
      returnFocus={false}
    >
      {shown.current !== null && <Ask question={shown.current} onClose={close} />}
    </Modal>
  );
}
