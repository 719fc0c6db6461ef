/** What somebody is who is in none of the mapped groups. */
import { Group, NativeSelect } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { changeProvisioning, readProvisioning } from '../../../../src/contract/provisioning.ts';
import { call } from '../../../shared/client.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';
import { roleNames } from '../words.ts';
import { type Settings, withoutGroupNames } from './words.ts';

const fallbackRoles = ['viewer', 'sender', 'compliance', 'admin'] as const;
const roleData = fallbackRoles.map((role) => ({ value: role, label: roleNames[role] }));
const choices = (['default_role', 'deactivate'] as const).map((value) => ({ value, label: withoutGroupNames[value] }));

export function FallbackSection({ settings }: { settings: Settings }) {
  const change = useMutation({
    mutationFn: (body: Partial<Settings>) => call(changeProvisioning, { body }),
    onSettled: () => queries.invalidateQueries({ queryKey: [readProvisioning.name] }),
  });
  return (
    <Section
      title="Without a group"
      about="New users have the role below until a group gives them another. It holds for what comes, not for who is there. Only a group that an owner mapped makes owners."
    >
      <Group align="flex-end">
        <NativeSelect
          label="Who leaves the last mapped group"
          data={choices}
          value={settings.withoutGroup}
          disabled={change.isPending}
          onChange={({ currentTarget: { value } }) =>
            change.mutate({ withoutGroup: value as Settings['withoutGroup'] })
          }
        />
        <NativeSelect
          label="Role without a group"
          data={roleData}
          value={settings.defaultRole}
          disabled={change.isPending}
          onChange={({ currentTarget: { value } }) => change.mutate({ defaultRole: value as Settings['defaultRole'] })}
        />
      </Group>
      {change.error !== null && <Failure failure={change.error} />}
    </Section>
  );
}
