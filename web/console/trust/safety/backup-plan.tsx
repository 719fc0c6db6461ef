/** How often a backup is made by itself, and how long it is kept. */
import { Button, NativeSelect, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import type { z } from 'zod';
import { changeBackupPlan, readBackups } from '../../../../src/contract/upkeep.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';
import styles from './safety.module.css';

type Plan = z.output<typeof changeBackupPlan.result>;

const often = new Map<number | null, string>([
  [null, 'Not by itself'],
  [1, 'Every hour'],
  [6, 'Every 6 hours'],
  [24, 'Every day'],
  [72, 'Every 3 days'],
]);
const long = new Map<number | null, string>([
  [null, 'For ever'],
  [7, '7 days'],
  [30, '30 days'],
  [90, '90 days'],
  [365, 'A year'],
]);

/** Whatever an API call has set beside these is shown too. */
const choices = (known: ReadonlyMap<number | null, string>, value: number | null, unit: string) => [
  ...[...known].map(([number, label]) => ({ value: String(number ?? ''), label })),
  ...(known.has(value) ? [] : [{ value: String(value), label: `${value} ${unit}` }]),
];

export function BackupPlan({ plan }: { plan: Plan }) {
  const change = useMutation({
    mutationFn: (body: Plan) => call(changeBackupPlan, { body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [readBackups.name] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const number = (name: string) => (data.get(name) === '' ? null : Number(data.get(name)));
    change.mutate({ everyHours: number('every'), keepDays: number('keep') });
  };
  return (
    <div>
      <form className={styles.plan} onSubmit={submit}>
        <NativeSelect
          name="every"
          label="Make one"
          data={choices(often, plan.everyHours, 'hours')}
          defaultValue={String(plan.everyHours ?? '')}
        />
        <NativeSelect
          name="keep"
          label="Keep them"
          data={choices(long, plan.keepDays, 'days')}
          defaultValue={String(plan.keepDays ?? '')}
        />
        <Button type="submit" variant="default" loading={change.isPending}>
          Save the plan
        </Button>
      </form>
      <Text size="sm" role="status">
        {change.isSuccess && 'Saved.'}
      </Text>
      {change.error !== null && <Failure failure={change.error} />}
    </div>
  );
}
