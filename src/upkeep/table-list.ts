/** What the database's own catalogue says of our tables: columns, order, who refers to whom, counters. It changes nothing. */
import type pg from 'pg';

export interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
  /** Of its primary key, so that equal tables come out equal. */
  readonly orderBy: readonly string[];
}

/** Keys whose copies must end soon after what they open was erased. They are in no backup proper. */
export const endingKeyTables: readonly string[] = ['message_keys', 'request_keys'];

/**
 * What lies in the folder of keys: accounts' wrapping keys too, because messages' keys of a later day are under later ones.
 * Those that a backup's own values are under are in the backup as well, as accounts' first keys are.
 */
export const keyTables: readonly string[] = [...endingKeyTables, 'account_keys'];

/** Every table of ours, those that are referred to first. */
export async function readTables(client: pg.Client): Promise<TableShape[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; key: string[] | null; needs: string[] }>(`
    SELECT c.relname AS name,
           (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
           (SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_index i
              CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
             WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
           coalesce((SELECT array_agg(DISTINCT r.relname::text) FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
             WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conparentid = 0 AND r.oid <> c.oid), '{}') AS needs
      FROM pg_class c
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
       AND c.relname <> 'schema_migrations' ORDER BY c.relname`);
  const shapes = new Map(
    rows.map((row) => [row.name, { name: row.name, columns: row.columns, orderBy: row.key ?? row.columns }]),
  );
  const needs = new Map(rows.map((row) => [row.name, row.needs]));
  const ordered: TableShape[] = [];
  const place = (name: string, waiting: readonly string[]): void => {
    const shape = shapes.get(name);
    if (shape === undefined || ordered.includes(shape)) return;
    if (waiting.includes(name)) throw new Error(`tables refer to each other in a ring: ${waiting.join(', ')}`);
    for (const needed of needs.get(name) ?? []) place(needed, [...waiting, name]);
    ordered.push(shape);
  };
  for (const { name } of rows) place(name, []);
  return ordered;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const listOf = (names: readonly string[]): string => names.map(quoted).join(', ');

export const copyOutText = ({ name, columns, orderBy }: TableShape): string =>
  `COPY (SELECT ${listOf(columns)} FROM ${quoted(name)} ORDER BY ${listOf(orderBy)}) TO STDOUT (FORMAT binary)`;

export const copyInText = (name: string, columns: readonly string[]): string =>
  `COPY ${quoted(name)} (${listOf(columns)}) FROM STDIN (FORMAT binary)`;

/** The first days of the months that events are partitioned by. */
export async function readMonths(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ month: string }>(`
    SELECT substring(c.relname FROM '^events_(\\d{4}_\\d{2})$') AS month FROM pg_class c
     WHERE c.relispartition AND c.relname ~ '^events_\\d{4}_\\d{2}$' ORDER BY 1`);
  return rows.map(({ month }) => `${month.replace('_', '-')}-01`);
}

/** Numbers that the database gives by itself go on behind the highest that was restored. */
export async function advanceCounters(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; column: string }>(`
    SELECT c.relname AS name, a.attname AS column FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE a.attidentity <> '' AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition`);
  for (const { name, column } of rows)
    await client.query(
      `SELECT setval(pg_get_serial_sequence('${quoted(name)}', '${column}'), greatest(max(${quoted(column)}), 1), max(${quoted(column)}) IS NOT NULL)
         FROM ${quoted(name)}`,
    );
}
