/** Which roles may open emergency access, and for how long at most. */
import { Checkbox, Group, NativeSelect, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { z } from 'zod';
import { readSession } from '../../../../src/contract/access.ts';
import {
  changeEmergencySettings,
  type EmergencySettings,
  readEmergencySettings,
} from '../../../../src/contract/emergency.ts';
import type { Role } from '../../../../src/contract/permissions.ts';
import { call } from '../../../shared/client.ts';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { roleNames } from '../../people/words.ts';
import { queries, useCall } from '../../queries.ts';

const lengthChoices = [
  { value: '15', label: '15 minutes' },
  { value: '30', label: '30 minutes' },
  { value: '60', label: '1 hour' },
  { value: '120', label: '2 hours' },
  { value: '240', label: '4 hours' },
];

const choicesWith = (minutes: number) =>
  lengthChoices.some(({ value }) => value === String(minutes))
    ? lengthChoices
    : [...lengthChoices, { value: String(minutes), label: `${minutes} minutes` }];

interface FormProps {
  readonly settings: EmergencySettings;
  readonly mayChange: boolean;
}

function SettingsForm({ settings, mayChange }: FormProps) {
  const change = useMutation({
    mutationFn: (body: z.input<typeof changeEmergencySettings.body>) => call(changeEmergencySettings, { body }),
    onSuccess: () => queries.invalidateQueries(),
  });
  const shown = { ...settings, ...change.variables };
  const now = change.isPending ? shown : settings;
  return (
    <Stack>
      <Checkbox.Group
        label="May open it"
        description="None: emergency access is turned off."
        value={[...(now.openers ?? [])]}
        onChange={(openers) => change.mutate({ openers: openers as Role[] })}
      >
        <Group mt="xs">
          {(Object.keys(roleNames) as Role[]).map((role) => (
            <Checkbox key={role} value={role} label={roleNames[role]} disabled={!mayChange || change.isPending} />
          ))}
        </Group>
      </Checkbox.Group>
      <NativeSelect
        label="At most for"
        maw="17.5rem"
        data={choicesWith(now.maxMinutes ?? settings.maxMinutes)}
        value={String(now.maxMinutes)}
        disabled={!mayChange || change.isPending}
        onChange={({ currentTarget }) => change.mutate({ maxMinutes: Number(currentTarget.value) })}
      />
      {change.error !== null && <Failure failure={change.error} />}
    </Stack>
  );
}

export function EmergencySettingsSection() {
  const answer = useCall(readEmergencySettings, {});
  const mayChange = useCall(readSession, {}).data?.permissions.includes('settings.change') ?? false;
  return (
    <Section title="Who may open it" about="What is open stays open until it ends.">
      <Answered answer={answer} label="Loading the settings" rows={2}>
        {(settings) => <SettingsForm settings={settings} mayChange={mayChange} />}
      </Answered>
    </Section>
  );
}
