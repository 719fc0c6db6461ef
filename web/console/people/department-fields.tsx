/** Where somebody belongs, and whether their role is about the whole organisation or only about that department and below. */
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { departmentChoices } from './department-choices.ts';
import { type Department, pathOf, type User } from './words.ts';

interface DepartmentFieldsProps {
  readonly departments: readonly Department[];
  readonly departmentId?: string | null;
  readonly reach?: User['reach'];
}

export function DepartmentFields({ departments, departmentId = null, reach = 'account' }: DepartmentFieldsProps) {
  const [chosen, setChosen] = useState(departmentId ?? '');
  if (departments.length === 0) return null;
  return (
    <>
      <NativeSelect
        name="department"
        label="Department"
        data={departmentChoices(departments)}
        value={chosen}
        onChange={({ currentTarget: { value } }) => setChosen(value)}
      />
      {chosen !== '' && (
        <NativeSelect
          name="reach"
          label="The role is about"
          description="Narrowed, they meet only mail, people and keys that belong there."
          data={[
            { value: 'account', label: 'The whole organisation' },
            { value: 'department', label: `Only ${pathOf(chosen, departments)} and below` },
          ]}
          defaultValue={reach}
        />
      )}
    </>
  );
}

/** As the form was sent; without a department the role is about everything. */
export function departmentOf(data: FormData): { departmentId: string | null; reach: User['reach'] } {
  const departmentId = String(data.get('department') ?? '');
  if (departmentId === '') return { departmentId: null, reach: 'account' };
  return { departmentId, reach: data.get('reach') === 'department' ? 'department' : 'account' };
}
