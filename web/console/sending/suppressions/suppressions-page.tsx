/** Whom no mail goes to and why: one address, the list, adding, importing, removing. */
import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { IconDownload, IconPlus, IconUpload } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  exportSuppressions,
  listSuppressions,
  type SuppressionBody,
  type SuppressionReason,
} from '../../../../src/contract/suppressions.ts';
import { addressOf, call } from '../../../shared/client.ts';
import { dayOfMoment } from '../../../shared/format.ts';
import { Breakable } from '../../elements/breakable.tsx';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered } from '../../elements/states.tsx';
import { useTimeZone } from '../../use-time-zone.ts';
import { AddDialog } from './add-dialog.tsx';
import { FindSection } from './find-section.tsx';
import { ImportDialog } from './import-dialog.tsx';
import { RemoveDialog, type Removed } from './remove-dialog.tsx';
import { reasonWords, scopeWords } from './words.ts';

const columns = [
  { label: 'Address' },
  { label: 'Why' },
  { label: 'What is kept back', isExtra: true },
  { label: 'Since', isExtra: true },
  { label: <span className="unseen">Remove</span> },
];

function Row({ one, onRemove }: { one: SuppressionBody; onRemove: (removed: Removed) => void }) {
  const timeZone = useTimeZone();
  const { email, reason } = one;
  return (
    <tr>
      <Cell>
        {email === null ? (
          <Text size="sm" c="dimmed">
            Known by its mark only: its message is erased
          </Text>
        ) : (
          <span style={{ overflowWrap: 'anywhere' }}>
            <Breakable>{email}</Breakable>
          </span>
        )}
      </Cell>
      <Cell>{reasonWords[reason]}</Cell>
      <Cell isExtra>{scopeWords[one.scope]}</Cell>
      <Cell isExtra>
        {dayOfMoment(one.createdAt, timeZone)}
        {one.expiresAt !== null && ` until ${dayOfMoment(one.expiresAt, timeZone)}`}
      </Cell>
      <Cell>
        {email !== null && (
          <Button
            size="compact-sm"
            variant="subtle"
            aria-label={`Remove ${email}, ${reasonWords[reason].toLowerCase()}`}
            onClick={() => onRemove({ email, reason })}
          >
            Remove
          </Button>
        )}
      </Cell>
    </tr>
  );
}

function ListSection({ onRemove }: { onRemove: (removed: Removed) => void }) {
  const [reason, setReason] = useState<SuppressionReason | ''>('');
  const answer = useInfiniteQuery({
    queryKey: [listSuppressions.name, reason],
    queryFn: ({ pageParam, signal }) =>
      call(
        listSuppressions,
        {
          query: {
            limit: 50,
            ...(reason === '' ? {} : { reason }),
            ...(pageParam === null ? {} : { cursor: pageParam }),
          },
        },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor ?? null,
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title="The list"
      about="Oldest first. Bounces and complaints come here by themselves."
      aside={
        <NativeSelect
          aria-label="Only one reason"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value as SuppressionReason | '')}
          data={[
            { value: '', label: 'Every reason' },
            ...Object.entries(reasonWords).map(([value, label]) => ({ value, label })),
          ]}
        />
      }
    >
      <Answered answer={answer} label="Loading the list">
        {({ pages }) => {
          const all = pages.flatMap((page) => page.suppressions);
          if (all.length === 0)
            return (
              <Text size="sm" c="dimmed">
                {reason === '' ? 'Nobody is on the list: mail goes to everybody.' : 'Nobody is here for this reason.'}
              </Text>
            );
          return (
            <>
              <DataTable caption="Whom no mail goes to" columns={columns}>
                {all.map((one) => (
                  <Row key={`${one.email ?? one.createdAt} ${one.reason}`} one={one} onRemove={onRemove} />
                ))}
              </DataTable>
              <ShowMore answer={answer} />
            </>
          );
        }}
      </Answered>
    </Section>
  );
}

export function SuppressionsPage() {
  const [open, setOpen] = useState<'add' | 'import' | null>(null);
  const [removed, setRemoved] = useState<Removed | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <PageHead
        title="Suppressions"
        about="Addresses that no mail goes to: those that are gone, those whose owners want none, and those you decided on."
        actions={
          <Group gap="xs">
            <Button
              component="a"
              href={addressOf(exportSuppressions, {})}
              download="suppressions.csv"
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              Export
            </Button>
            <Button
              variant="default"
              leftSection={<IconUpload size={16} aria-hidden />}
              onClick={() => setOpen('import')}
            >
              Import
            </Button>
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('add')}>
              Add
            </Button>
          </Group>
        }
      />
      <Stack gap="1.25rem">
        <FindSection onRemove={setRemoved} />
        <ListSection onRemove={setRemoved} />
      </Stack>
      <AddDialog isOpen={open === 'add'} onClose={close} />
      <ImportDialog isOpen={open === 'import'} onClose={close} />
      <RemoveDialog removed={removed} onClose={() => setRemoved(null)} />
    </>
  );
}
