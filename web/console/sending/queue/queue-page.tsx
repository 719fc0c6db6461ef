/** What waits to be sent, by recipient domain, kept fresh while somebody looks. */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { readQueue } from '../../../../src/contract/queue.ts';
import { call } from '../../../shared/client.ts';
import { count } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered, Empty } from '../../elements/states.tsx';

const everyMs = 4_000;

export function QueuePage() {
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
    <>
      <PageHead title="Queue" about="Mail that was accepted and has not arrived yet, by where it goes." />
      <Answered answer={answer} label="Loading the queue">
        {({ pages }) => {
          const destinations = pages.flatMap((page) => page.destinations);
          if (destinations.length === 0)
            return <Empty title="Nothing waits">Everything that was accepted has been sent.</Empty>;
          return (
            <Section title="Destinations">
              <DataTable
                caption="What waits, by destination"
                columns={[
                  { label: 'Domain' },
                  { label: 'Waiting', isNumber: true },
                  { label: 'Delivered a minute', isNumber: true },
                  { label: 'What it said last', isExtra: true },
                ]}
              >
                {destinations.map((one) => (
                  <tr key={one.domain}>
                    <Cell>{one.domain}</Cell>
                    <Cell isNumber>{`${count(one.queued)}${one.isMore ? '+' : ''}`}</Cell>
                    <Cell isNumber>{count(one.deliveredPerMinute)}</Cell>
                    <Cell isExtra>{one.last?.why ?? ''}</Cell>
                  </tr>
                ))}
              </DataTable>
              <ShowMore answer={answer} />
            </Section>
          );
        }}
      </Answered>
    </>
  );
}
