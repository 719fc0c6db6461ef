/**
 * Columns of a batch as PostgreSQL's binary arrays: what the driver sends as they are and the server takes without
 * reading text. Quoting and parsing each of ten thousand values a batch was the dearest thing on either side.
 */

/** Of pg_type.dat: fixed for good, since they are part of the binary form of every array. */
const oids = {
  bytea: 17,
  int8: 20,
  int4: 23,
  text: 25,
  date: 1082,
  timestamptz: 1184,
  uuid: 2950,
  jsonb: 3802,
} as const;

const headerBytes = 20;
const nullLength = -1;

/** array_recv in PostgreSQL's arrayfuncs.c: dimensions, nulls?, element type, length, lower bound, then each with its length. */
function opened(elementOid: number, length: number, valueBytes: number): Buffer {
  const array = Buffer.allocUnsafe(headerBytes + 4 * length + valueBytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(elementOid, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}

function fixedColumn<T>(
  elementOid: number,
  sizeBytes: number,
  values: readonly (T | null)[],
  write: (array: Buffer, at: number, value: T) => void,
): Buffer {
  const array = opened(elementOid, values.length, values.length * sizeBytes);
  let at = headerBytes;
  for (const value of values) {
    array.writeInt32BE(value === null ? nullLength : sizeBytes, at);
    at += 4;
    if (value === null) continue;
    write(array, at, value);
    at += sizeBytes;
  }
  return array.subarray(0, at);
}

export const uuids = (values: readonly (string | null)[]): Buffer => fixedColumn(oids.uuid, 16, values, writeUuid);

export const integers = (values: readonly (number | null)[]): Buffer =>
  fixedColumn(oids.int4, 4, values, (array, at, value) => array.writeInt32BE(value, at));

export const bigints = (values: readonly (number | null)[]): Buffer => fixedColumn(oids.int8, 8, values, writeBigint);

export const instants = (values: readonly (Date | null)[]): Buffer =>
  fixedColumn(oids.timestamptz, 8, values, (array, at, value) =>
    writeBigint(array, at, (value.getTime() - epochMs) * 1_000),
  );

/** Days written as YYYY-MM-DD. */
export const days = (values: readonly (string | null)[]): Buffer => fixedColumn(oids.date, 4, values, writeDay);

function writeDay(array: Buffer, at: number, value: string): void {
  const day = (Date.parse(value) - epochMs) / dayMs;
  if (!Number.isInteger(day)) throw new RangeError('a column of days holds another value');
  array.writeInt32BE(day, at);
}

const epochMs = Date.UTC(2000, 0, 1);
const dayMs = 86_400_000;

export function bytes(values: readonly (Uint8Array | null)[]): Buffer {
  const array = opened(
    oids.bytea,
    values.length,
    values.reduce((sum, value) => sum + (value?.length ?? 0), 0),
  );
  let at = headerBytes;
  for (const value of values) {
    array.writeInt32BE(value?.length ?? nullLength, at);
    at += 4;
    if (value === null) continue;
    array.set(value, at);
    at += value.length;
  }
  return array;
}

export const texts = (values: readonly (string | null)[]): Buffer => textColumn(oids.text, '', values);

/** JSON already written; its binary form is the version of that form and the text (jsonb_recv in jsonb.c). */
export const jsons = (values: readonly string[]): Buffer => textColumn(oids.jsonb, '\u0001', values);

function textColumn(elementOid: number, prefix: string, values: readonly (string | null)[]): Buffer {
  const longest = values.reduce((sum, value) => sum + prefix.length + 3 * (value?.length ?? 0), 0); // UTF-8 of a UTF-16 unit
  const array = opened(elementOid, values.length, longest);
  let at = headerBytes;
  for (const value of values) {
    const length = value === null ? nullLength : array.write(prefix + value, at + 4, 'utf8');
    array.writeInt32BE(length, at);
    at += 4 + Math.max(0, length);
  }
  return array.subarray(0, at);
}

/** Two's complement in two halves: BigInt costs more than the rest of the column. */
function writeBigint(array: Buffer, at: number, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError('a column of whole numbers holds another value');
  const high = Math.floor(value / 2 ** 32);
  array.writeInt32BE(high, at);
  array.writeUInt32BE(value - high * 2 ** 32, at + 4);
}

const noDigit = 0xff;
const nibbles = new Uint8Array(128).fill(noDigit);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  nibbles[digit.charCodeAt(0)] = value;
  nibbles[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Where the five groups of digits begin and end. */
const groups = [
  [0, 8],
  [9, 13],
  [14, 18],
  [19, 23],
  [24, 36],
] as const;

function writeUuid(array: Buffer, at: number, value: string): void {
  let to = at;
  let seen = value.length === 36 ? 0 : noDigit;
  for (const [begin, end] of groups)
    for (let from = begin; from < end; from += 2) {
      const high = nibbles[value.charCodeAt(from)] ?? noDigit;
      const low = nibbles[value.charCodeAt(from + 1)] ?? noDigit;
      seen |= high | low;
      array[to++] = (high << 4) | low;
    }
  if (seen > 0xf) throw new RangeError('a column of ids holds another value');
}
