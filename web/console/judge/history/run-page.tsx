/** One run: how far it is, or what came of it, down to every verdict that it changed. */
import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import type { RejudgementBody } from '../../../../src/contract/rejudging.ts';
import { Refusal } from '../../../shared/client.ts';
import { count, exactMoment, missing, moment, plural } from '../../../shared/format.ts';
import { BackLink } from '../../elements/back-link.tsx';
import { historyPath } from '../../elements/judge-paths.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { useTimeZone } from '../../use-time-zone.ts';
import { RunProgress } from '../run/run-progress.tsx';
import { RunResult } from '../run/run-result.tsx';
import { useRun } from '../run/use-run.ts';
import { askerWords, failureWords, isUnderWay, stateWords } from '../words.ts';
import { AllFlips } from './all-flips.tsx';
import styles from './history-page.module.css';
import { spanWords } from './span-words.ts';

const Above = () => <BackLink to={historyPath}>Judging again</BackLink>;

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const beforeWords = ({ rulesets }: RejudgementBody): string =>
  rulesets.length === 0 ? missing : rulesets.map(({ ruleset, hits }) => `${ruleset} (${count(hits)})`).join(', ');

const Facts = ({ run, timeZone }: { run: RejudgementBody; timeZone: string }) => (
  <dl className={styles.facts}>
    <Fact name="State">{stateWords[run.state]}</Fact>
    <Fact name="Asked">{askerWords(run.askedBy)}</Fact>
    <Fact name="Over">{spanWords(run, timeZone)}</Fact>
    {run.endedAt !== null && <Fact name="Ended">{exactMoment(run.endedAt, timeZone)}</Fact>}
    <Fact name="Judged">
      {plural(run.counts.judged, 'hit')} of {plural(run.counts.recipients, 'recipient')}
    </Fact>
    <Fact name="Changed">{count(run.counts.flipped)}</Fact>
    <Fact name="Same opinion, another ruleset">{count(run.counts.restated)}</Fact>
    <Fact name="Rate">
      {run.hitsPerSecond === null ? missing : `${count(Math.round(run.hitsPerSecond))} hits a second`}
    </Fact>
    <Fact name="Judged before by">{beforeWords(run)}</Fact>
    <Fact name="Judged now by">{run.ruleset}</Fact>
  </dl>
);

const ended: Readonly<Partial<Record<RejudgementBody['state'], string>>> = {
  cancelled: 'It was cancelled. What had been judged by then is told below; what it had changed stays changed.',
};

function Ended({ run }: { run: RejudgementBody }) {
  const note = run.state === 'failed' ? failureWords(run.why) : ended[run.state];
  return (
    <>
      <Section title={run.dryRun ? 'What would change' : 'What changed'}>
        {note !== undefined && <p className={styles.note}>{note}</p>}
        <RunResult run={run} />
      </Section>
      {run.counts.flipped > 0 &&
        (run.dryRun ? (
          <Text size="sm" c="dimmed">
            A dry run keeps examples only. Judged for good, every changed verdict is listed here.
          </Text>
        ) : (
          <AllFlips id={run.id} total={run.counts.flipped} />
        ))}
    </>
  );
}

const titleOf = (run: RejudgementBody | undefined, timeZone: string): string =>
  run === undefined ? 'Judging again' : `${run.dryRun ? 'Dry run' : 'Judged again'}, ${moment(run.askedAt, timeZone)}`;

const isGone = (failure: Error | null): boolean =>
  failure instanceof Refusal && (failure.status === 404 || failure.code === 'request.malformed');

const Gone = () => (
  <>
    <PageHead title="Run not found" above={<Above />} />
    <Empty title="There is no such run">It may belong to another account.</Empty>
  </>
);

function Run({ id }: { id: string }) {
  const answer = useRun(id);
  const timeZone = useTimeZone();
  if (isGone(answer.error)) return <Gone />;
  return (
    <>
      <PageHead title={titleOf(answer.data, timeZone)} above={<Above />} />
      <Answered answer={answer} label="Loading the run" rows={8}>
        {(run) => (
          <Stack gap="1.25rem">
            <Facts run={run} timeZone={timeZone} />
            {isUnderWay(run) ? (
              <Section title="Under way">
                <RunProgress run={run} />
              </Section>
            ) : (
              <Ended run={run} />
            )}
            <p className="unseen" role="status">
              {isUnderWay(run) ? '' : stateWords[run.state]}
            </p>
          </Stack>
        )}
      </Answered>
    </>
  );
}

export function RunPage() {
  const { id = '' } = useParams();
  return <Run key={id} id={id} />;
}
