/** When people and machines came: a chart, and the same as a table for whoever prefers or needs one. */
import { Button, SegmentedControl, Skeleton, Text } from '@mantine/core';
import { IconChartBar, IconTable } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { readActivity } from '../../../src/contract/reports.ts';
import { count, plural } from '../../shared/format.ts';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { Legend } from '../elements/proportion-bar.tsx';
import { Section } from '../elements/section.tsx';
import { Answered } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { useTimeZone } from '../use-time-zone.ts';
import styles from './activity-section.module.css';
import { type Bar, barsOf, isBetterByDay, type Kind, type Step } from './activity-series.ts';
import type { LensQuery } from './lens.ts';

const ActivityChart = lazy(() => import('./activity-chart.tsx'));

const total = (bars: readonly Bar[], who: 'people' | 'machines') => bars.reduce((sum, bar) => sum + bar[who], 0);

const summaryOf = (bars: readonly Bar[], kind: Kind, step: Step): string =>
  `${kind === 'opens' ? 'Opens' : 'Clicks'} by ${step}, from ${bars[0]?.label} to ${bars.at(-1)?.label}: ` +
  `${count(total(bars, 'people'))} by people, ${count(total(bars, 'machines'))} by machines. The same numbers are in the table view.`;

const ActivityTable = ({ bars, kind, step }: { bars: readonly Bar[]; kind: Kind; step: Step }) => (
  <div className={styles.table}>
    <DataTable
      caption={`${kind === 'opens' ? 'Opens' : 'Clicks'} by ${step}`}
      columns={[
        { label: step === 'hour' ? 'Hour' : 'Day' },
        { label: 'People', isNumber: true },
        { label: 'Machines', isNumber: true },
      ]}
    >
      {bars
        .filter((bar) => bar.people + bar.machines > 0)
        .map((bar) => (
          <tr key={bar.label}>
            <Cell>{bar.label}</Cell>
            <Cell isNumber>{count(bar.people)}</Cell>
            <Cell isNumber>{count(bar.machines)}</Cell>
          </tr>
        ))}
    </DataTable>
  </div>
);

interface ChoicesProps {
  readonly kind: Kind;
  readonly step: Step;
  readonly asTable: boolean;
  onKind(kind: Kind): void;
  onStep(step: Step): void;
  onTable(asTable: boolean): void;
}

const Choices = ({ kind, step, asTable, onKind, onStep, onTable }: ChoicesProps) => (
  <>
    <SegmentedControl
      size="xs"
      aria-label="What to show"
      value={kind}
      onChange={(value) => onKind(value as Kind)}
      data={[
        { value: 'opens', label: 'Opens' },
        { value: 'clicks', label: 'Clicks' },
      ]}
    />
    <SegmentedControl
      size="xs"
      aria-label="Per hour or per day"
      value={step}
      onChange={(value) => onStep(value as Step)}
      data={[
        { value: 'hour', label: 'Hour' },
        { value: 'day', label: 'Day' },
      ]}
    />
    <Button
      size="xs"
      variant="default"
      onClick={() => onTable(!asTable)}
      leftSection={asTable ? <IconChartBar size={14} aria-hidden /> : <IconTable size={14} aria-hidden />}
    >
      {asTable ? 'Chart' : 'Table'}
    </Button>
  </>
);

function Shown({ bars, kind, step, asTable }: { bars: readonly Bar[]; kind: Kind; step: Step; asTable: boolean }) {
  if (bars.length === 0)
    return (
      <Text c="dimmed" size="sm" py="xl" ta="center">
        Nothing has been opened or clicked yet. Most people come within the first day.
      </Text>
    );
  if (asTable) return <ActivityTable bars={bars} kind={kind} step={step} />;
  return (
    <>
      <Legend machines="Machines" />
      <Suspense fallback={<Skeleton height={280} mt="md" />}>
        <ActivityChart bars={bars} summary={summaryOf(bars, kind, step)} />
      </Suspense>
    </>
  );
}

export function ActivitySection({ campaign, view }: { campaign: string; view: LensQuery['view'] }) {
  const [kind, setKind] = useState<Kind>('opens');
  const [chosenStep, setStep] = useState<Step | null>(null);
  const [asTable, setAsTable] = useState(false);
  const timeZone = useTimeZone();
  const byHour = useCall(readActivity, { query: { campaign, view, by: 'hour' } });
  const step = chosenStep ?? (isBetterByDay(byHour.data?.points ?? []) ? 'day' : 'hour');
  const activity = useCall(readActivity, { query: { campaign, view, by: step } });
  return (
    <Section
      title="Over time"
      about={`Every ${kind === 'opens' ? 'open' : 'click'}, repeated ones too. ${plural(activity.data?.points.length ?? 0, step)} with activity.`}
      aside={<Choices {...{ kind, step, asTable }} onKind={setKind} onStep={setStep} onTable={setAsTable} />}
    >
      <Answered answer={activity} label="Loading the activity" rows={8}>
        {({ points }) => <Shown bars={barsOf(points, kind, step, timeZone)} {...{ kind, step, asTable }} />}
      </Answered>
    </Section>
  );
}
