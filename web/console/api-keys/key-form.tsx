/** What a new key is called, what it may do, until when and from where it is taken. */
import { Button, NativeSelect, Stack, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import type { createApiKey } from '../../../src/contract/access.ts';
import { listDepartments } from '../../../src/contract/people.ts';
import { type Permission, type Role, roles } from '../../../src/contract/permissions.ts';
import { Refusal } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { type Draft, DraftNote } from '../elements/use-draft.tsx';
import { departmentChoices } from '../people/department-choices.ts';
import { useCall } from '../queries.ts';
import styles from './key-form.module.css';
import { endOfDay, networksFrom, roleNames } from './key-words.ts';
import { PermissionChoice } from './permission-choice.tsx';

export type KeyWish = z.input<typeof createApiKey.body>;
type Choice = Role | 'exact';

const choices: { value: Choice; label: string }[] = [
  { value: 'sender', label: roleNames.sender },
  { value: 'viewer', label: roleNames.viewer },
  { value: 'admin', label: roleNames.admin },
  { value: 'compliance', label: roleNames.compliance },
  { value: 'owner', label: roleNames.owner },
  { value: 'exact', label: 'Exactly what I choose' },
];
const isChoice = (value: string): value is Choice => choices.some((choice) => choice.value === value);

interface Faults {
  readonly name?: string;
  readonly permissions?: string;
  readonly expiresAt?: string;
}

const today = (): string => new Date().toISOString().slice(0, 10);

/** What the server found wrong with a field. */
function refusedField(failure: Error | null, field: string): string | undefined {
  const found = failure instanceof Refusal ? failure.fields.filter((fault) => fault.field.startsWith(field)) : [];
  return found.length === 0 ? undefined : found.map((fault) => placeOf(fault.field) + fault.message).join('; ');
}

const placeOf = (field: string): string => {
  const index = /[.[](\d+)/.exec(field)?.[1];
  return index === undefined ? '' : `Entry ${Number(index) + 1}: `;
};

interface KeyFormProps {
  readonly draft: Draft;
  readonly failure: Error | null;
  readonly isPending: boolean;
  onMake(wish: KeyWish): void;
}

export function KeyForm({ draft, failure, isPending, onMake }: KeyFormProps) {
  const [choice, setChoice] = useState<Choice>('sender');
  const [chosen, setChosen] = useState<readonly Permission[]>(roles.sender.permissions);
  const [faults, setFaults] = useState<Faults>({});
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const [name, day, networks] = [text('name'), text('expiresAt'), networksFrom(text('networks'))];
    const found: Faults = {
      ...(name === '' ? { name: 'Give the key a name, so that you know it again.' } : {}),
      ...(choice === 'exact' && chosen.length === 0 ? { permissions: 'Choose at least one.' } : {}),
      ...(day !== '' && day < today() ? { expiresAt: 'This day is over.' } : {}),
    };
    setFaults(found);
    if (Object.keys(found).length > 0) return;
    const [expiresAt, departmentId] = [endOfDay(day), text('department')];
    onMake({
      name,
      ...(choice === 'exact' ? { permissions: [...chosen] } : { role: choice }),
      ...(departmentId === '' ? {} : { departmentId }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(networks.length === 0 ? {} : { allowedNetworks: networks }),
    });
  };
  return (
    <form onSubmit={submit} noValidate ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <TextInput
          name="name"
          label="Name"
          description="Where the key will be used, such as “Appointment reminders”."
          maxLength={100}
          autoComplete="off"
          data-autofocus
          error={faults.name}
        />
        <NativeSelect
          name="choice"
          label="What it may do"
          description={choice === 'exact' ? 'Tick what it may do, and nothing else.' : roles[choice].about}
          data={choices}
          value={choice}
          onChange={({ currentTarget: { value } }) => isChoice(value) && setChoice(value)}
        />
        {choice === 'exact' && <PermissionChoice chosen={chosen} onChange={setChosen} error={faults.permissions} />}
        {departments.length > 0 && (
          <NativeSelect
            name="department"
            label="Department"
            description="It sends as this department, and reaches it and all below it."
            data={departmentChoices(departments, 'As far as you reach yourself')}
          />
        )}
        <div className={styles.limits}>
          <TextInput
            name="expiresAt"
            type="date"
            label="Expires after (optional)"
            description="The end of that day, UTC."
            min={today()}
            error={faults.expiresAt ?? refusedField(failure, 'expiresAt')}
          />
          <Textarea
            name="networks"
            label="Only from these networks (optional)"
            description="Addresses or networks, one a line, such as 192.0.2.0/24."
            autosize
            minRows={2}
            maxRows={6}
            autoComplete="off"
            spellCheck={false}
            error={refusedField(failure, 'allowedNetworks')}
          />
        </div>
        {failure !== null && <Failure failure={failure} />}
        <Button type="submit" loading={isPending}>
          Make the key
        </Button>
      </Stack>
    </form>
  );
}
