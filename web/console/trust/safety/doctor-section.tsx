/** What the doctor finds, worst first, each with what to do. */
import { Button, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import type { z } from 'zod';
import { readDoctor } from '../../../../src/contract/upkeep.ts';
import { moment, plural } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Answered } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from './safety.module.css';

type Report = z.output<typeof readDoctor.result>;
type Finding = Report['findings'][number];
type State = Finding['state'];

const groups: readonly { state: State; title: string }[] = [
  { state: 'fail', title: 'Put this right' },
  { state: 'warn', title: 'Worth a look' },
  { state: 'ok', title: 'All well' },
];

const Mark = ({ state }: { state: State }) => {
  if (state === 'ok') return <IconCircleCheck size={18} className={styles.ok ?? ''} aria-hidden />;
  if (state === 'warn') return <IconAlertTriangle size={18} className={styles.warn ?? ''} aria-hidden />;
  return <IconCircleX size={18} className={styles.fail ?? ''} aria-hidden />;
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const Findings = ({ findings }: { findings: readonly Finding[] }) => (
  <ul className={styles.findings}>
    {findings.map(({ check, state, says, remedy }) => (
      <li key={`${check} ${says}`} className={styles.finding}>
        <Mark state={state} />
        <div className={styles.words}>
          <strong>{capital(check)}</strong>
          <span>{says}</span>
          {remedy !== null && <span className={styles.remedy}>{remedy}</span>}
        </div>
      </li>
    ))}
  </ul>
);

/** What is well is there for who wants to see it, and out of the way of what is not. */
function Group({ title, state, findings }: { title: string; state: State; findings: readonly Finding[] }) {
  const heading = `${title} (${findings.length})`;
  if (state === 'ok')
    return (
      <details className={styles.group}>
        <summary>{heading}</summary>
        <Findings findings={findings} />
      </details>
    );
  return (
    <div className={styles.group}>
      <h3 className={styles.heading}>{heading}</h3>
      <Findings findings={findings} />
    </div>
  );
}

function verdictOf({ findings }: Report): string {
  const failures = findings.filter(({ state }) => state === 'fail').length;
  const warnings = findings.filter(({ state }) => state === 'warn').length;
  if (failures > 0) return `${plural(failures, 'thing')} to be put right, ${warnings} worth a look.`;
  return warnings > 0 ? `Nothing is broken; ${plural(warnings, 'thing')} worth a look.` : 'All is well.';
}

export function Doctor() {
  const timeZone = useTimeZone();
  const answer = useCall(readDoctor, {});
  const again = (
    <Button size="xs" variant="default" loading={answer.isFetching} onClick={() => void answer.refetch()}>
      Look again
    </Button>
  );
  return (
    <Section
      title="Is all well?"
      about="What “waxwing doctor” checks on the server. Nothing is changed by it, and it looks anew once a minute at most."
      aside={again}
    >
      <Answered answer={answer} label="Looking at everything" rows={4}>
        {(report) => (
          <>
            <Text fw={600} role="status">
              {verdictOf(report)}
            </Text>
            <Text size="sm" c="dimmed">
              Looked at {moment(report.checkedAt, timeZone)}.{' '}
              {report.scope === 'account' &&
                'What concerns the machines is told to the account that runs this installation.'}
            </Text>
            {groups.map(({ state, title }) => {
              const findings = report.findings.filter((one) => one.state === state);
              return findings.length === 0 ? null : (
                <Group key={state} title={title} state={state} findings={findings} />
              );
            })}
          </>
        )}
      </Answered>
    </Section>
  );
}
