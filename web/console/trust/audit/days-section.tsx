/** How much happened on each of the last days: a look tells an odd night from a quiet one; a bar leads to its entries. */
import { Skeleton, Text } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useSearchParams } from 'react-router';
import { type DayCounts, readAuditActivity } from '../../../../src/contract/audit.ts';
import { count, plural } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Answered } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import type { DayBar } from './days-chart.tsx';

const DaysChart = lazy(() => import('./days-chart.tsx'));

const shortDay = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });

const barOf = ({ day, entries, refused }: DayCounts): DayBar => ({
  day,
  label: shortDay.format(new Date(`${day}T00:00:00Z`)),
  done: Math.max(entries - refused, 0),
  refused,
});

function summaryOf(days: readonly DayCounts[]): string {
  const total = days.reduce((sum, { entries }) => sum + entries, 0);
  const refused = days.reduce((sum, one) => sum + one.refused, 0);
  const busiest = days.reduce((most, one) => (one.entries > most.entries ? one : most));
  const label = shortDay.format(new Date(`${busiest.day}T00:00:00Z`));
  return total === 0
    ? 'Nothing was written down in these days.'
    : `${plural(total, 'entry', 'entries')} in ${days.length} days, ${count(refused)} of them refused; most on ${label}.`;
}

export function DaysSection() {
  const answer = useCall(readAuditActivity, {});
  const [, setParameters] = useSearchParams();
  const show = (day: string) => setParameters({ since: day, until: day }, { replace: true, preventScrollReset: true });
  return (
    <Section title="The last 30 days" about="By day of UTC. A bar shows what happened then, in the list below.">
      <Answered answer={answer} label="Loading the days" rows={4}>
        {({ days }) => (
          <>
            <Suspense fallback={<Skeleton h={180} />}>
              <DaysChart bars={days.map(barOf)} summary={summaryOf(days)} onDay={show} />
            </Suspense>
            <Text size="sm" c="dimmed" mt="xs">
              {summaryOf(days)}
            </Text>
          </>
        )}
      </Answered>
    </Section>
  );
}
