/** Who waits, for a destination or of a message: bounded pages, oldest first. */

import { Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { listQueueRecipients, type WaitingRecipient } from '../../../../src/contract/queue.ts';
import { call } from '../../../shared/client.ts';
import { count, moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered } from '../../elements/states.tsx';
import { useMay } from '../../use-may.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { QueueActions } from './queue-actions.tsx';
import styles from './queue-page.module.css';
import { useNow } from './use-now.ts';
import { inWords, stateWords } from './words.ts';

type Of = { readonly destination: string } | { readonly messageId: string };

const nameOf = ({ email }: WaitingRecipient): string => email ?? 'A recipient';

function Waiting({ one, nowMs, timeZone }: { one: WaitingRecipient; nowMs: number; timeZone: string }) {
  const may = useMay();
  return (
    <tr>
      <Cell>
        <span className={styles.destination}>
          {may({ needs: ['messages.read'] }) ? (
            <Link
              className={`quiet-link ${styles.name}`}
              to={`/messages/${one.messageId}?recipient=${one.recipientId}`}
            >
              {nameOf(one)}
            </Link>
          ) : (
            <span className={styles.name}>{nameOf(one)}</span>
          )}
          <span className={styles.small}>
            {one.campaign === null ? 'No campaign' : one.campaign}, since {moment(one.queuedAt, timeZone)}
          </span>
        </span>
      </Cell>
      <Cell>
        {stateWords[one.state]}
        {one.nextAttemptAt !== null && one.state !== 'due' && (
          <span className={styles.reply}>{inWords(one.nextAttemptAt, nowMs)}</span>
        )}
      </Cell>
      <Cell isNumber isExtra>
        {count(one.attempts)}
      </Cell>
      <Cell isExtra>
        {one.last === null ? (
          <span className={styles.small}>Not tried yet</span>
        ) : (
          <>
            {one.last.why}
            {one.last.reply !== null && <span className={styles.reply}>“{one.last.reply}”</span>}
          </>
        )}
      </Cell>
      <Cell>
        <QueueActions
          selection={{ recipientId: one.recipientId }}
          name={one.email === null ? 'this recipient' : `the copy for ${one.email}`}
          offered={one.state === 'held' ? ['release', 'cancel'] : ['retry', 'hold', 'cancel']}
        />
      </Cell>
    </tr>
  );
}

export function WaitingRecipients({ of }: { of: Of }) {
  const nowMs = useNow();
  const timeZone = useTimeZone();
  const answer = useInfiniteQuery({
    queryKey: [listQueueRecipients.name, of],
    queryFn: ({ pageParam, signal }) =>
      call(listQueueRecipients, { query: { ...of, ...(pageParam === null ? {} : { cursor: pageParam }) } }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  return (
    <Answered answer={answer} label="Loading who waits">
      {({ pages }) => {
        const recipients = pages.flatMap((page) => page.recipients);
        if (recipients.length === 0)
          return (
            <Text size="sm" c="dimmed">
              Nobody waits any more.
            </Text>
          );
        return (
          <>
            <DataTable
              caption="Who waits"
              columns={[
                { label: 'Recipient' },
                { label: 'State', width: '18%' },
                { label: 'Attempts', isNumber: true, isExtra: true },
                { label: 'What was said last', isExtra: true, width: '34%' },
                { label: <span className="unseen">What to do</span> },
              ]}
            >
              {recipients.map((one) => (
                <Waiting key={one.recipientId} one={one} nowMs={nowMs} timeZone={timeZone} />
              ))}
            </DataTable>
            <ShowMore answer={answer} />
          </>
        );
      }}
    </Answered>
  );
}
