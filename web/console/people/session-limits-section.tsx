/** How long consoles stay open: per role, and shorter where a department says so. */
import { Button, NumberInput, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useId } from 'react';
import {
  changeDepartment,
  changeSessionLimits,
  listDepartments,
  readSessionLimits,
} from '../../../src/contract/people.ts';
import type { Role } from '../../../src/contract/permissions.ts';
import { type CallInput, call } from '../../shared/client.ts';
import { Section } from '../elements/section.tsx';
import { Answered, Failure } from '../elements/states.tsx';
import { queries, useCall } from '../queries.ts';
import styles from './session-limits-section.module.css';
import { type Department, inTreeOrder, pathOf, roleNames } from './words.ts';

interface LimitsRowProps {
  readonly name: string;
  readonly idleMinutes: number | null;
  readonly absoluteMinutes: number | null;
  readonly isOptional: boolean;
  readonly isPending: boolean;
  readonly isSaved: boolean;
  readonly failure: Error | null;
  onSave(limits: { idleMinutes: number | null; absoluteMinutes: number | null }): void;
}

const numberIn = (data: FormData, name: string): number | null => {
  const text = String(data.get(name) ?? '').trim();
  return text === '' ? null : Number(text);
};

function LimitsRow({ name, isOptional, isPending, isSaved, failure, onSave, ...limits }: LimitsRowProps) {
  const nameId = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    onSave({ idleMinutes: numberIn(data, 'idle'), absoluteMinutes: numberIn(data, 'absolute') });
  };
  const shared = {
    min: 1,
    allowDecimal: false,
    required: !isOptional,
    withAsterisk: false,
    hideControls: true,
  } as const;
  return (
    <form className={styles.row} onSubmit={submit} aria-labelledby={nameId}>
      <strong id={nameId}>{name}</strong>
      <NumberInput {...shared} name="idle" label="Unused, minutes" max={1440} defaultValue={limits.idleMinutes ?? ''} />
      <NumberInput
        {...shared}
        name="absolute"
        label="In all, minutes"
        max={10_080}
        defaultValue={limits.absoluteMinutes ?? ''}
      />
      <Button type="submit" variant="default" loading={isPending} aria-label={`Set the limits of ${name}`}>
        Set
      </Button>
      <Text size="sm" role="status">
        {isSaved && 'Saved'}
      </Text>
      {failure !== null && (
        <div className={styles.failure}>
          <Failure failure={failure} />
        </div>
      )}
    </form>
  );
}

function RoleRow({ role, ...limits }: { role: Role; idleMinutes: number; absoluteMinutes: number }) {
  const save = useMutation({
    mutationFn: (body: CallInput<typeof changeSessionLimits>['body']) => call(changeSessionLimits, { body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [readSessionLimits.name] }),
  });
  return (
    <LimitsRow
      {...limits}
      name={roleNames[role]}
      isOptional={false}
      isPending={save.isPending}
      isSaved={save.isSuccess}
      failure={save.error}
      onSave={({ idleMinutes, absoluteMinutes }) =>
        save.mutate({
          role,
          idleMinutes: idleMinutes ?? limits.idleMinutes,
          absoluteMinutes: absoluteMinutes ?? limits.absoluteMinutes,
        })
      }
    />
  );
}

function DepartmentRow({ department, name }: { department: Department; name: string }) {
  const save = useMutation({
    mutationFn: (body: { idleMinutes: number | null; absoluteMinutes: number | null }) =>
      call(changeDepartment, { params: { id: department.id }, body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [listDepartments.name] }),
  });
  return (
    <LimitsRow
      name={name}
      idleMinutes={department.idleMinutes}
      absoluteMinutes={department.absoluteMinutes}
      isOptional
      isPending={save.isPending}
      isSaved={save.isSuccess}
      failure={save.error}
      onSave={save.mutate}
    />
  );
}

export function SessionLimitsSection({ departments }: { departments: readonly Department[] }) {
  const answer = useCall(readSessionLimits, {});
  return (
    <Section
      title="Session limits"
      about="A console that nobody uses closes by itself, and every sign-in ends after a time. What is typed into a form is kept for its user. The strictest of role, department and all departments above holds, at once, in open sessions too."
    >
      <h3 className={styles.heading}>Per role</h3>
      <Answered answer={answer} label="Loading the limits" rows={5}>
        {({ limits }) => (
          <div className={styles.rows}>
            {limits.map((one) => (
              <RoleRow key={one.role} {...one} />
            ))}
          </div>
        )}
      </Answered>
      {departments.length > 0 && (
        <>
          <h3 className={styles.heading}>Per department</h3>
          <Text size="sm" c="dimmed">
            Where strangers pass by, be strict: a screen in an exam room should close after 5 minutes. Empty: as the
            role and the departments above say.
          </Text>
          <div className={styles.rows}>
            {inTreeOrder(departments).map((one) => (
              <DepartmentRow key={one.id} department={one} name={pathOf(one.id, departments)} />
            ))}
          </div>
        </>
      )}
    </Section>
  );
}
