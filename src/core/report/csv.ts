/**
 * Rows as CSV (RFC 4180) that a spreadsheet opens and does not run: a cell that would be taken for a formula is made
 * text. Text beyond ASCII begins with a byte order mark, without which Excel reads it in the local code page.
 */

export type CsvCell = string | number | null;

export const byteOrderMark = '\uFEFF';

/**
 * What spreadsheets take for the start of a formula: OWASP, "CSV Injection", with the full-width forms that some of
 * them fold. Leading spaces and quotes do not protect: importers trim them.
 */
const formulaStart = /^[\s'"\u00A0\u200B\uFEFF]*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

function textCell(value: string): string {
  const inert = formulaStart.test(value) || /^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n\t;']/.test(inert) || inert !== inert.trim() ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** Our own numbers are never formulas: a negative one stays a number. */
const cellText = (cell: CsvCell): string =>
  cell === null ? '' : typeof cell === 'number' ? String(cell) : textCell(cell);

const beyondAscii = /[^\0-\x7f]/;

/** A row with its line end, for who writes a table row by row. */
export const csvRow = (cells: readonly CsvCell[]): string => `${cells.map(cellText).join(',')}\r\n`;

export function csvOf(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  const text = [header, ...rows].map(csvRow).join('');
  return beyondAscii.test(text) ? byteOrderMark + text : text;
}
