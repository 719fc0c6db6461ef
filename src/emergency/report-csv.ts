/** What was read and done under an emergency access as a table for spreadsheets: a line for each message of each act. */
import type { EmergencyEntryBody } from '../contract/emergency.ts';
import { csvOf } from '../core/report/csv.ts';
import { Answer } from '../platform/route.ts';

const header = ['at', 'action', 'object', 'objectId', 'outcome', 'messageId'];

export function emergencyCsv(id: string, entries: readonly EmergencyEntryBody[]): Answer {
  const rows = entries.flatMap(({ at, action, object, outcome, messageIds }) =>
    (messageIds.length === 0 ? [null] : messageIds).map((messageId) => [
      ...[at, action, object.kind, object.id, outcome],
      messageId,
    ]),
  );
  return new Answer(csvOf(header, rows), {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="emergency-access-${id}.csv"`,
  });
}
