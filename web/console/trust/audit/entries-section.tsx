/** Looking for entries of the audit log: filters, the timeline of what they find, and that as a file. */
import { Button, Group, NativeSelect, Text, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useSearchParams } from 'react-router';
import { exportAuditEntries, listAuditEntries } from '../../../../src/contract/audit.ts';
import { call, fetchFile } from '../../../shared/client.ts';
import { exactMoment } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered, Empty, Failure } from '../../elements/states.tsx';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from './audit-page.module.css';
import { objectKinds } from './entry-words.ts';
import { save } from './save-file.ts';
import { Timeline } from './timeline.tsx';

const inAddress = ['actorId', 'objectKind', 'objectId', 'outcome', 'since', 'until'] as const;
type Filters = Partial<Record<(typeof inAddress)[number] | 'q', string>>;

/** Words may be somebody's name: they stay out of the address and of the browser's history. */
function useFilters() {
  const [parameters, setParameters] = useSearchParams();
  const [q, setWords] = useState('');
  const given = inAddress.flatMap((name) => {
    const value = parameters.get(name) ?? '';
    return value === '' ? [] : [[name, value] as const];
  });
  const filters: Filters = { ...Object.fromEntries(given), ...(q === '' ? {} : { q }) };
  const change = ({ q: words = '', ...others }: Filters) => {
    setWords(words);
    setParameters(others, { replace: true, preventScrollReset: true });
  };
  return { filters, change };
}

const fullPage = 50;

/** It ends where the search did, not where it was full. */
const isShort = (page?: { readonly entries: readonly unknown[] }): boolean =>
  page !== undefined && page.entries.length < fullPage;

const useEntries = (filters: Filters) =>
  useInfiniteQuery({
    queryKey: [listAuditEntries.name, filters],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(
        listAuditEntries,
        { query: { ...(filters as { outcome?: 'done' | 'refused' }), limit: fullPage, cursor: pageParam } },
        signal,
      ),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: (before) => before,
    // Each look is an entry of the log: none is made that nobody asked for.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });

const filled = (data: FormData): Filters =>
  Object.fromEntries(
    [...data].flatMap(([name, value]) => (String(value).trim() === '' ? [] : [[name, String(value).trim()]])),
  );

function FilterForm({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { actorId, objectId } = filters;
    const asked = {
      ...(actorId && { actorId }),
      ...(objectId && { objectId }),
      ...filled(new FormData(event.currentTarget)),
    };
    const isReversed = asked.since !== undefined && asked.until !== undefined && asked.until < asked.since;
    setFault(isReversed ? 'The last day is before the first.' : null);
    if (!isReversed) onChange(asked);
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <TextInput name="q" label="Who or what" placeholder="A name, an id, a word" defaultValue={filters.q ?? ''} />
      <NativeSelect
        name="objectKind"
        label="Kind"
        defaultValue={filters.objectKind ?? ''}
        data={[{ value: '', label: 'Everything' }, ...objectKinds]}
      />
      <NativeSelect
        name="outcome"
        label="Outcome"
        defaultValue={filters.outcome ?? ''}
        data={[
          { value: '', label: 'Done and refused' },
          { value: 'done', label: 'Done' },
          { value: 'refused', label: 'Refused' },
        ]}
      />
      <TextInput name="since" type="date" label="From day (UTC)" defaultValue={filters.since ?? ''} />
      <TextInput name="until" type="date" label="To day (UTC)" defaultValue={filters.until ?? ''} error={fault} />
      <Button type="submit">Show</Button>
    </form>
  );
}

const Narrowed = ({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) => {
  const { actorId, objectId, ...others } = filters;
  if (actorId === undefined && objectId === undefined) return null;
  return (
    <Group gap="sm" mt="sm">
      <Text size="sm">
        {actorId !== undefined && 'Only what one person, key or session did. '}
        {objectId !== undefined && 'Only what was done to one thing. '}
      </Text>
      <Button size="xs" variant="default" onClick={() => onChange(others)}>
        Show all
      </Button>
    </Group>
  );
};

function Files({ filters }: { filters: Filters }) {
  const take = useMutation({
    mutationFn: async (format: 'json' | 'csv') => {
      const query = { ...(filters as { outcome?: 'done' | 'refused' }), format };
      const file = await fetchFile(exportAuditEntries, { query });
      save(file, `waxwing-audit-entries.${format === 'csv' ? 'csv' : 'jsonl'}`);
    },
  });
  return (
    <>
      <Group gap="xs">
        {(['csv', 'json'] as const).map((format) => (
          <Button
            key={format}
            size="xs"
            variant="default"
            loading={take.isPending && take.variables === format}
            leftSection={<IconDownload size={14} aria-hidden />}
            onClick={() => take.mutate(format)}
          >
            {format === 'csv' ? 'As a table (CSV)' : 'As JSON lines'}
          </Button>
        ))}
      </Group>
      <Text size="sm" c="dimmed" role="status">
        {take.isSuccess && 'The file is in your downloads.'}
      </Text>
      {take.error !== null && <Failure failure={take.error} />}
    </>
  );
}

export function EntriesSection() {
  const timeZone = useTimeZone();
  const { filters, change } = useFilters();
  const answer = useEntries(filters);
  return (
    <Section
      title="What happened"
      about="Newest first. Looking here is written down too."
      aside={<Files filters={filters} />}
    >
      <FilterForm key={JSON.stringify(filters)} filters={filters} onChange={change} />
      <Narrowed filters={filters} onChange={change} />
      <Answered answer={answer} label="Loading the audit log" rows={8}>
        {({ pages }) => {
          const entries = pages.flatMap((page) => page.entries);
          const searchedTo = pages.at(-1)?.searchedTo ?? null;
          return (
            <>
              {entries.length > 0 && <Timeline entries={entries} timeZone={timeZone} />}
              {entries.length === 0 && searchedTo === null && (
                <Empty title="Nothing like that was written down">Try other days, or fewer filters.</Empty>
              )}
              {isShort(pages.at(-1)) && searchedTo !== null && (
                <Text size="sm" role="status" mt="md">
                  {entries.length === 0 ? 'Nothing like that so far. ' : ''}Searched back to{' '}
                  {exactMoment(searchedTo, timeZone)}. What is older was not looked at yet: go on, or choose days.
                </Text>
              )}
            </>
          );
        }}
      </Answered>
      <ShowMore answer={answer} label={isShort(answer.data?.pages.at(-1)) ? 'Search further back' : 'Show more'} />
    </Section>
  );
}
