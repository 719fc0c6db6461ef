/** What a database holds, as one sum a table: two that are equal hold the same rows, in whatever order. */
import pg from 'pg';

export async function contentsOf(connection: pg.PoolConfig): Promise<Map<string, string>> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
          AND relnamespace = 'public'::regnamespace AND relname NOT IN ('schema_migrations', 'backups')`,
    );
    const sums = new Map<string, string>();
    for (const { name } of rows) {
      const { rows: sum } = await client.query<{ sum: string }>(
        `SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') AS sum FROM ${name} t`,
      );
      sums.set(name, sum[0]?.sum ?? '');
    }
    return sums;
  } finally {
    await client.end();
  }
}
