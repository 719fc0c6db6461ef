/**
 * Columns of a batch as PostgreSQL array literals. Ids, numbers, instants and our own words need no quoting, and quoting
 * each of ten thousand values a batch was the dearest thing the driver did.
 */

const plain = /^[\w.:+-]+$/;

/** Of values that are ours. A value that would need quoting is a mistake in this program and stops the batch. */
export function literal(values: readonly (string | number | boolean | null)[]): string {
  const items = values.map((value) =>
    value === null ? 'NULL' : typeof value === 'string' ? word(value) : String(value),
  );
  return `{${items.join(',')}}`;
}

function word(value: string): string {
  if (value === '') return '""';
  if (!plain.test(value) || value === 'NULL') throw new Error('a column of plain words holds another value');
  return value;
}

export const instants = (values: readonly (Date | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : value.toISOString())).join(',')}}`;

export const bytes = (values: readonly (Uint8Array | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : `"\\\\x${hexOf(value)}"`)).join(',')}}`;

const hexOf = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
