/** What the opens and clicks are made of: people, machines only, and the two together. */
import { Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { EngagementRow } from '../../../src/contract/reports.ts';
import { count, percent, shareOf } from '../../shared/format.ts';
import { MachinesMark, PeopleMark, ProportionBar } from '../elements/proportion-bar.tsx';
import { Section } from '../elements/section.tsx';
import styles from './composition-section.module.css';

interface LineProps {
  readonly label: string;
  readonly row: EngagementRow;
  readonly of: 'opened' | 'clicked';
}

interface FigureProps {
  readonly label: ReactNode;
  readonly value: number | null;
  readonly of: number;
}

const Figure = ({ label, value, of }: FigureProps) => (
  <div className={styles.figure}>
    <dt>{label}</dt>
    <dd>
      <strong>{percent(shareOf(value, of))}</strong> <span>{count(value)}</span>
    </dd>
  </div>
);

const people = (
  <>
    <PeopleMark /> People
  </>
);
const machines = (
  <>
    <MachinesMark /> Machines only
  </>
);

const Line = ({ label, row, of }: LineProps) => (
  <div className={styles.line}>
    <Title order={3} className={styles.label ?? ''}>
      {label}
    </Title>
    <ProportionBar tall people={row.people[of] ?? 0} machines={row.machines[of] ?? 0} of={row.delivered} />
    <dl className={styles.figures}>
      <Figure label={people} value={row.people[of]} of={row.delivered} />
      <Figure label={machines} value={row.machines[of]} of={row.delivered} />
      <Figure label="All together" value={row.all[of]} of={row.delivered} />
    </dl>
  </div>
);

function Estimate({ row }: { row: EngagementRow }) {
  const { estimated } = row;
  return (
    <div className={styles.estimate}>
      <span className={styles.estimateLabel}>Estimated open rate</span>
      {estimated === null ? (
        <Text size="sm" c="dimmed">
          <span className={styles.pending}>Not estimated yet</span> Apple loads images in advance, which hides whether
          those people looked. An estimate stands here once there is one that can be trusted.
        </Text>
      ) : (
        <Text size="sm">
          <strong>{percent(estimated.openRate)}</strong>, with 95% confidence between {percent(estimated.low)} and{' '}
          {percent(estimated.high)}.
        </Text>
      )}
    </div>
  );
}

export const CompositionSection = ({ row }: { row: EngagementRow }) => (
  <Section
    title="Who opened and clicked"
    about="Recipients, each counted once, as a share of those the message was delivered to."
  >
    <div className={styles.lines}>
      <Line label="Opened" row={row} of="opened" />
      <Line label="Clicked" row={row} of="clicked" />
    </div>
    <Estimate row={row} />
  </Section>
);
