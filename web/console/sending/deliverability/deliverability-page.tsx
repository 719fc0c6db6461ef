/** How well mail arrives, by recipient domain and day: from roll-ups, so that a million messages cost what one does. */
import { Button, SegmentedControl, Skeleton, Stack, Text, UnstyledButton } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { type EngagementRow, readEngagement } from '../../../../src/contract/reports.ts';
import { count, day, percent, plural, shareOf } from '../../../shared/format.ts';
import { Breakable } from '../../elements/breakable.tsx';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { useMay } from '../../use-may.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from '../queue/queue-page.module.css';
import {
  complaintFigure,
  complaintRate,
  complaintRules,
  complaintSentence,
  complaintSources,
} from './complaint-words.ts';
import { DomainSection } from './domain-section.tsx';
import { OutcomeBar, OutcomeLegend, onTheWay } from './outcome-bar.tsx';
import { ranges, useRange } from './range.ts';

const OutcomeChart = lazy(() => import('./outcome-chart.tsx'));
const shownAtFirst = 25;

const summaryOf = ({ sent, delivered, deferred, bounced }: EngagementRow, days: number): string =>
  `Mail of ${plural(days, 'day')}: ${count(sent)} sent, ${count(delivered)} delivered, ${count(deferred)} to be tried again, ${count(bounced)} bounced. The table below has the same by domain.`;

const barOf = ({ key, ...row }: EngagementRow) => ({ ...row, label: day(key) });

const Figure = ({ label, figure, children }: { label: string; figure: string; children: string }) => (
  <div>
    <dt className={styles.small}>{label}</dt>
    <dd style={{ margin: 0, display: 'grid', gap: '0.2rem' }}>
      <span className={styles.figure}>{figure}</span>
      <span className={styles.small}>{children}</span>
    </dd>
  </div>
);

const Figures = ({ totals }: { totals: EngagementRow }) => (
  <dl className={styles.cards} style={{ margin: 0, gridTemplateColumns: 'repeat(auto-fit, minmax(9rem, 1fr))' }}>
    <Figure label="Delivered" figure={percent(shareOf(totals.delivered, totals.sent))}>
      {`${count(totals.delivered)} of ${count(totals.sent)}`}
    </Figure>
    <Figure label="Bounced" figure={percent(shareOf(totals.bounced, totals.sent))}>
      {plural(totals.bounced, 'recipient')}
    </Figure>
    <Figure label="To be tried again" figure={percent(shareOf(totals.deferred, totals.sent))}>
      {plural(totals.deferred, 'recipient')}
    </Figure>
    <Figure label="On their way or dropped" figure={percent(shareOf(onTheWay(totals), totals.sent))}>
      {plural(onTheWay(totals), 'recipient')}
    </Figure>
    <Figure label="Called unwanted" figure={complaintRate(totals)}>
      {complaintFigure(totals)}
    </Figure>
  </dl>
);

const Rate = ({ part, of }: { part: number; of: number }) => (
  <>
    {percent(shareOf(part, of))} <span className={styles.small}>{count(part)}</span>
  </>
);

function Complaints({ row }: { row: EngagementRow }) {
  const sentence = complaintSentence(row);
  if (sentence === undefined) return <span className={styles.small}>Nobody</span>;
  return (
    <>
      {complaintRate(row)} <span className={styles.small}>{count(row.complained)}</span>
      <div className={styles.small}>{sentence}</div>
    </>
  );
}

function Domains({ rows, onChoose }: { rows: readonly EngagementRow[]; onChoose: ((domain: string) => void) | null }) {
  const [shown, setShown] = useState(shownAtFirst);
  return (
    <>
      <DataTable
        caption="Deliverability by recipient domain"
        columns={[
          { label: 'Domain' },
          { label: 'Sent', isNumber: true, isExtra: true },
          { label: 'What became of it', isExtra: true, width: '24%' },
          { label: 'Delivered', isNumber: true },
          { label: 'Bounced', isNumber: true },
          { label: 'To be tried again', isNumber: true, isExtra: true },
          { label: 'Complaints', isNumber: true },
        ]}
      >
        {rows.slice(0, shown).map((row) => (
          <tr key={row.key}>
            <Cell>
              {onChoose === null ? (
                <span className={styles.name}>
                  <Breakable>{row.key ?? ''}</Breakable>
                </span>
              ) : (
                <UnstyledButton
                  className={`quiet-link ${styles.name}`}
                  aria-label={`Recipients at ${row.key}`}
                  onClick={() => onChoose(row.key ?? '')}
                >
                  <Breakable>{row.key ?? ''}</Breakable>
                </UnstyledButton>
              )}
            </Cell>
            <Cell isNumber isExtra>
              {count(row.sent)}
            </Cell>
            <Cell isExtra>
              <OutcomeBar row={row} />
            </Cell>
            <Cell isNumber>
              <Rate part={row.delivered} of={row.sent} />
            </Cell>
            <Cell isNumber>
              <Rate part={row.bounced} of={row.sent} />
            </Cell>
            <Cell isNumber isExtra>
              <Rate part={row.deferred} of={row.sent} />
            </Cell>
            <Cell isNumber>
              <Complaints row={row} />
            </Cell>
          </tr>
        ))}
      </DataTable>
      {rows.length > shown && (
        <Button variant="default" mt="md" onClick={() => setShown(shown + 100)}>
          Show more
        </Button>
      )}
    </>
  );
}

export function DeliverabilityPage() {
  const may = useMay();
  const timeZone = useTimeZone();
  const { range, domain, since, setRange, setDomain } = useRange(timeZone);
  const byDomain = useCall(readEngagement, { query: { ...since, groupBy: 'recipientDomain' } });
  const byDay = useCall(readEngagement, { query: { ...since, groupBy: 'day' } });
  const maySeePeople = may({ needs: ['messages.read'] });
  return (
    <>
      <PageHead
        title="Deliverability"
        about="How much of your mail arrives, and where it does not. Each message counts on the day it was accepted."
        actions={<SegmentedControl aria-label="Time range" data={[...ranges]} value={range} onChange={setRange} />}
      />
      <Answered answer={byDomain} label="Loading the numbers">
        {({ rows, totals }) =>
          totals.sent === 0 ? (
            <Empty title="Nothing was sent in this time">Choose a longer time, or come back later.</Empty>
          ) : (
            <Stack gap="1.25rem">
              <Section title="All mail">
                <Figures totals={totals} />
              </Section>
              <Section title="By day" aside={<OutcomeLegend />}>
                <Answered answer={byDay} label="Loading the days" rows={6}>
                  {({ rows: days, totals: all }) => (
                    <Suspense fallback={<Skeleton height={240} mt="md" />}>
                      <OutcomeChart bars={days.map(barOf)} summary={summaryOf(all, days.length)} />
                    </Suspense>
                  )}
                </Answered>
              </Section>
              {domain !== null && maySeePeople && (
                <DomainSection key={domain} domain={domain} since={since} onClose={() => setDomain(null)} />
              )}
              <Section title="By recipient domain" about="The most mail first.">
                <Domains rows={rows} onChoose={maySeePeople ? setDomain : null} />
                <Text size="sm" c="dimmed" mt="md">
                  {complaintRules} {complaintSources}
                </Text>
              </Section>
            </Stack>
          )
        }
      </Answered>
    </>
  );
}
