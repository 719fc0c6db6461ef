/** The report of an emergency access as files: JSON, or a table with a line for each message of each act. It decides nothing. */
import type { EmergencyAccessBody, EmergencyEntryBody } from '../contract/emergency.ts';
import { csvOf } from '../core/report/csv.ts';
import { Answer } from '../platform/route.ts';

type Report = EmergencyAccessBody & { readonly entries: readonly EmergencyEntryBody[] };

const header = ['at', 'action', 'object', 'objectId', 'outcome', 'messageId'];

export function reportAsCsv({ id, entries }: Report): Answer {
  const rows = entries.flatMap(({ at, action, object, outcome, messageIds }) =>
    (messageIds.length === 0 ? [null] : messageIds).map((messageId) => [
      ...[at, action, object.kind, object.id, outcome],
      messageId,
    ]),
  );
  return fileOf(id, 'csv', 'text/csv; charset=utf-8; header=present', csvOf(header, rows));
}

export const reportAsJson = (report: Report): Answer =>
  fileOf(report.id, 'json', 'application/json; charset=utf-8', report);

const fileOf = (id: string, ending: string, type: string, body: unknown): Answer =>
  new Answer(body, {
    'content-type': type,
    'content-disposition': `attachment; filename="emergency-access-${id}.${ending}"`,
  });
