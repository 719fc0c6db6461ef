/** What a department decides for its mail: its own choice, what it would inherit from where, and what holds. */
import { Button, Modal, NativeSelect, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import {
  changeDepartmentSettings,
  type DepartmentSettings,
  readDepartmentSettings,
} from '../../../src/contract/departments.ts';
import { type CallInput, call } from '../../shared/client.ts';
import { Answered, Failure } from '../elements/states.tsx';
import { DraftNote, useDraft } from '../elements/use-draft.tsx';
import { queries, useCall } from '../queries.ts';
import { ownValue, type PolicyName, policyNames, policyWords, valueWords } from './policy-words.ts';
import { type Department, pathOf } from './words.ts';

type Wish = NonNullable<CallInput<typeof changeDepartmentSettings>['body']>;

interface FieldProps {
  readonly name: PolicyName;
  readonly settings: DepartmentSettings;
  whence(from: string | null): string;
}

function PolicyField({ name, settings, whence }: FieldProps) {
  const { about, values, ...words } = policyWords[name];
  const { own, inherited, effective } = settings;
  const inherits = `Inherits: ${valueWords(name, inherited[name].value)}, from ${whence(inherited[name].from)}.`;
  const isOverruled = own[name] !== null && own[name] !== effective[name].value;
  const overruled = `Holds nevertheless: ${valueWords(name, effective[name].value)}, from ${whence(effective[name].from)}`;
  return (
    <NativeSelect
      name={name}
      label={words.name}
      description={`${isOverruled ? `${overruled}.` : inherits} ${about}`}
      data={[
        { value: '', label: 'As inherited' },
        ...Object.entries(values).map(([value, label]) => ({ value, label })),
      ]}
      defaultValue={own[name] === null ? '' : String(own[name])}
    />
  );
}

interface FormProps {
  readonly department: Department;
  readonly departments: readonly Department[];
  readonly settings: DepartmentSettings;
  onDone(): void;
}

function PoliciesForm({ department, departments, settings, onDone }: FormProps) {
  const draft = useDraft(`policies-${department.id}`);
  const change = useMutation({
    mutationFn: (body: Wish) => call(changeDepartmentSettings, { params: { id: department.id }, body }),
    onSuccess: () => {
      draft.forget();
      void queries.invalidateQueries({ queryKey: [readDepartmentSettings.name] });
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    change.mutate(
      Object.fromEntries(policyNames.map((name) => [name, ownValue(String(data.get(name) ?? ''))])) as Wish,
    );
  };
  const whence = (from: string | null): string =>
    from === null ? 'the organisation' : from === department.id ? 'here' : pathOf(from, departments);
  return (
    <form onSubmit={submit} ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <Text size="sm" c="dimmed">
          Holds for mail of {pathOf(department.id, departments)} and of every department below it, from now on.
        </Text>
        {policyNames.map((name) => (
          <PolicyField key={name} name={name} settings={settings} whence={whence} />
        ))}
        {change.error !== null && <Failure failure={change.error} />}
        <Button type="submit" loading={change.isPending}>
          Save
        </Button>
      </Stack>
    </form>
  );
}

function Policies({ department, departments, onDone }: Omit<FormProps, 'settings'>) {
  const answer = useCall(readDepartmentSettings, { params: { id: department.id } });
  return (
    <Answered answer={answer} label="Loading the policies">
      {(settings) => (
        <PoliciesForm department={department} departments={departments} settings={settings} onDone={onDone} />
      )}
    </Answered>
  );
}

interface PoliciesDialogProps {
  readonly department: Department | null;
  readonly departments: readonly Department[];
  onClose(): void;
}

export const PoliciesDialog = ({ department, departments, onClose }: PoliciesDialogProps) => (
  <Modal
    opened={department !== null}
    onClose={onClose}
    title={department === null ? '' : `Policies of ${department.name}`}
    size="lg"
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    {department !== null && <Policies department={department} departments={departments} onDone={onClose} />}
  </Modal>
);
