/** How far a run has come, told to the eye as a bar and to the ear in steps, and the way to end it. */
import { Button, Progress } from '@mantine/core';
import type { z } from 'zod';
import type { rejudgementSummary } from '../../../../src/contract/rejudging.ts';
import { count } from '../../../shared/format.ts';
import { Failure } from '../../elements/states.tsx';
import styles from './run-progress.module.css';
import { useCancel } from './start-run.ts';

type Summary = z.infer<typeof rejudgementSummary>;

/** A run judges what came in the meantime too, so the estimate may be passed; done is only what has ended. */
const percentOf = ({ progress: { judged, of, share } }: Summary): number =>
  Math.floor(Math.min(0.99, of === 0 ? 0 : Math.max(share, judged / of)) * 100);

const words = (run: Summary): string =>
  run.state === 'queued'
    ? 'Waiting to start…'
    : `${count(run.progress.judged)} of about ${count(Math.max(run.progress.of, run.progress.judged))} hits judged${
        run.hitsPerSecond === null ? '' : `, ${count(Math.round(run.hitsPerSecond))} a second`
      }`;

export function RunProgress({ run }: { run: Summary }) {
  const cancel = useCancel(run.id);
  const percent = percentOf(run);
  const label = run.dryRun ? 'Dry run' : 'Judging again';
  return (
    <div className={styles.progress}>
      <div className={styles.head}>
        <strong>{label}</strong>
        <span className={styles.figure}>{percent}%</span>
      </div>
      <Progress value={percent} size="lg" radius="sm" color="var(--people)" aria-label={label} />
      <div className={styles.foot}>
        <span>{words(run)}</span>
        <Button
          size="xs"
          variant="default"
          loading={cancel.isPending}
          onClick={() => cancel.mutate()}
          aria-label={`Cancel: ${label}`}
        >
          Cancel
        </Button>
      </div>
      <span className="unseen" role="status">
        {`${label}: ${Math.floor(percent / 10) * 10} percent`}
      </span>
      {cancel.error !== null && <Failure failure={cancel.error} />}
    </div>
  );
}
