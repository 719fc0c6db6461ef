/** What one domain's scanner usually does, and whether that is used. */
import { Button, Paper, Title } from '@mantine/core';
import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ScannerHabit } from '../../../../src/contract/habits.ts';
import { count, dayOfMoment, plural } from '../../../shared/format.ts';
import { RangeChart } from '../../elements/range-chart.tsx';
import { actorName } from '../../verdict/words.ts';
import { meaningOf } from '../networks/list-words.ts';
import { delayWords, placeOf, ticks } from './delay-axis.ts';
import styles from './scanners-page.module.css';

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const Delay = ({ delay }: { delay: NonNullable<ScannerHabit['delay']> }) => (
  <div className={styles.delay}>
    <p>
      Comes <strong>{delayWords(delay.medianMs)}</strong> after delivery; nine times in ten between{' '}
      {delayWords(delay.lowMs)} and {delayWords(delay.highMs)}.
    </p>
    <RangeChart
      isOfMachines
      low={placeOf(delay.lowMs)}
      high={placeOf(delay.highMs)}
      point={placeOf(delay.medianMs)}
      ticks={ticks}
    />
  </div>
);

const burstWords = ({ median, most }: NonNullable<ScannerHabit['burstLinks']>): string =>
  median === most ? plural(median, 'link') : `${plural(median, 'link')}, at most ${count(most)}`;

/** Several lists may name one network. */
function networkWords({ networks, learnedBlocks }: ScannerHabit): string {
  const known = [...Map.groupBy(networks, ({ class: of }) => meaningOf(of))].map(
    ([meaning, ofClass]) =>
      `${meaning} (${plural(Math.max(...ofClass.map(({ copies }) => copies)), 'copy', 'copies')})`,
  );
  const own = learnedBlocks > 0 ? [`${plural(learnedBlocks, 'network')} of its own`] : [];
  return [...known, ...own].join(', ') || 'None that is known';
}

function daysWords({ firstSeenAt, lastSeenAt }: ScannerHabit, timeZone: string): string {
  const [first, last] = [dayOfMoment(firstSeenAt, timeZone), dayOfMoment(lastSeenAt, timeZone)];
  return first === last ? first : `${first} to ${last}`;
}

const Facts = ({ habit, timeZone }: { habit: ScannerHabit; timeZone: string }) => (
  <dl className={styles.facts}>
    <Fact name="Copies handled">{count(habit.copies)}</Fact>
    {habit.burstLinks !== null && <Fact name="Links a copy">{burstWords(habit.burstLinks)}</Fact>}
    <Fact name="Seen as">{habit.actors.map(({ actor }) => actorName(actor)).join(', ') || 'Nobody known'}</Fact>
    <Fact name="Networks">{networkWords(habit)}</Fact>
    <Fact name="First and last seen">{daysWords(habit, timeZone)}</Fact>
  </dl>
);

const Use = ({ habit }: { habit: ScannerHabit }) =>
  habit.isUsed ? (
    <p className={styles.used}>
      <IconCircleCheck size={16} aria-hidden /> Used: hits that fit it are probably the scanner’s.
    </p>
  ) : (
    <p className={styles.unused}>
      <IconCircleDashed size={16} aria-hidden />
      <span>Not used. {habit.whyNotUsed}</span>
    </p>
  );

interface HabitCardProps {
  readonly habit: ScannerHabit;
  readonly timeZone: string;
  onForget(): void;
}

export const HabitCard = ({ habit, timeZone, onForget }: HabitCardProps) => (
  <Paper component="li" className={styles.habit ?? ''}>
    <div className={styles.head}>
      <Title order={2}>{habit.sentence}</Title>
      <Button size="xs" variant="default" aria-label={`Forget the scanner of ${habit.domain}`} onClick={onForget}>
        Forget
      </Button>
    </div>
    {habit.delay !== null && <Delay delay={habit.delay} />}
    <Facts habit={habit} timeZone={timeZone} />
    <Use habit={habit} />
  </Paper>
);
