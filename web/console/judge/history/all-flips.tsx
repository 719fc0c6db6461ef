/** Every verdict that a run changed, a page at a time. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { listFlips } from '../../../../src/contract/rejudging.ts';
import { call } from '../../../shared/client.ts';
import { count, plural } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered } from '../../elements/states.tsx';
import { FlipList } from '../run/flip-list.tsx';

const pageSize = 20;

const useFlips = (id: string) =>
  useInfiniteQuery({
    queryKey: [listFlips.name, id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(listFlips, { params: { id }, query: { limit: pageSize, cursor: pageParam } }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export function AllFlips({ id, total }: { id: string; total: number }) {
  const answer = useFlips(id);
  return (
    <Section title="Every changed verdict" about={`${plural(total, 'hit')}, in the order in which they were judged.`}>
      <Answered answer={answer} label="Loading the changed verdicts">
        {({ pages }) => {
          const flips = pages.flatMap((page) => page.flips);
          return (
            <>
              <FlipList flips={flips} label="Every changed verdict" />
              <p className="unseen" role="status">
                {pages.length > 1 ? `${count(flips.length)} of ${count(total)} shown` : ''}
              </p>
              <ShowMore answer={answer} />
            </>
          );
        }}
      </Answered>
    </Section>
  );
}
