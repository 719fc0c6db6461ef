import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { bigints, bytes, days, instants, integers, jsons, texts, uuids } from './columns.ts';
import { sql } from './database.ts';

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase();
});
after(() => database.close());

/** As the server read it, in its own words. */
async function told(column: Buffer, type: string): Promise<string[]> {
  const statements = {
    uuid: sql`SELECT (${column}::uuid[])::text[] AS told`,
    int: sql`SELECT (${column}::int[])::text[] AS told`,
    bigint: sql`SELECT (${column}::bigint[])::text[] AS told`,
    timestamptz: sql`SELECT ARRAY(SELECT to_char(v AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') FROM unnest(${column}::timestamptz[]) AS v) AS told`,
    date: sql`SELECT (${column}::date[])::text[] AS told`,
    bytea: sql`SELECT ARRAY(SELECT encode(v, 'hex') FROM unnest(${column}::bytea[]) AS v) AS told`,
    text: sql`SELECT ${column}::text[] AS told`,
    jsonb: sql`SELECT (${column}::jsonb[])::text[] AS told`,
  };
  const statement = statements[type as keyof typeof statements];
  const [row] = await database.db.asWorker((tx) => tx.query<{ told: string[] }>(statement));
  return row?.told ?? [];
}

describe('columns', () => {
  it('carry ids, in either case, and none', async () => {
    const ids = [...Array.from({ length: 50 }, () => randomUUID()), '00000000-0000-0000-0000-000000000000'];
    assert.deepEqual(await told(uuids([...ids, null]), 'uuid'), [...ids, null]);
    assert.deepEqual(await told(uuids(ids.map((id) => id.toUpperCase())), 'uuid'), ids);
  });

  it('carry whole numbers of both sizes to their ends', async () => {
    const small = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), null];
    const large = [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, null];
    const written = (values: readonly (number | null)[]) =>
      values.map((value) => (value === null ? null : String(value)));
    assert.deepEqual(await told(integers(small), 'int'), written(small));
    assert.deepEqual(await told(bigints(large), 'bigint'), written(large));
  });

  it('carry moments and days before and after 2000', async () => {
    const moments = ['1969-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z', '2026-11-22T05:06:07.089Z'];
    assert.deepEqual(await told(instants([...moments.map((at) => new Date(at)), null]), 'timestamptz'), [
      ...moments,
      null,
    ]);
    const dates = ['1999-12-31', '2000-01-01', '2024-02-29', '2026-11-22'];
    assert.deepEqual(await told(days([...dates, null]), 'date'), [...dates, null]);
  });

  it('carry bytes, any text and JSON as they are', async () => {
    assert.deepEqual(await told(bytes([Buffer.from('00ff5c22', 'hex'), null, Buffer.alloc(0)]), 'bytea'), [
      '00ff5c22',
      null,
      '',
    ]);
    const words = ['', 'NULL', 'a "quoted", \\ {braced} word', 'Grüße 👋', null];
    assert.deepEqual(await told(texts(words), 'text'), words);
    const documents = ['{"a": "Grüße"}', '[]', 'null'];
    assert.deepEqual(await told(jsons(documents), 'jsonb'), documents);
  });

  it('are empty for no values', async () => {
    assert.deepEqual(await told(uuids([]), 'uuid'), []);
    assert.deepEqual(await told(texts([]), 'text'), []);
  });

  it('refuse values of another kind', () => {
    for (const id of ['', 'zz', `${randomUUID()}0`, randomUUID().replace('-', 'x').replaceAll(/\d/g, 'ü')])
      assert.throws(() => uuids([id]), RangeError);
    assert.throws(() => integers([2 ** 31]), RangeError);
    assert.throws(() => bigints([0.5]), RangeError);
    assert.throws(() => instants([new Date(Number.NaN)]), RangeError);
    assert.throws(() => days(['yesterday']), RangeError);
  });
});
