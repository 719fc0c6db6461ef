/** From which address alerts are mailed. Without one the console says that nobody is mailed. */
import { Button, Group, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import { readSession } from '../../../../src/contract/access.ts';
import { type alertSettings, changeAlertSettings, readAlertSettings } from '../../../../src/contract/alerts.ts';
import { call } from '../../../shared/client.ts';
import { moment } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { queries, useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';

type Settings = z.infer<typeof alertSettings>;

function State({ settings }: { settings: Settings }) {
  const timeZone = useTimeZone();
  const { alertFrom, lastTrouble } = settings;
  return (
    <>
      <Text size="sm" role="status">
        {alertFrom === null
          ? 'Nobody is mailed: alerts show here only.'
          : 'Owners, compliance and whoever an alert is about are mailed, in words that name nobody.'}
      </Text>
      {lastTrouble !== null && (
        <Text size="sm" c="var(--wax)">
          The mail of {moment(lastTrouble.at, timeZone)} was not accepted ({lastTrouble.code}). It is tried again for a
          day.
        </Text>
      )}
    </>
  );
}

function MailForm({ settings, mayChange }: { settings: Settings; mayChange: boolean }) {
  const [fault, setFault] = useState<string | null>(null);
  const change = useMutation({
    mutationFn: (body: z.input<typeof changeAlertSettings.body>) => call(changeAlertSettings, { body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [readAlertSettings.name] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const from = String(data.get('from') ?? '').trim();
    const isWrong = from !== '' && !/^\S+@\S+\.\S+$/.test(from);
    setFault(isWrong ? 'That is not an address.' : null);
    if (isWrong) return;
    change.mutate({ alertFrom: from === '' ? null : from, maxPerHour: Number(data.get('most')) });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <State settings={settings} />
        <TextInput
          name="from"
          type="email"
          label="Alerts come from"
          description="An address that your organisation may send from. Empty: no mails."
          defaultValue={settings.alertFrom ?? ''}
          error={fault}
          maxLength={254}
          maw="26rem"
          disabled={!mayChange}
        />
        <NumberInput
          name="most"
          label="Mails to one person within an hour"
          description="What is beyond comes in one summary."
          defaultValue={settings.maxPerHour}
          min={1}
          max={100}
          allowDecimal={false}
          maw="17.5rem"
          disabled={!mayChange}
        />
        {change.error !== null && <Failure failure={change.error} />}
        {mayChange && (
          <Group>
            <Button type="submit" variant="default" loading={change.isPending}>
              Save
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {change.isSuccess && 'Saved.'}
            </Text>
          </Group>
        )}
      </Stack>
    </form>
  );
}

export function MailSection() {
  const answer = useCall(readAlertSettings, {});
  const mayChange = useCall(readSession, {}).data?.permissions.includes('settings.change') ?? false;
  return (
    <Section title="By mail">
      <Answered answer={answer} label="Loading the settings" rows={2}>
        {(settings) => <MailForm settings={settings} mayChange={mayChange} />}
      </Answered>
    </Section>
  );
}
