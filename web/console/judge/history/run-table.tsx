/** Runs as rows: when, who, by which rules, how much was judged and changed. Each leads to its result. */
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import type { z } from 'zod';
import type { rejudgementSummary } from '../../../../src/contract/rejudging.ts';
import { count, moment, percent, shareOf } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { runPath } from '../../elements/judge-paths.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { askerWords, stateWords } from '../words.ts';
import styles from './history-page.module.css';
import { spanWords } from './span-words.ts';

export type Summary = z.infer<typeof rejudgementSummary>;

const columns = [
  { label: 'Asked' },
  { label: 'By whom', isExtra: true },
  { label: 'Ruleset', isExtra: true, width: '26%' },
  { label: 'Judged', isNumber: true, isExtra: true },
  { label: 'Changed', isNumber: true },
  { label: 'Hits a second', isNumber: true, isExtra: true },
  { label: 'State' },
];

const Changed = ({ run: { counts } }: { run: Summary }) => (
  <>
    {count(counts.flipped)} <span className={styles.quiet}>{percent(shareOf(counts.flipped, counts.judged))}</span>
  </>
);

const Row = ({ run, timeZone }: { run: Summary; timeZone: string }) => (
  <tr>
    <Cell>
      <div className={styles.name}>
        <Link className="quiet-link" to={runPath(run.id)}>
          {moment(run.askedAt, timeZone)}
        </Link>
        <span>
          {run.dryRun ? 'Dry run' : 'For good'} · {spanWords(run, timeZone)}
        </span>
      </div>
    </Cell>
    <Cell isExtra>{askerWords(run.askedBy)}</Cell>
    <Cell isExtra>
      <span className={styles.ruleset}>{run.ruleset}</span>
    </Cell>
    <Cell isNumber isExtra>
      {count(run.counts.judged)}
    </Cell>
    <Cell isNumber>
      <Changed run={run} />
    </Cell>
    <Cell isNumber isExtra>
      {count(run.hitsPerSecond === null ? null : Math.round(run.hitsPerSecond))}
    </Cell>
    <Cell>{stateWords[run.state]}</Cell>
  </tr>
);

interface RunTableProps {
  readonly runs: readonly Summary[];
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  onMore(): void;
}

export function RunTable({ runs, hasMore, isLoadingMore, onMore }: RunTableProps) {
  const timeZone = useTimeZone();
  return (
    <>
      <DataTable caption="What was judged again, newest first" columns={columns}>
        {runs.map((run) => (
          <Row key={run.id} run={run} timeZone={timeZone} />
        ))}
      </DataTable>
      {hasMore && (
        <Button variant="default" my="md" loading={isLoadingMore} onClick={onMore}>
          Show older ones
        </Button>
      )}
    </>
  );
}
