/** Whoever adds a table says in docs/retention.md how it grows and when its rows go. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { createTestDatabase } from '../../test/kit/database.ts';

test('every table has its line in docs/retention.md, and no line is about a table that there is not', async () => {
  const database = await createTestDatabase(true);
  const client = new pg.Client(database.connection);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
          AND relnamespace = 'public'::regnamespace AND relname <> 'schema_migrations' ORDER BY 1`,
    );
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'retention.md'), 'utf8');
    const part = text.slice(text.indexOf('## Every table'), text.indexOf('## Watching it'));
    const named = new Set([...part.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name));
    assert.deepEqual(
      rows.filter(({ name }) => !named.has(name)).map(({ name }) => name),
      [],
    );
    const there = new Set(rows.map(({ name }) => name));
    assert.deepEqual(
      [...named].filter((name) => name !== undefined && !there.has(name)),
      [],
    );
  } finally {
    await client.end();
    await database.drop();
  }
});
