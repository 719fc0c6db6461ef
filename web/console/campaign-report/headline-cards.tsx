/** The four numbers a reader came for, each beside what a tool that cannot tell machines would say. */
import { Paper } from '@mantine/core';
import type { ReactNode } from 'react';
import type { EngagementRow } from '../../../src/contract/reports.ts';
import { count, percent, plural, shareOf } from '../../shared/format.ts';
import { ProportionBar } from '../elements/proportion-bar.tsx';
import styles from './headline-cards.module.css';

interface CardProps {
  readonly label: string;
  readonly figure: string;
  readonly beside: ReactNode;
  readonly bar?: ReactNode;
  readonly foot: ReactNode;
  readonly isPeople?: boolean;
}

const Card = ({ label, figure, beside, bar, foot, isPeople = false }: CardProps) => (
  <Paper className={styles.card ?? ''}>
    <dt className={styles.label}>{label}</dt>
    <dd className={styles.body}>
      <span className={styles.line}>
        <span className={isPeople ? `${styles.figure} ${styles.people}` : styles.figure}>{figure}</span>
        <span className={styles.beside}>{beside}</span>
      </span>
      {bar}
      <span className={styles.foot}>{foot}</span>
    </dd>
  </Paper>
);

/** The naive number is struck, because it is what this product exists to correct. */
const Naive = ({ naive, honest }: { naive: number | null; honest: number | null }) =>
  naive === null || naive === honest ? (
    <>No machine changed this number</>
  ) : (
    <>
      Other tools would say <s className={styles.struck}>{percent(naive)}</s>
    </>
  );

const peopleOnly = (share: number | null) => (
  <>
    Of these by people: <strong>{percent(share)}</strong>
  </>
);

interface RateCardProps {
  readonly row: EngagementRow;
  readonly isSuppressed: boolean;
}

function OpenedCard({ row, isSuppressed }: RateCardProps) {
  const honest = shareOf(row.people.opened, row.delivered);
  const naive = shareOf(row.all.opened, row.delivered);
  return (
    <Card
      label={isSuppressed ? 'Opened by people' : 'Opened by people or machines'}
      figure={percent(row.openRate)}
      beside={plural(row.opened ?? 0, 'recipient')}
      bar={<ProportionBar people={row.people.opened ?? 0} machines={row.machines.opened ?? 0} of={row.delivered} />}
      foot={isSuppressed ? <Naive naive={naive} honest={honest} /> : peopleOnly(honest)}
      isPeople={isSuppressed}
    />
  );
}

function ClickedCard({ row, isSuppressed }: RateCardProps) {
  const honest = shareOf(row.people.clicked, row.delivered);
  const naive = shareOf(row.all.clicked, row.delivered);
  return (
    <Card
      label={isSuppressed ? 'Clicked by people' : 'Clicked by people or machines'}
      figure={percent(row.clickRate)}
      beside={plural(row.clicked, 'recipient')}
      bar={<ProportionBar people={row.people.clicked} machines={row.machines.clicked} of={row.delivered} />}
      foot={isSuppressed ? <Naive naive={naive} honest={honest} /> : peopleOnly(honest)}
      isPeople={isSuppressed}
    />
  );
}

function ClickToOpenCard({ row, isSuppressed }: RateCardProps) {
  const honest = shareOf(row.people.clicked, row.people.opened ?? 0);
  const naive = shareOf(row.all.clicked, row.all.opened ?? 0);
  return (
    <Card
      label="Clicks per open"
      figure={percent(row.clickToOpenRate)}
      beside="of those who opened"
      foot={isSuppressed ? <Naive naive={naive} honest={honest} /> : peopleOnly(honest)}
      isPeople={isSuppressed}
    />
  );
}

function deliveryNotes(row: EngagementRow): string {
  const waiting = row.sent - row.delivered - row.bounced - row.deferred;
  const notes = [
    row.bounced > 0 ? `${count(row.bounced)} bounced` : '',
    row.deferred > 0 ? `${count(row.deferred)} still being tried` : '',
    waiting > 0 ? `${count(waiting)} on the way` : '',
  ].filter((note) => note !== '');
  return [...(notes.length === 0 ? ['Every message arrived'] : notes), ...objections(row)].join(' · ');
}

/** Who wanted no more of it, by its link, and who told their provider that it is unwanted. */
const objections = ({ unsubscribed, complained }: EngagementRow): string[] => [
  ...(unsubscribed > 0 ? [`${count(unsubscribed)} unsubscribed`] : []),
  ...(complained > 0 ? [`${count(complained)} complained`] : []),
];

const DeliveredCard = ({ row }: { row: EngagementRow }) => (
  <Card
    label="Delivered"
    figure={count(row.delivered)}
    beside={`of ${count(row.sent)} sent`}
    foot={deliveryNotes(row)}
  />
);

export const HeadlineCards = ({ row, isSuppressed }: RateCardProps) => (
  <dl className={styles.cards}>
    <OpenedCard row={row} isSuppressed={isSuppressed} />
    <ClickedCard row={row} isSuppressed={isSuppressed} />
    <ClickToOpenCard row={row} isSuppressed={isSuppressed} />
    <DeliveredCard row={row} />
  </dl>
);
