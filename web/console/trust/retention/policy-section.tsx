/** How long messages are kept: what holds now, and a form whose choice is shown before it is taken. */
import { Alert, Button, Group, List, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import {
  changeRetention,
  previewRetention,
  type Retention,
  type RetentionPolicy,
  readRetention,
} from '../../../../src/contract/retention.ts';
import { call } from '../../../shared/client.ts';
import { dayOfMoment, moment, plural } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from './retention-page.module.css';
import { hourWords, policyWords } from './words.ts';

type Preview = Awaited<ReturnType<typeof call<typeof previewRetention>>>;

interface Seen {
  readonly policy: RetentionPolicy;
  readonly preview: Preview;
}

const most = 36_500;

/** Undefined: it is no number of days. */
function daysIn(data: FormData, name: string): number | null | undefined {
  const text = String(data.get(name) ?? '').trim();
  if (text === '') return null;
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= most ? Number(text) : undefined;
}

function lastRunWords({ lastRun, nextRunAt }: Retention, timeZone: string): string {
  const next = nextRunAt === null ? 'No run is planned.' : `The next run begins ${moment(nextRunAt, timeZone)}.`;
  if (lastRun === null) return next;
  const done = `${plural(lastRun.erased, 'message')} erased`;
  const kept = lastRun.keptByHolds ? `, ${plural(lastRun.keptByHolds, 'message')} kept by legal holds` : '';
  if (lastRun.how === 'running')
    return `A run is under way: ${done} of ${plural(lastRun.expected, 'message')}. ${next}`;
  const when = moment(lastRun.startedAt, timeZone);
  const stopped = lastRun.how === 'stopped' ? ' It stopped, because the times were changed.' : '';
  return `Last run ${when}: ${done}${kept}.${stopped} ${next}`;
}

interface ConfirmProps {
  readonly seen: Seen | null;
  readonly timeZone: string;
  onDone(): void;
}

function Consequences({ seen: { policy, preview }, timeZone }: { seen: Seen; timeZone: string }) {
  if (policy.messageDays === null)
    return <Text>Messages will be kept for good. What was erased already does not come back.</Text>;
  return (
    <>
      <Text>
        Messages older than {plural(policy.messageDays, 'day')} will be erased, every day at {hourWords(policy.hour)}:
        content, subject, addresses. It cannot be undone. What was counted stays in reports.
      </Text>
      <List>
        <List.Item>
          <strong>{plural(preview.dueNow, 'message')}</strong> would be erased in the next run.
        </List.Item>
        <List.Item>{plural(preview.dueIn30Days, 'message')} more within 30 days.</List.Item>
        <List.Item>{plural(preview.keptByHolds, 'message')} kept by legal holds.</List.Item>
        {preview.oldest !== null && (
          <List.Item>The oldest message is of {dayOfMoment(preview.oldest, timeZone)}.</List.Item>
        )}
      </List>
    </>
  );
}

function Confirm({ seen, timeZone, onDone }: ConfirmProps) {
  const change = useMutation({
    mutationFn: ({ policy, preview }: Seen) =>
      call(changeRetention, { body: { ...policy, acknowledgedMessages: preview.dueNow } }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: [readRetention.name] });
      onDone();
    },
  });
  return (
    <Modal
      opened={seen !== null}
      onClose={() => {
        change.reset();
        onDone();
      }}
      title="What would happen"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {seen !== null && (
        <Stack>
          <Consequences seen={seen} timeZone={timeZone} />
          {change.error !== null && <Failure failure={change.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onDone} data-autofocus>
              Leave it as it is
            </Button>
            <Button
              {...(seen.preview.dueNow > 0 ? { color: 'wax' } : {})}
              loading={change.isPending}
              onClick={() => change.mutate(seen)}
            >
              Keep it like this from now on
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

const hours = Array.from({ length: 24 }, (_, hour) => ({ value: String(hour), label: hourWords(hour) }));

interface FormProps {
  readonly retention: Retention;
  readonly isBusy: boolean;
  onAsk(policy: RetentionPolicy): void;
}

function PolicyForm({ retention, isBusy, onAsk }: FormProps) {
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const [messageDays, eventDays, minimumDays] = ['messageDays', 'eventDays', 'minimumDays'].map((name) =>
      daysIn(data, name),
    );
    if (messageDays === undefined || eventDays === undefined || minimumDays === undefined)
      return setFault('Give whole days between 1 and 36,500, or leave a field empty.');
    setFault(null);
    onAsk({ messageDays, eventDays, minimumDays, hour: Number(data.get('hour')) });
  };
  const days = { type: 'text', inputMode: 'numeric', autoComplete: 'off', placeholder: 'Never' } as const;
  return (
    <form onSubmit={submit} noValidate>
      <div className={styles.fields}>
        <TextInput
          {...days}
          name="messageDays"
          label="Erase messages after (days)"
          description="Content, subject, addresses and details"
          defaultValue={retention.messageDays ?? ''}
        />
        <TextInput
          {...days}
          name="eventDays"
          label="Let timelines go after (days)"
          description="Whole months, once every account lets them go"
          defaultValue={retention.eventDays ?? ''}
        />
        <TextInput
          {...days}
          name="minimumDays"
          label="Keep everything for at least (days)"
          description="Nobody can erase a message before"
          placeholder="No such time"
          defaultValue={retention.minimumDays ?? ''}
        />
        <NativeSelect
          name="hour"
          label="Time of the daily run"
          description="In the account’s time zone"
          data={hours}
          defaultValue={String(retention.hour)}
        />
      </div>
      {fault !== null && (
        <Text role="alert" size="sm" c="var(--wax)" mt="sm">
          {fault}
        </Text>
      )}
      <Button type="submit" mt="md" loading={isBusy}>
        See what would happen
      </Button>
    </form>
  );
}

export function PolicySection({ retention }: { retention: Retention }) {
  const timeZone = useTimeZone();
  const [seen, setSeen] = useState<Seen | null>(null);
  const ask = useMutation({
    mutationFn: async (policy: RetentionPolicy) => ({
      policy,
      preview: await call(previewRetention, { body: { messageDays: policy.messageDays } }),
    }),
    onSuccess: setSeen,
  });
  return (
    <Section title="How long messages are kept" about={lastRunWords(retention, timeZone)}>
      <Stack gap="md">
        <List size="sm">
          {policyWords(retention).map((one) => (
            <List.Item key={one}>{one}</List.Item>
          ))}
        </List>
        {retention.holdsInForce > 0 && (
          <Alert variant="light" color="gray">
            {retention.holdsInForce === 1
              ? 'A legal hold is in force: what it covers is kept, whatever is chosen here.'
              : `${plural(retention.holdsInForce, 'legal hold')} are in force: what they cover is kept, whatever is chosen here.`}
          </Alert>
        )}
        <PolicyForm
          key={JSON.stringify(retention)}
          retention={retention}
          isBusy={ask.isPending}
          onAsk={(policy) => ask.mutate(policy)}
        />
        {ask.error !== null && <Failure failure={ask.error} />}
      </Stack>
      <Confirm seen={seen} timeZone={timeZone} onDone={() => setSeen(null)} />
    </Section>
  );
}
