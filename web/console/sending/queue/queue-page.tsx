/** What waits to be sent, by recipient domain, kept fresh while somebody looks, and what can be done about it. */
import { Paper, Stack } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { z } from 'zod';
import { type QueueDestination, readQueue } from '../../../../src/contract/queue.ts';
import { call } from '../../../shared/client.ts';
import { count } from '../../../shared/format.ts';
import { Breakable } from '../../elements/breakable.tsx';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { CampaignActions } from './campaign-actions.tsx';
import { FlowBars } from './flow-bars.tsx';
import { QueueActions } from './queue-actions.tsx';
import styles from './queue-page.module.css';
import { StateSign } from './state-sign.tsx';
import { Steering } from './steering.tsx';
import { useNow } from './use-now.ts';
import { WaitingBar } from './waiting-bar.tsx';
import { agoWords, atLeast, destinationPath, spanWords } from './words.ts';

type Page = z.infer<(typeof readQueue)['result']>;
export const everyMs = 4_000;

const Card = ({ label, figure, children }: { label: string; figure: string; children: ReactNode }) => (
  <Paper className={styles.card ?? ''}>
    <dt>{label}</dt>
    <dd>
      <span className={styles.figure}>{figure}</span>
      <span className={styles.small}>{children}</span>
    </dd>
  </Paper>
);

const sum = (destinations: readonly QueueDestination[], of: (one: QueueDestination) => number): number =>
  destinations.reduce((all, one) => all + of(one), 0);

function Cards({
  destinations,
  isAll,
  nowMs,
}: {
  destinations: readonly QueueDestination[];
  isAll: boolean;
  nowMs: number;
}) {
  const isMore = !isAll || destinations.some((one) => one.isMore);
  const oldest = destinations.flatMap(({ oldestAt }) => oldestAt ?? []).sort()[0];
  const age = oldest === undefined ? 0 : nowMs - Date.parse(oldest);
  return (
    <dl className={styles.cards}>
      <Card label="Waiting" figure={`${count(sum(destinations, (one) => one.queued))}${isMore ? '+' : ''}`}>
        for {count(destinations.length)}
        {isAll ? '' : '+'} {destinations.length === 1 ? 'destination' : 'destinations'}
      </Card>
      <Card label="Delivered a minute" figure={count(sum(destinations, (one) => one.deliveredPerMinute))}>
        as of the last seconds
      </Card>
      <Card label="To be tried again" figure={count(sum(destinations, (one) => one.deferred))}>
        {count(sum(destinations, (one) => one.held))} held by hand
      </Card>
      <Card label="Oldest waiting" figure={oldest === undefined || age < 0 ? '–' : spanWords(age)}>
        planned mail counts from its time
      </Card>
    </dl>
  );
}

function Holds({ holds, nowMs }: { holds: Page['holds']; nowMs: number }) {
  if (holds.length === 0) return null;
  return (
    <Section title="Held back" about="Mail to or of these is put aside as its turn comes, until somebody releases it.">
      <ul className={styles.holds}>
        {holds.map(({ destination, campaign, since }) => {
          const name = destination === null ? `the campaign ${campaign}` : `mail to ${destination}`;
          const selection = destination === null ? { campaign: campaign ?? '' } : { destination };
          return (
            <li key={name}>
              <span>
                <span className={styles.name}>{destination ?? campaign}</span>{' '}
                <span className={styles.small}>
                  {destination === null ? 'campaign' : 'destination'}, held {agoWords(since, nowMs)}
                </span>
              </span>
              <QueueActions selection={selection} name={name} offered={['release', 'cancel']} />
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Destination({ one, nowMs }: { one: QueueDestination; nowMs: number }) {
  return (
    <tr>
      <Cell>
        <span className={styles.destination}>
          <Link className={`quiet-link ${styles.name}`} to={destinationPath(one.domain)}>
            <Breakable>{one.domain}</Breakable>
          </Link>
          <StateSign destination={one} nowMs={nowMs} />
          {one.last !== null && (
            <span className={styles.small}>
              {one.last.why} · {agoWords(one.last.at, nowMs)}
            </span>
          )}
        </span>
      </Cell>
      <Cell isNumber>{atLeast(one)}</Cell>
      <Cell isExtra>
        <WaitingBar destination={one} />
      </Cell>
      <Cell isExtra>
        <FlowBars slots={one.lately} bars={12} barMs={300_000} nowMs={nowMs} span="the last hour" />
      </Cell>
      <Cell isNumber>
        <span className={styles.rate}>
          <strong>{count(one.deliveredPerMinute)}</strong>
          {one.atMost !== null && <span>{`up to ${count(one.atMost)} at once`}</span>}
        </span>
      </Cell>
      <Cell>
        <QueueActions
          selection={{ destination: one.domain }}
          name={`mail to ${one.domain}`}
          offered={
            one.heldBackSince === null && one.held === 0
              ? ['retry', 'hold', 'cancel']
              : ['release', 'retry', 'hold', 'cancel']
          }
        />
      </Cell>
    </tr>
  );
}

const columns = [
  { label: 'Destination' },
  { label: 'Waiting', isNumber: true },
  { label: 'What for', isExtra: true, width: '22%' },
  { label: 'Last hour', isExtra: true, width: '16%' },
  { label: 'A minute', isNumber: true },
  { label: <span className="unseen">What to do</span> },
];

export function QueuePage() {
  const nowMs = useNow();
  const answer = useInfiniteQuery({
    queryKey: [readQueue.name],
    queryFn: ({ pageParam, signal }) =>
      call(readQueue, { query: { limit: 25, ...(pageParam === null ? {} : { cursor: pageParam }) } }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
  return (
    <Steering>
      <PageHead
        title="Queue"
        about="Mail that was accepted and has not arrived yet, by where it goes."
        actions={
          <>
            <span className={styles.live} data-stale={answer.isError || undefined}>
              {answer.isError ? 'Not fresh: the server does not answer' : 'Live'}
            </span>
            <CampaignActions />
          </>
        }
      />
      <Answered answer={answer} label="Loading the queue">
        {({ pages }) => {
          const destinations = pages.flatMap((page) => page.destinations);
          return (
            <Stack gap="1.25rem">
              <Holds holds={pages[0]?.holds ?? []} nowMs={nowMs} />
              {destinations.length === 0 ? (
                <Empty title="Nothing waits">Everything that was accepted has been sent.</Empty>
              ) : (
                <div>
                  <Cards destinations={destinations} isAll={!answer.hasNextPage} nowMs={nowMs} />
                  <Section
                    title="Destinations"
                    about="Domains of recipients. Open one to see what it said and who waits."
                  >
                    <DataTable caption="What waits, by destination" columns={columns}>
                      {destinations.map((one) => (
                        <Destination key={one.domain} one={one} nowMs={nowMs} />
                      ))}
                    </DataTable>
                    <ShowMore answer={answer} />
                  </Section>
                </div>
              )}
            </Stack>
          );
        }}
      </Answered>
    </Steering>
  );
}
