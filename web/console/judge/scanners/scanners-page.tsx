/** What was learned of the scanners before the recipients' mailboxes, domain by domain; taken away as CSV, switched off, forgotten. */
import { Button, Paper, Switch } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { listScannerHabits, type ScannerHabit } from '../../../../src/contract/habits.ts';
import { addressOf, call } from '../../../shared/client.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered, Empty, Failure } from '../../elements/states.tsx';
import { useSettings } from '../../settings/use-settings.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { ForgetDialog, type Forgotten } from './forget-dialog.tsx';
import { HabitCard } from './habit-card.tsx';
import styles from './scanners-page.module.css';

const useHabits = () =>
  useInfiniteQuery({
    queryKey: [listScannerHabits.name, 'pages'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => call(listScannerHabits, { query: { limit: 20, cursor: pageParam } }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

function Learning() {
  const { answer, save } = useSettings();
  const isLearning = answer.data?.learnScannerHabits ?? true;
  return (
    <Paper component="section" className={styles.learning ?? ''} aria-label="Learning">
      <Switch
        size="md"
        checked={isLearning}
        disabled={answer.data === undefined}
        onChange={(event) => save.mutate({ learnScannerHabits: event.currentTarget.checked })}
        label="Learn what scanners usually do"
        description={
          isLearning
            ? 'Only from verdicts that are settled and certain. What is learned is used as a probable sign, in this account alone.'
            : 'Nothing is learned and nothing is used. What was learned before stays until it is forgotten.'
        }
        classNames={{ label: styles.label ?? '', description: styles.description ?? '' }}
      />
      {save.error !== null && <Failure failure={save.error} onRetry={() => save.mutate(save.variables ?? {})} />}
    </Paper>
  );
}

const Nothing = () => (
  <Empty title="Nothing has been learned yet">
    A quarter of an hour after a scanner has come for certain, its delay, its bursts and its networks are counted here,
    by recipient domain.
  </Empty>
);

interface HabitsProps {
  readonly habits: readonly ScannerHabit[];
  onForget(what: Forgotten): void;
}

function Habits({ habits, onForget }: HabitsProps) {
  const timeZone = useTimeZone();
  return (
    <ul className={styles.habits} aria-label="Scanners, by recipient domain">
      {habits.map((habit) => (
        <HabitCard
          key={habit.domain}
          habit={habit}
          timeZone={timeZone}
          onForget={() => onForget({ domain: habit.domain })}
        />
      ))}
    </ul>
  );
}

const Actions = ({ onForget }: Pick<HabitsProps, 'onForget'>) => (
  <>
    <Button
      component="a"
      href={addressOf(listScannerHabits, { query: { format: 'csv' } })}
      download
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      CSV
    </Button>
    <Button variant="default" onClick={() => onForget('all')}>
      Forget all
    </Button>
  </>
);

export function ScannersPage() {
  const answer = useHabits();
  const [forgotten, setForgotten] = useState<Forgotten | null>(null);
  const hasHabits = (answer.data?.pages[0]?.habits.length ?? 0) > 0;
  return (
    <>
      <PageHead
        title="Scanners"
        about="Gateways follow links before anybody reads, and they are creatures of habit. This is what was learned of them, by recipient domain."
        actions={hasHabits && <Actions onForget={setForgotten} />}
      />
      <Learning />
      <Answered answer={answer} label="Loading the scanners" rows={8}>
        {({ pages }) => {
          const habits = pages.flatMap((page) => page.habits);
          return habits.length === 0 ? <Nothing /> : <Habits habits={habits} onForget={setForgotten} />;
        }}
      </Answered>
      <ShowMore answer={answer} />
      <ForgetDialog what={forgotten} onClose={() => setForgotten(null)} />
    </>
  );
}
