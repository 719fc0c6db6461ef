/**
 * Every query, tried by somebody else: by kit/second-wall.ts, while all routes and flows of the program run. Here stands
 * also that the trying finds a hole where there is one, and that no statement of the source escapes it unnamed.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from './kit/account.ts';
import { type Ask, attemptsOf, tryAs, watchStatements, whatWasTried } from './kit/second-wall.ts';
import { isSite, sitesIn, statementSites } from './kit/statement-sites.ts';
import { triedElsewhere } from './kit/tried-elsewhere.ts';
import { beginsAs, untried } from './kit/untried-statements.ts';
import { type TestWorld, testWorld } from './kit/world.ts';

let world: TestWorld;
before(async () => {
  world = await testWorld();
});
after(() => world.close());

const askOf =
  (client: pg.Client): Ask =>
  (statement) =>
    client.query(statement) as never;

/** What somebody else who tries the statement of the account gets wrong; the first thing, or undefined. */
async function holeIn(
  client: pg.Client,
  account: string,
  text: string,
  values: unknown[],
): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    for (const attempt of attemptsOf({ text, values }, account)) {
      const hole = await tryAs(askOf(client), attempt);
      if (hole !== undefined) return hole;
    }
    return undefined;
  } finally {
    await client.query('ROLLBACK');
  }
}

test('the trying finds the hole where a table has lost its fence, for readers and for writers', async () => {
  const { accountId } = await createTestAccount(world);
  const client = new pg.Client(world.database.connection);
  await client.connect();
  const statements: [string, unknown[]][] = [
    ['SELECT name FROM api_keys WHERE account_id = current_account()', []],
    ['SELECT count(*)::int AS n FROM api_keys WHERE account_id = current_account()', []],
    ['UPDATE api_keys SET revoked_at = $1 WHERE account_id = current_account()', [new Date()]],
  ];
  for (const [text, values] of statements) assert.equal(await holeIn(client, accountId, text, values), undefined, text);
  await client.query('ALTER TABLE api_keys DISABLE ROW LEVEL SECURITY');
  for (const [text, values] of statements)
    assert.match((await holeIn(client, accountId, text, values)) ?? '', /is told|changes or removes/, text);
  await client.query('ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY');
  await client.end();
});

test('the trying finds a function that answers whoever guesses', async () => {
  await createTestAccount(world);
  const client = new pg.Client(world.database.connection);
  await client.connect();
  const asked = { text: 'SELECT account_id FROM account_of_api_key($1)', values: [Buffer.alloc(32)] };
  const guess = async (): Promise<string | undefined> => {
    await client.query('BEGIN; SET LOCAL ROLE waxwing_app');
    const [attempt] = attemptsOf(asked, undefined);
    const hole = attempt && (await tryAs(askOf(client), attempt));
    await client.query('ROLLBACK');
    return hole;
  };
  assert.equal(await guess(), undefined);
  await client.query(`CREATE OR REPLACE FUNCTION account_of_api_key(hash bytea) RETURNS TABLE (account_id uuid, key_id uuid,
    permissions text[], expires_at timestamptz, allowed_networks text[], maker_role text, maker_permissions text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT k.account_id, k.id, NULL::text[], NULL::timestamptz, NULL::text[], NULL, NULL::text[] FROM api_keys k $$`);
  assert.match((await guess()) ?? '', /is told/);
  await client.end();
});

// Every route of the program and the flows run once more, each of their statements tried by others.
watchStatements();
await import('./security.test.ts');
await import('./flows/message-goes-out.test.ts');
await import('./flows/message-is-erased.test.ts');
await import('./flows/recipient-unsubscribes.test.ts');
await import('./flows/report-is-read.test.ts');
await import('./audited-routes.test.ts');

test('others have tried every statement of the routes and flows, and saw and changed nothing', () => {
  const { tried, holes } = whatWasTried();
  assert.deepEqual(holes, []);
  assert.ok(tried >= 120, `${tried} statements were tried while there was something to see`);
});

const named = [...untried.map(({ files }) => files), ...Object.values(triedElsewhere)].flatMap((files) =>
  Object.entries(files),
);

test('every statement in the source was among them, or is named with the reason why nobody tries it', () => {
  const { texts } = whatWasTried();
  const sites = statementSites();
  assert.ok(sites.length > 500, `${sites.length} statements were found in the source`);
  const unseen = sites.filter((site) => !named.some(beginsAs(site)) && !texts.some(isSite(site)));
  assert.deepEqual(
    unseen.map(({ file, line }) => `${file}:${line}`),
    [],
    'no route or flow runs these: have one do so, or name them in kit/tried-elsewhere.ts, or in kit/untried-statements.ts with a reason',
  );
});

test('what is named as untried, or as tried elsewhere, stands in the source', () => {
  const sites = statementSites();
  const gone = named.flatMap(([file, beginnings]) =>
    beginnings
      .filter((begin) => !sites.some((site) => beginsAs(site)([file, [begin]])))
      .map((one) => `${file}: ${one}`),
  );
  assert.deepEqual(gone, []);
});

test('tests that try statements of their area are there, and watch them', () => {
  for (const file of Object.keys(triedElsewhere))
    assert.match(
      readFileSync(join(import.meta.dirname, '..', file), 'utf8'),
      /^tryStatementsHere\(import\.meta\.filename\);$/m,
      file,
    );
});

test('a statement is found by its tag and known again by its text, and a new one is not taken for another', () => {
  const source = [
    'const a = sql`',
    '  SELECT id FROM mail WHERE account_id = #{call({ x: `}` })} #{isFit ? sql`AND fit` : empty}`;',
    'const b = tx.query<Row>(sql`DELETE FROM mail WHERE id = #{id}`);',
  ]
    .join('\n')
    .replaceAll('#{', ['$', '{'].join(''));
  const [first, second, ...others] = sitesIn('mail.ts', source);
  assert.ok(first !== undefined && second !== undefined && others.length === 0);
  assert.deepEqual([first.line, second.line], [1, 3]);
  assert.ok(isSite(first)('\n  SELECT id FROM mail WHERE account_id = $1 AND fit'));
  assert.ok(isSite(second)('DELETE FROM mail WHERE id = $1'));
  assert.ok(
    !isSite(second)('DELETE FROM mail WHERE id = $1 AND account_id = $2 RETURNING id'.replace('id = $1', 'to = $1')),
  );
  assert.ok(!isSite(first)('SELECT id FROM post WHERE account_id = $1'));
});
