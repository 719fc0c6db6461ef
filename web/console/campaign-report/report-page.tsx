/** One campaign: who really opened and clicked, when, where and what; the machines beside them. */
import { Button, Stack } from '@mantine/core';
import { useRef, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { type EngagementReport, type EngagementRow, readEngagement } from '../../../src/contract/reports.ts';
import { count, dayRange, moment, percent, plural } from '../../shared/format.ts';
import { BackLink } from '../elements/back-link.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Answered, Empty } from '../elements/states.tsx';
import { viewSentences } from '../elements/views.ts';
import { useCall } from '../queries.ts';
import { useTimeZone } from '../use-time-zone.ts';
import { ActivitySection } from './activity-section.tsx';
import { DepartmentsSection, DomainsSection, LinksSection } from './breakdown-sections.tsx';
import { CompositionSection } from './composition-section.tsx';
import { EstimateSection } from './estimate-section.tsx';
import { HeadlineCards } from './headline-cards.tsx';
import { JudgedBy, rulesetWords } from './judged-by.tsx';
import { type Lens, useLens } from './lens.ts';
import { LensPanel } from './lens-panel.tsx';
import { everyone, type RecipientFilter } from './recipient-filter.ts';
import { RecipientsSection } from './recipients-section.tsx';
import { ReportActions } from './report-actions.tsx';
import styles from './report-page.module.css';

const Above = () => <BackLink to="/campaigns">Campaigns</BackLink>;

/** The report in one sentence, for whoever reads only one. */
function Summary({ row }: { row: EngagementRow }) {
  const byMachines = row.machines.opened ?? 0;
  return (
    <p className={styles.summary}>
      Of {plural(row.delivered, 'recipient')} reached, <strong>{count(row.people.opened)} people opened</strong> and{' '}
      <strong>{count(row.people.clicked)} clicked</strong>.
      {byMachines > 0 &&
        ` For ${count(byMachines)} more, only a machine loaded the message${row.delivered > 0 ? ` (${percent(byMachines / row.delivered)})` : ''}.`}
    </p>
  );
}

/** A printed page cannot be asked how it was counted, so it says so. */
function PrintNote({ report }: { report: EngagementReport }) {
  const timeZone = useTimeZone();
  return (
    <p className="print-only">
      Waxwing, {moment(new Date().toISOString(), timeZone)} ({timeZone}).{' '}
      {report.automatedEvents === 'excluded'
        ? 'Rates count people only; automated events are suppressed.'
        : 'Rates include automated events.'}{' '}
      {viewSentences[report.view]} Judged by {rulesetWords(report)}.
    </p>
  );
}

/** A number of the report opens the recipients behind it. */
function useDrill() {
  const [filter, setFilter] = useState<RecipientFilter>(everyone);
  const recipients = useRef<HTMLDivElement>(null);
  const open = (wanted: Partial<RecipientFilter>) => {
    setFilter({ ...everyone, ...wanted });
    recipients.current?.focus({ preventScroll: true });
    recipients.current?.scrollIntoView({ block: 'start' });
  };
  return { filter, setFilter, recipients, open };
}

interface BodyProps {
  readonly campaign: string;
  readonly report: EngagementReport;
  readonly lens: Lens;
  readonly isStale: boolean;
}

function Body({ campaign, report, lens, isStale }: BodyProps) {
  const row = report.rows[0];
  const { filter, setFilter, recipients, open } = useDrill();
  if (row === undefined)
    return (
      <Empty
        title="No mail of this campaign"
        action={
          <Button component={Link} to="/campaigns">
            To the campaigns
          </Button>
        }
      >
        Either nothing was sent under this name, or it has been erased.
      </Empty>
    );
  return (
    <>
      <Summary row={row} />
      <PrintNote report={report} />
      <LensPanel lens={lens} />
      <div className={styles.report} data-stale={isStale || undefined} aria-busy={isStale}>
        <HeadlineCards row={row} isSuppressed={report.automatedEvents === 'excluded'} />
        <Stack gap="1.25rem">
          <CompositionSection row={row} onOpen={open} />
          <EstimateSection row={row} />
          <ActivitySection campaign={campaign} view={lens.query.view} />
          <DomainsSection campaign={campaign} lens={lens.query} onOpen={open} />
          <LinksSection campaign={campaign} lens={lens.query} />
          <DepartmentsSection campaign={campaign} lens={lens.query} />
          <div ref={recipients} tabIndex={-1} className={styles.target}>
            <RecipientsSection campaign={campaign} view={lens.query.view} filter={filter} onFilter={setFilter} />
          </div>
        </Stack>
        <JudgedBy report={report} since={row.firstAcceptedDay} />
      </div>
    </>
  );
}

function Report({ campaign }: { campaign: string }) {
  const lens = useLens();
  const report = useCall(readEngagement, { query: { ...lens.query, campaign, groupBy: 'campaign' } });
  const row = report.data?.rows[0];
  return (
    <>
      <PageHead
        title={campaign}
        above={<Above />}
        about={
          row === undefined
            ? undefined
            : `Sent ${dayRange(row.firstAcceptedDay, row.lastAcceptedDay)} to ${plural(row.sent, 'recipient')}`
        }
        actions={<ReportActions campaign={campaign} lens={lens.query} />}
      />
      <Answered answer={report} label="Loading the report" rows={10}>
        {(data) => <Body campaign={campaign} report={data} lens={lens} isStale={report.isPlaceholderData} />}
      </Answered>
    </>
  );
}

export function ReportPage() {
  const [parameters] = useSearchParams();
  const campaign = parameters.get('campaign') ?? '';
  return <Report key={campaign} campaign={campaign} />;
}
