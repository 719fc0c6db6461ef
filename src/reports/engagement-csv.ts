/** The engagement report as a table for spreadsheets. */
import type { EngagementReport, EngagementRow } from '../contract/reports.ts';
import { type CsvCell, csvOf } from '../core/report/csv.ts';
import { Answer } from '../platform/route.ts';

type Column = readonly [name: string, cell: (row: EngagementRow) => CsvCell];

const columns: readonly Column[] = [
  ['key', (row) => row.key],
  ['sent', (row) => row.sent],
  ['delivered', (row) => row.delivered],
  ['bounced', (row) => row.bounced],
  ['deferred', (row) => row.deferred],
  ['opened', (row) => row.opened],
  ['clicked', (row) => row.clicked],
  ['openRate', (row) => row.openRate],
  ['clickRate', (row) => row.clickRate],
  ['clickToOpenRate', (row) => row.clickToOpenRate],
  ['peopleOpened', (row) => row.people.opened],
  ['peopleClicked', (row) => row.people.clicked],
  ['machinesOpened', (row) => row.machines.opened],
  ['machinesClicked', (row) => row.machines.clicked],
  ['allOpened', (row) => row.all.opened],
  ['allClicked', (row) => row.all.clicked],
  ['anonymousOpens', (row) => row.anonymous?.opens ?? null],
  ['anonymousClicks', (row) => row.anonymous?.clicks ?? null],
  ['estimatedOpenRate', (row) => row.estimated?.openRate ?? null],
  ['estimatedLow', (row) => row.estimated?.low ?? null],
  ['estimatedHigh', (row) => row.estimated?.high ?? null],
  ['firstAcceptedDay', (row) => row.firstAcceptedDay],
  ['lastAcceptedDay', (row) => row.lastAcceptedDay],
  ['appleRecipients', (row) => row.estimated?.apple.recipients ?? null],
  ['appleEstimatedOpenRate', (row) => row.estimated?.apple.openRate ?? null],
  ['appleEstimatedLow', (row) => row.estimated?.apple.low ?? null],
  ['appleEstimatedHigh', (row) => row.estimated?.apple.high ?? null],
  ['estimateWithheld', (row) => row.estimateWithheld?.code ?? null],
  ['unsubscribed', (row) => row.unsubscribed],
  ['label', (row) => row.label],
  ['complained', (row) => row.complained],
];

export function engagementCsv(report: EngagementReport, readAt: Date): Answer {
  const header = columns.map(([name]) => name);
  const rows = report.rows.map((row) => columns.map(([, cell]) => cell(row)));
  // The name says what the numbers are; it holds no campaign's name, which browsers would keep in their history.
  const name = `engagement-by-${report.groupBy}-automated-${report.automatedEvents}-${readAt.toISOString().slice(0, 10)}.csv`;
  return new Answer(csvOf(header, rows), {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="${name}"`,
  });
}
