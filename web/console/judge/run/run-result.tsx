/** What a run changed, or a dry run would change: in one sentence, in the report's numbers, by class and by rule. */
import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { RejudgementBody } from '../../../../src/contract/rejudging.ts';
import { count, plural } from '../../../shared/format.ts';
import { outcomeWords } from '../words.ts';
import { ByClass } from './by-class.tsx';
import { ByRule } from './by-rule.tsx';
import styles from './run-result.module.css';

type Moved = RejudgementBody['report']['people']['opened'];

function difference({ before, after }: Moved): string {
  if (before === after) return 'as before';
  return after > before ? `${count(after - before)} more` : `${count(before - after)} fewer`;
}

const Movement = ({ label, moved }: { label: string; moved: Moved }) => (
  <div className={styles.movement}>
    <dt>{label}</dt>
    <dd>
      <span className={styles.before}>{count(moved.before)}</span> <span aria-hidden>→</span>
      <span className="unseen">becomes</span> <strong>{count(moved.after)}</strong>
      <span className={styles.difference}>{difference(moved)}</span>
    </dd>
  </div>
);

const Part = ({ title, about, children }: { title: string; about?: string; children: ReactNode }) => (
  <section className={styles.part} aria-label={title}>
    <Title order={3}>{title}</Title>
    {about !== undefined && <p className={styles.about}>{about}</p>}
    {children}
  </section>
);

const Unreadable = ({ run }: { run: RejudgementBody }) =>
  run.counts.unreadable === 0 ? null : (
    <p className={styles.about}>
      {plural(run.counts.unreadable, 'hit')} could not be judged, because evidence of their copy does not open any more;
      they keep their verdicts.
    </p>
  );

export const RunResult = ({ run }: { run: RejudgementBody }) => (
  <div className={styles.result}>
    <p className={styles.outcome}>{outcomeWords(run)}</p>
    <Unreadable run={run} />
    {run.counts.judged > 0 && (
      <Part
        title="In the reports"
        about={`Recipients, each counted once, in the account’s ${run.report.view} view and over the mail that was looked at.`}
      >
        <dl className={styles.movements}>
          <Movement label="Opened by people" moved={run.report.people.opened} />
          <Movement label="Clicked by people" moved={run.report.people.clicked} />
        </dl>
      </Part>
    )}
    {run.byClass.length > 0 && (
      <Part title="By verdict">
        <ByClass byClass={run.byClass} />
      </Part>
    )}
    {run.byRule.length > 0 && (
      <Part title="By rule" about="One hit may be spoken of by several rules.">
        <ByRule byRule={run.byRule} />
      </Part>
    )}
  </div>
);
