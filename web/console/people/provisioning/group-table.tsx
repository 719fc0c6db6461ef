/** The directory's groups, each with the role and department that its members get. */
import { NativeSelect, Group as Row } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { listUsers } from '../../../../src/contract/people.ts';
import { type Role, roles } from '../../../../src/contract/permissions.ts';
import { mapProvisionedGroup, readProvisioning } from '../../../../src/contract/provisioning.ts';
import { call } from '../../../shared/client.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';
import { departmentChoices } from '../department-choices.ts';
import { type Department, roleNames } from '../words.ts';
import type { Group } from './words.ts';

const columns = [
  { label: 'Group' },
  { label: 'Members', isNumber: true, isExtra: true },
  { label: 'Role and department' },
];

const roleData = [
  { value: '', label: 'None of its own' },
  ...(Object.keys(roles) as Role[]).map((role) => ({ value: role, label: roleNames[role] })),
];

interface GroupTableProps {
  readonly groups: readonly Group[];
  readonly departments: readonly Department[];
}

export function GroupTable({ groups, departments }: GroupTableProps) {
  const map = useMutation({
    mutationFn: ({ id, role, departmentId }: Pick<Group, 'id' | 'role' | 'departmentId'>) =>
      call(mapProvisionedGroup, { params: { id }, body: { role, departmentId } }),
    onSettled: () =>
      Promise.all([readProvisioning, listUsers].map(({ name }) => queries.invalidateQueries({ queryKey: [name] }))),
  });
  const departmentData = departmentChoices(departments, 'None of its own');
  return (
    <>
      {map.error !== null && <Failure failure={map.error} />}
      <DataTable caption="Groups" columns={columns}>
        {groups.map((group) => (
          <tr key={group.id}>
            <Cell>
              <strong>{group.name}</strong>
            </Cell>
            <Cell isNumber isExtra>
              {group.members}
            </Cell>
            <Cell>
              <Row gap="xs">
                <NativeSelect
                  size="xs"
                  aria-label={`Role of ${group.name}`}
                  data={roleData}
                  value={group.role ?? ''}
                  disabled={map.isPending}
                  onChange={({ currentTarget: { value } }) =>
                    map.mutate({ ...group, role: value === '' ? null : (value as Role) })
                  }
                />
                <NativeSelect
                  size="xs"
                  maw="18rem"
                  aria-label={`Department of ${group.name}`}
                  data={departmentData}
                  value={group.departmentId ?? ''}
                  disabled={map.isPending}
                  onChange={({ currentTarget: { value } }) =>
                    map.mutate({ ...group, departmentId: value === '' ? null : value })
                  }
                />
              </Row>
            </Cell>
          </tr>
        ))}
      </DataTable>
    </>
  );
}
