/** Trying rules the other way round: which, over which mail, a dry run, what would change, and only then the decision. */
import { Button, Group, Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Link } from 'react-router';
import type { RejudgementBody } from '../../../../src/contract/rejudging.ts';
import { historyPath } from '../../elements/judge-paths.ts';
import { Failure } from '../../elements/states.tsx';
import { RunProgress } from '../run/run-progress.tsx';
import { RunResult } from '../run/run-result.tsx';
import { startRun } from '../run/start-run.ts';
import { useRun } from '../run/use-run.ts';
import { failureWords, isUnderWay } from '../words.ts';
import type { Rule } from './rule-words.ts';
import { TrialChoices } from './trial-choices.tsx';
import styles from './trial-dialog.module.css';
import { TrialSetup } from './trial-setup.tsx';
import type { Tried } from './use-tried.ts';

interface TrialProps {
  readonly rules: readonly Rule[];
  readonly tried: Tried;
  onClose(): void;
}

const idsOf = (rules: readonly Rule[]): string[] => rules.map(({ id }) => id);

function useTrial({ tried }: TrialProps, since: string | undefined) {
  const [runId, setRunId] = useState<string | null>(null);
  const outcome = useRef<HTMLDivElement>(null);
  const start = useMutation({
    mutationFn: () =>
      startRun({
        dryRun: true,
        since,
        disabledRules: idsOf(tried.rules.filter(({ enabled }) => enabled)),
        enabledRules: idsOf(tried.rules.filter(({ enabled }) => !enabled)),
      }),
    onSuccess: ({ id }) => {
      setRunId(id);
      outcome.current?.focus({ preventScroll: true });
    },
  });
  const forget = () => {
    setRunId(null);
    start.reset();
  };
  return { start, forget, outcome, run: useRun(runId) };
}

function Ended({ run, children }: { run: RejudgementBody; children: React.ReactNode }) {
  if (run.state === 'failed') return <p className={styles.note}>{failureWords(run.why)}</p>;
  if (run.state === 'cancelled') return <p className={styles.note}>Cancelled. Nothing has been changed.</p>;
  return (
    <>
      <RunResult run={run} />
      {children}
    </>
  );
}

/** What the answer says in one sentence, for those who listen. */
const told = (run: RejudgementBody | undefined): string =>
  run === undefined || isUnderWay(run) ? '' : run.state === 'done' ? 'The dry run is done.' : 'The dry run has ended.';

function Trial(props: TrialProps) {
  const { rules, tried, onClose } = props;
  const [since, setSince] = useState<string | undefined>(undefined);
  const { start, forget, outcome, run } = useTrial(props, since);
  const data = run.data;
  const isGoing = start.isPending || isUnderWay(data);
  return (
    <div className={styles.trial}>
      <TrialSetup
        rules={rules}
        tried={tried}
        isLocked={isGoing}
        onTried={(ids) => {
          forget();
          tried.set(ids);
        }}
        onSince={(wanted) => {
          forget();
          setSince(wanted);
        }}
      />
      {start.error !== null && (
        <>
          <Failure failure={start.error} />
          <Link className="quiet-link" to={historyPath}>
            See what is running
          </Link>
        </>
      )}
      {(data === undefined || data.state === 'failed' || data.state === 'cancelled') && (
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Leave it as it is
          </Button>
          <Button loading={start.isPending} onClick={() => start.mutate()} data-autofocus>
            Start the dry run
          </Button>
        </Group>
      )}
      <div className={styles.outcome} ref={outcome} tabIndex={-1}>
        {run.error !== null && data === undefined && <Failure failure={run.error} onRetry={() => run.refetch()} />}
        {data !== undefined && isUnderWay(data) && <RunProgress run={data} />}
        {data !== undefined && !isUnderWay(data) && (
          <Ended run={data}>
            <TrialChoices tried={tried.rules} since={since} onLeave={onClose} />
          </Ended>
        )}
      </div>
      <p className="unseen" role="status">
        {told(data)}
      </p>
    </div>
  );
}

export function TrialDialog({ rules, tried }: Pick<TrialProps, 'rules' | 'tried'>) {
  const isSmall = useMediaQuery('(max-width: 48em)') ?? false;
  const close = () => tried.set([]);
  return (
    <Modal
      opened={tried.rules.length > 0}
      onClose={close}
      title="Try it first"
      size="xl"
      fullScreen={isSmall}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Trial rules={rules} tried={tried} onClose={close} />
    </Modal>
  );
}
