/** How many people opened, with those whom Apple's prefetch hides: always as an interval, or the reason why there is none. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { EngagementRow } from '../../../src/contract/reports.ts';
import { percent, plural, shareOf } from '../../shared/format.ts';
import { BandSign, MarkSign, PointSign, RangeChart } from '../elements/range-chart.tsx';
import { Section } from '../elements/section.tsx';
import styles from './estimate-section.module.css';
import { type Interval, intervalWords } from './estimate-words.ts';

type Estimated = NonNullable<EngagementRow['estimated']>;

const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: `${at * 100}%` }));

const Sentence = ({ of, what }: { of: Interval; what: string }) => {
  const { low, high, guess } = intervalWords(of);
  return (
    <>
      <strong>
        Between {low} and {high}
      </strong>{' '}
      of {what} opened; best guess {guess}.
    </>
  );
};

const Sign = ({ sign, children }: { sign: ReactNode; children: ReactNode }) => (
  <li>
    {sign} {children}
  </li>
);

const Behind = ({ apple }: Pick<Estimated, 'apple'>) => (
  <p className={styles.behind}>
    Apple loaded the message of {plural(apple.recipients, 'recipient')} in advance, which hides whether anybody looked.{' '}
    <Sentence of={apple} what={apple.recipients === 1 ? 'that one' : 'these'} />
  </p>
);

function Told({ estimated, row }: { estimated: Estimated; row: EngagementRow }) {
  const seen = shareOf(row.people.opened, row.delivered);
  const { low, high, openRate } = estimated;
  return (
    <>
      <p className={styles.sentence}>
        <Sentence of={estimated} what="the recipients" />
      </p>
      <RangeChart low={low} high={high} point={openRate} ticks={ticks} {...(seen === null ? {} : { mark: seen })} />
      <ul className={styles.signs}>
        <Sign sign={<BandSign />}>Where the true rate lies, with 95% confidence</Sign>
        <Sign sign={<PointSign />}>Best guess</Sign>
        <Sign sign={<MarkSign />}>Opened by people, seen: {percent(seen)}</Sign>
      </ul>
      <Behind apple={estimated.apple} />
      <p className={styles.assumption}>
        <span>What it rests on</span> {estimated.assumption}
      </p>
    </>
  );
}

const Withheld = ({ text }: { text: string }) => (
  <Text size="sm" maw="46rem">
    <strong>No estimate.</strong> {text}
  </Text>
);

export function EstimateSection({ row }: { row: EngagementRow }) {
  const { estimated, estimateWithheld } = row;
  return (
    <Section
      title="Estimated open rate"
      about="The opens that were seen, and those that Apple’s prefetch hides. It counts people, however machines are counted above."
    >
      {estimated === null ? (
        <Withheld text={estimateWithheld?.text ?? 'Nothing is known that it could rest on.'} />
      ) : (
        <Told estimated={estimated} row={row} />
      )}
    </Section>
  );
}
