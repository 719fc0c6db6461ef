/** Judging the past again: starting it, what is under way, and what was done before. */
import { Paper, Stack } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { listRejudgements } from '../../../../src/contract/rejudging.ts';
import { call } from '../../../shared/client.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { RunProgress } from '../run/run-progress.tsx';
import { askAgainAfterMs, useRun } from '../run/use-run.ts';
import { isUnderWay } from '../words.ts';
import styles from './history-page.module.css';
import { RunTable, type Summary } from './run-table.tsx';
import { StartForm } from './start-form.tsx';

const useRuns = () =>
  useInfiniteQuery({
    queryKey: [listRejudgements.name, 'pages'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => call(listRejudgements, { query: { limit: 20, cursor: pageParam } }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages[0]?.rejudgements.some(isUnderWay) === true ? askAgainAfterMs * 3 : false,
  });

/** Its own, quicker question; the list follows behind. */
function UnderWay({ summary }: { summary: Summary }) {
  const run = useRun(summary.id).data ?? summary;
  return isUnderWay(run) ? (
    <Section title="Under way">
      <RunProgress run={run} />
    </Section>
  ) : null;
}

type Runs = ReturnType<typeof useRuns>;

const Past = ({ runs, answer }: { runs: readonly Summary[]; answer: Runs }) =>
  runs.length === 0 ? (
    <Empty title="Nothing has been judged again yet">
      After the rules or the lists of networks have changed, the verdicts of the past can follow them.
    </Empty>
  ) : (
    <Paper className={styles.card ?? ''}>
      <RunTable
        runs={runs}
        hasMore={answer.hasNextPage}
        isLoadingMore={answer.isFetchingNextPage}
        onMore={() => void answer.fetchNextPage()}
      />
    </Paper>
  );

export function HistoryPage() {
  const answer = useRuns();
  const [parameters] = useSearchParams();
  return (
    <>
      <PageHead
        title="Judging again"
        about="Evidence is kept, so the past can be judged by the rules, lists and settings of now. Every change is recorded, and reports follow exactly."
      />
      <Stack gap="1.25rem">
        <StartForm since={parameters.get('since') ?? ''} />
        <Answered answer={answer} label="Loading what was judged again" rows={6}>
          {({ pages }) => {
            const runs = pages.flatMap(({ rejudgements }) => rejudgements);
            return (
              <>
                {runs.filter(isUnderWay).map((run) => (
                  <UnderWay key={run.id} summary={run} />
                ))}
                <Past runs={runs} answer={answer} />
              </>
            );
          }}
        </Answered>
      </Stack>
    </>
  );
}
