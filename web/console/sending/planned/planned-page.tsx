/** Mail that waits for a time of its own: when each goes, to how many, and moving, sending or cancelling it. */
import { Button, Group, Paper, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { listPlanned, type PlannedBody } from '../../../../src/contract/planned.ts';
import { call } from '../../../shared/client.ts';
import { count, moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { useMay } from '../../use-may.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { PlannedDialog, type PlannedQuestion } from './planned-dialog.tsx';
import { nameOf, type PlannedAction } from './words.ts';

const classWords = { transactional: 'Transactional', marketing: 'Marketing' } as const;

interface RowProps {
  readonly one: PlannedBody;
  readonly onAsk: (action: PlannedAction) => void;
}

function Row({ one, onAsk }: RowProps) {
  const timeZone = useTimeZone();
  const may = useMay();
  const action = (kind: PlannedAction, label: string) => (
    <Button
      size="compact-sm"
      variant="default"
      onClick={() => onAsk(kind)}
      aria-label={`${label}: ${nameOf(one)}, ${moment(one.sendAt, timeZone)}`}
    >
      {label}
    </Button>
  );
  return (
    <tr>
      <Cell>{moment(one.sendAt, timeZone)}</Cell>
      <Cell>
        <Link className="quiet-link" to={`/messages/${one.id}`} style={{ overflowWrap: 'anywhere' }}>
          {nameOf(one)}
        </Link>
        <Text size="xs" c="dimmed">
          {classWords[one.class]}, accepted {moment(one.acceptedAt, timeZone)}
        </Text>
      </Cell>
      <Cell isNumber isExtra>
        {count(one.recipients)}
        {one.held > 0 && (
          <Text size="xs" c="dimmed">
            {count(one.held)} held back
          </Text>
        )}
      </Cell>
      <Cell>
        <Group gap="xs">
          {may({ needs: ['messages.send'] }) && (
            <>
              {action('move', 'Move')}
              {action('now', 'Send now')}
            </>
          )}
          {may({ needs: ['queue.manage'], isOfAccount: true }) && action('cancel', 'Cancel')}
        </Group>
      </Cell>
    </tr>
  );
}

export function PlannedPage() {
  const [question, setQuestion] = useState<PlannedQuestion | null>(null);
  const answer = useInfiniteQuery({
    queryKey: [listPlanned.name],
    queryFn: ({ pageParam, signal }) =>
      call(listPlanned, { query: pageParam === null ? {} : { cursor: pageParam } }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHead title="Planned" about="Mail that waits for a time of its own, the first to go first." />
      <Answered answer={answer} label="Loading what is planned">
        {({ pages }) => {
          const all = pages.flatMap(({ messages }) => messages);
          return all.length === 0 && !answer.hasNextPage ? (
            <NothingPlanned />
          ) : (
            <PlannedTable all={all} onAsk={setQuestion} />
          );
        }}
      </Answered>
      <ShowMore answer={answer} />
      <PlannedDialog question={question} onClose={() => setQuestion(null)} />
    </>
  );
}

const NothingPlanned = () => (
  <Empty title="Nothing is planned">
    A program plans mail by sending it with a time: <code>sendAt</code>, up to 30 days ahead, for one message or for a
    batch. It waits here until then, and can be moved, sent at once or cancelled.
  </Empty>
);

const PlannedTable = (props: {
  readonly all: readonly PlannedBody[];
  readonly onAsk: (question: PlannedQuestion) => void;
}) => (
  <Paper px="md" py="xs">
    <DataTable
      caption="Planned mail"
      columns={[
        { label: 'Goes out' },
        { label: 'Campaign' },
        { label: 'Recipients', isNumber: true, isExtra: true },
        { label: <span className="unseen">What to do</span> },
      ]}
    >
      {props.all.map((one) => (
        <Row key={one.id} one={one} onAsk={(action) => props.onAsk({ action, planned: one })} />
      ))}
    </DataTable>
  </Paper>
);
