/** Places a legal hold: what it is about, and what it covers. */
import { Button, Group, Modal, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type HoldScope, listHolds, placeHold, readRetention } from '../../../../src/contract/retention.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { DraftNote, useDraft } from '../../elements/use-draft.tsx';
import type { Department } from '../../people/words.ts';
import { queries } from '../../queries.ts';
import styles from './retention-page.module.css';
import { scopeNames } from './words.ts';

export function refreshHolds(): void {
  void queries.invalidateQueries({ queryKey: [listHolds.name] });
  void queries.invalidateQueries({ queryKey: [readRetention.name] });
}

const textOf = (data: FormData, name: string): string => String(data.get(name) ?? '').trim();

/** Whole days of UTC; the last day is covered. */
function boundsOf(data: FormData): { since?: string; until?: string } {
  const [first, last] = [textOf(data, 'since'), textOf(data, 'until')];
  const dayAfter = last === '' ? '' : new Date(Date.parse(`${last}T00:00:00Z`) + 86_400_000).toISOString();
  return { ...(first === '' ? {} : { since: `${first}T00:00:00Z` }), ...(dayAfter === '' ? {} : { until: dayAfter }) };
}

function scopeIn(data: FormData, kind: HoldScope['kind']): HoldScope {
  switch (kind) {
    case 'recipient':
      return { kind, email: textOf(data, 'what'), ...boundsOf(data) };
    case 'campaign':
      return { kind, campaign: textOf(data, 'what'), ...boundsOf(data) };
    case 'message':
      return { kind, messageId: textOf(data, 'what') };
    case 'department':
      return { kind, departmentId: textOf(data, 'what'), ...boundsOf(data) };
    case 'period':
      return { kind, ...boundsOf(data) };
    case 'account':
      return { kind };
  }
}

const whatLabels = { recipient: 'Address', campaign: 'Name of the campaign', message: 'Id of the message' } as const;

function What({ kind, departments }: { kind: HoldScope['kind']; departments: readonly Department[] }) {
  if (kind === 'department')
    return (
      <NativeSelect
        name="what"
        label="Department"
        data={departments.map(({ id, name }) => ({ value: id, label: name }))}
        required
      />
    );
  if (kind === 'period' || kind === 'account') return null;
  return <TextInput key={kind} name="what" label={whatLabels[kind]} autoComplete="off" required />;
}

const kinds = Object.entries(scopeNames).map(([value, label]) => ({ value, label }));

function PlaceForm({ departments, onDone }: { departments: readonly Department[]; onDone: () => void }) {
  const [kind, setKind] = useState<HoldScope['kind']>('recipient');
  const draft = useDraft('hold');
  const place = useMutation({
    mutationFn: (data: FormData) => {
      const matter = textOf(data, 'matter');
      const told = { name: textOf(data, 'name'), reason: textOf(data, 'reason'), ...(matter === '' ? {} : { matter }) };
      return call(placeHold, { body: { ...told, scope: scopeIn(data, kind) } });
    },
    onSuccess: () => {
      draft.forget();
      refreshHolds();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    place.mutate(new FormData(event.currentTarget));
  };
  return (
    <form onSubmit={submit} ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <TextInput name="name" label="Name" maxLength={200} required data-autofocus autoComplete="off" />
        <Textarea name="reason" label="Reason" maxLength={2000} required autosize minRows={2} />
        <TextInput name="matter" label="Case or matter" description="If it has a number" maxLength={200} />
        <NativeSelect
          name="kind"
          label="What it covers"
          data={departments.length === 0 ? kinds.filter(({ value }) => value !== 'department') : kinds}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value as HoldScope['kind'])}
        />
        <What kind={kind} departments={departments} />
        {kind !== 'message' && kind !== 'account' && (
          <div className={styles.fields}>
            <TextInput name="since" type="date" label="First day (UTC)" description="Empty: from the beginning" />
            <TextInput name="until" type="date" label="Last day (UTC)" description="Empty: also what still comes" />
          </div>
        )}
        <Text size="sm" c="dimmed">
          From then on nothing that it covers can be erased, by hand or by itself, until the hold is released. Mail that
          comes later is covered too.
        </Text>
        {place.error !== null && <Failure failure={place.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={place.isPending}>
            Place the hold
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface PlaceDialogProps {
  readonly isOpen: boolean;
  readonly departments: readonly Department[];
  onClose(): void;
}

export const PlaceDialog = ({ isOpen, departments, onClose }: PlaceDialogProps) => (
  <Modal
    opened={isOpen}
    onClose={onClose}
    title="Place a legal hold"
    size="lg"
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    <PlaceForm departments={departments} onDone={onClose} />
  </Modal>
);
