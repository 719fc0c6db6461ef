/** What other mail servers report of encryption on the way to this domain: by day, and what failed, in words. */
import { Skeleton, Stack, Text } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { readTlsReports, type TlsReports } from '../../../src/contract/tls-reports.ts';
import { count, plural } from '../../shared/format.ts';
import { type Column, classesOf, DataTable } from '../elements/data-table.tsx';
import { Section } from '../elements/section.tsx';
import { Answered } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import type { TlsBar } from './tls-chart.tsx';

const TlsChart = lazy(() => import('./tls-chart.tsx'));

const shortDay = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const dayMs = 86_400_000;
const shownDays = 30;
const labelOf = (day: string): string => shortDay.format(new Date(`${day}T00:00:00Z`));

/** A day of which nothing was reported is shown as one. */
function barsOf({ since, days }: TlsReports): TlsBar[] {
  const known = new Map(days.map((one) => [one.day, one]));
  return Array.from({ length: shownDays }, (_, index) => {
    const day = new Date(Date.parse(since) + index * dayMs).toISOString().slice(0, 10);
    return { label: labelOf(day), succeeded: known.get(day)?.succeeded ?? 0, failed: known.get(day)?.failed ?? 0 };
  });
}

function summaryOf({ days }: TlsReports): string {
  const sum = (name: 'succeeded' | 'failed'): number => days.reduce((total, one) => total + one[name], 0);
  return `In the last 30 days other servers reported ${plural(sum('succeeded'), 'encrypted connection')} and ${plural(sum('failed'), 'failed one')}.`;
}

const columns: readonly Column[] = [
  { label: 'Day' },
  { label: 'What failed' },
  { label: 'Mail server', isExtra: true },
  { label: 'Reported by' },
  { label: 'Connections', isNumber: true },
];

function Failures({ reports }: { reports: TlsReports['reports'] }) {
  const failures = reports.flatMap((report) => report.failures.map((failure) => ({ report, failure })));
  if (failures.length === 0) return null;
  return (
    <DataTable caption="What failed on the way to this domain" columns={columns}>
      {failures.map(({ report, failure }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is replaced as a whole
        <tr key={index}>
          <td>{labelOf(report.day)}</td>
          <td>
            {failure.about}
            {failure.reason !== null && ` They say: ${failure.reason}`}
          </td>
          <td className={classesOf({ isExtra: true })}>{failure.host ?? failure.address ?? '–'}</td>
          <td>{reporterOf(report)}</td>
          <td className={classesOf({ isNumber: true })}>{count(failure.sessions)}</td>
        </tr>
      ))}
    </DataTable>
  );
}

const reporterOf = ({ reporter, signedBy }: TlsReports['reports'][number]): string =>
  signedBy === null ? `${reporter}, not signed` : `${reporter}, signed by ${signedBy}`;

const noneYet = (place: string | null): string =>
  place === null
    ? 'This installation takes no reports: its operator has set no address for mail that comes back, and no HTTPS address of its own.'
    : 'No report has come yet. They come about once a day, from servers that send mail to this domain, once the record above is published and the domain is verified.';

export function TlsSection({ domain }: { domain: string }) {
  const answer = useCall(readTlsReports, { params: { domain } });
  return (
    <Section
      title="Encryption of mail that others send you"
      about="As other mail servers report it (TLS-RPT). A report by mail must be signed by the domain that sends it; one that comes by HTTPS is not signed and may be anybody’s. Nothing proves what a report says."
    >
      <Answered answer={answer} label="Loading the reports" rows={3}>
        {(found) =>
          found.days.length === 0 ? (
            <Text size="sm">{noneYet(found.address ?? found.url)}</Text>
          ) : (
            <Stack gap="sm">
              <Suspense fallback={<Skeleton h={160} />}>
                <TlsChart bars={barsOf(found)} summary={summaryOf(found)} />
              </Suspense>
              <Text size="sm">{summaryOf(found)}</Text>
              <Failures reports={found.reports} />
            </Stack>
          )
        }
      </Answered>
    </Section>
  );
}
