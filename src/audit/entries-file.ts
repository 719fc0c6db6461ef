/** Found entries as a file: JSON lines, or a table for spreadsheets. */
import type { AuditEntryAnswer } from '../contract/audit.ts';
import { byteOrderMark, type CsvCell, csvRow } from '../core/report/csv.ts';
import type { ExportForm } from './search-entries.ts';

type Column = readonly [name: string, cell: (entry: AuditEntryAnswer) => CsvCell];

const columns: readonly Column[] = [
  ['at', ({ at }) => at],
  ['action', ({ action }) => action],
  ['outcome', ({ outcome }) => outcome],
  ['actorKind', ({ actor }) => actor.kind],
  ['actorId', ({ actor }) => actor.id],
  ['actorName', ({ actor }) => actor.name],
  ['departmentId', ({ department }) => department?.id ?? null],
  ['departmentName', ({ department }) => department?.name ?? null],
  ['objectKind', ({ object }) => object.kind],
  ['objectId', ({ object }) => object.id],
  ['objectName', ({ object }) => object.name],
  ['reasonKind', ({ reason }) => reason?.kind ?? null],
  ['reasonId', ({ reason }) => reason?.id ?? null],
  ['address', ({ address }) => address],
  ['detail', ({ detail }) => JSON.stringify(detail)],
  ['id', ({ id }) => id],
];

/** Rows leave one by one, and names may be beyond ASCII: the mark stands there always. */
export const csvForm: Pick<ExportForm, 'head' | 'lineOf'> = {
  head: byteOrderMark + csvRow(columns.map(([name]) => name)),
  lineOf: (entry) => csvRow(columns.map(([, cell]) => cell(entry))),
};

export const jsonForm: Pick<ExportForm, 'head' | 'lineOf'> = {
  head: '',
  lineOf: (entry) => `${JSON.stringify(entry)}\n`,
};
