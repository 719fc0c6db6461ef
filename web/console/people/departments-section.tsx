/** Departments, a tree, and how long the sessions of their people last without use. */
import { Button, Group, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { createDepartment, deleteDepartment, listDepartments } from '../../../src/contract/people.ts';
import { type CallInput, call } from '../../shared/client.ts';
import { plural } from '../../shared/format.ts';
import { Section } from '../elements/section.tsx';
import { Failure } from '../elements/states.tsx';
import { DraftNote, useDraft } from '../elements/use-draft.tsx';
import { queries } from '../queries.ts';
import { departmentChoices } from './department-choices.ts';
import styles from './people-page.module.css';
import { PoliciesDialog } from './policies-dialog.tsx';
import { type Department, inTreeOrder, pathOf } from './words.ts';

const onSuccess = () => queries.invalidateQueries({ queryKey: [listDepartments.name] });

export function DepartmentsSection({ departments }: { departments: readonly Department[] }) {
  const draft = useDraft('department');
  const [opened, setOpened] = useState<string | null>(null);
  const create = useMutation({
    mutationFn: (body: CallInput<typeof createDepartment>['body']) => call(createDepartment, { body }),
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: (id: string) => call(deleteDepartment, { params: { id } }),
    onSuccess,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = (name: string): string => String(new FormData(form).get(name) ?? '').trim();
    const wish = {
      name: text('name'),
      parentId: text('parent') === '' ? null : text('parent'),
      idleMinutes: text('idle') === '' ? null : Number(text('idle')),
    };
    const done = () => {
      draft.forget();
      form.reset();
    };
    create.mutate(wish, { onSuccess: done });
  };
  const failure = create.error ?? remove.error;
  return (
    <Section
      title="Departments"
      about="A console that nobody uses closes by itself: after half an hour, or sooner where a department says so. What a department says holds for all below it. Mail that belongs to a department keeps its policies."
    >
      <ul className={styles.list}>
        {inTreeOrder(departments).map(({ id, idleMinutes }) => (
          <li key={id} className={styles.row}>
            <div className={styles.name}>
              <strong>{pathOf(id, departments)}</strong>
              {idleMinutes !== null && <span>Closes after {plural(idleMinutes, 'minute')} without use</span>}
            </div>
            <Group gap="xs">
              <Button
                size="xs"
                variant="default"
                aria-label={`Policies of ${pathOf(id, departments)}`}
                onClick={() => setOpened(id)}
              >
                Policies
              </Button>
              <Button
                size="xs"
                variant="default"
                aria-label={`Delete ${pathOf(id, departments)}`}
                onClick={() => remove.mutate(id)}
              >
                Delete
              </Button>
            </Group>
          </li>
        ))}
      </ul>
      <DraftNote draft={draft} />
      <form className={styles.form} onSubmit={submit} ref={draft.ref}>
        <TextInput name="name" label="New department" required maxLength={100} />
        {departments.length > 0 && <NativeSelect name="parent" label="Below" data={departmentChoices(departments)} />}
        <NumberInput
          key={departments.length}
          name="idle"
          label="Closes after minutes"
          min={1}
          max={1440}
          w="11rem"
          allowDecimal={false}
        />
        <Button type="submit" variant="default" loading={create.isPending}>
          Add
        </Button>
      </form>
      {failure !== null && <Failure failure={failure} />}
      <PoliciesDialog
        department={departments.find(({ id }) => id === opened) ?? null}
        departments={departments}
        onClose={() => setOpened(null)}
      />
    </Section>
  );
}
