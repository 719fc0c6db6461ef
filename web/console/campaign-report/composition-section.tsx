/** What the opens and clicks are made of: people, machines only, and the two together. */
import { Title, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { EngagementRow } from '../../../src/contract/reports.ts';
import { count, percent, plural, shareOf } from '../../shared/format.ts';
import { MachinesMark, PeopleMark, ProportionBar } from '../elements/proportion-bar.tsx';
import { Section } from '../elements/section.tsx';
import styles from './composition-section.module.css';
import type { RecipientFilter } from './recipient-filter.ts';

interface LineProps {
  readonly label: string;
  readonly row: EngagementRow;
  readonly of: 'opened' | 'clicked';
  onOpen(filter: Partial<RecipientFilter>): void;
}

interface FigureProps {
  readonly label: ReactNode;
  /** Shows the recipients behind the number. */
  readonly open?: { readonly name: string; act(): void };
  readonly value: number | null;
  readonly of: number;
}

const Figure = ({ label, open, value, of }: FigureProps) => (
  <div className={styles.figure}>
    <dt>{label}</dt>
    <dd>
      <strong>{percent(shareOf(value, of))}</strong>{' '}
      {open === undefined ? (
        <span>{count(value)}</span>
      ) : (
        <UnstyledButton className={styles.open ?? ''} aria-label={`${count(value)}: ${open.name}`} onClick={open.act}>
          {count(value)}
        </UnstyledButton>
      )}
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

const openerOf = ({ label, of, onOpen }: LineProps, by: 'people' | 'machines') => ({
  name: `show who ${label.toLowerCase()}, ${by === 'people' ? 'people' : 'machines only'}`,
  act: () => onOpen({ [of === 'opened' ? 'openedBy' : 'clickedBy']: by }),
});

const Line = ({ label, row, of, onOpen }: LineProps) => (
  <div className={styles.line}>
    <Title order={3} className={styles.label ?? ''}>
      {label}
    </Title>
    <ProportionBar tall people={row.people[of] ?? 0} machines={row.machines[of] ?? 0} of={row.delivered} />
    <dl className={styles.figures}>
      <Figure
        label={people}
        open={openerOf({ label, row, of, onOpen }, 'people')}
        value={row.people[of]}
        of={row.delivered}
      />
      <Figure
        label={machines}
        open={openerOf({ label, row, of, onOpen }, 'machines')}
        value={row.machines[of]}
        of={row.delivered}
      />
      <Figure label="All together" value={row.all[of]} of={row.delivered} />
    </dl>
  </div>
);

/** Recipients who agreed to be counted only are in none of the numbers above. */
function Anonymous({ row: { anonymous } }: { row: EngagementRow }) {
  if (anonymous === null || anonymous.opens + anonymous.clicks === 0) return null;
  return (
    <p className={styles.anonymous}>
      Beside these, {plural(anonymous.opens, 'open')} and {plural(anonymous.clicks, 'click')} by recipients who may only
      be counted and are never joined to a person.
    </p>
  );
}

interface CompositionProps extends Pick<LineProps, 'row' | 'onOpen'> {}

export const CompositionSection = ({ row, onOpen }: CompositionProps) => (
  <Section
    title="Who opened and clicked"
    about="Recipients, each counted once, as a share of those the message was delivered to."
  >
    <div className={styles.lines}>
      <Line label="Opened" row={row} of="opened" onOpen={onOpen} />
      <Line label="Clicked" row={row} of="clicked" onOpen={onOpen} />
    </div>
    <Anonymous row={row} />
  </Section>
);
