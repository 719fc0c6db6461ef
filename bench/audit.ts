/**
 * What an entry of the audit log costs beside a plain insert of the same columns, in turns; and looking into the log of an
 * account with five million entries beside one with fifty thousand. The entries are written by SQL, as acts leave them.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { readActivity } from '../src/audit/activity.ts';
import { record } from '../src/audit/index.ts';
import { type Found, listActions, searchEntries } from '../src/audit/search-store.ts';
import type { Conditions } from '../src/audit/search-ways.ts';
import { sql, type Tx } from '../src/platform/database.ts';
import { firstIdAt, newId } from '../src/platform/ids.ts';
import { createTestAccount } from '../test/kit/account.ts';
import { type TestWorld, testWorld } from '../test/kit/world.ts';

export interface AuditRun {
  readonly recordsPerSecond: number;
  readonly insertsPerSecond: number;
  /** Of this process and of PostgreSQL’s, for one entry. */
  readonly recordMicros: { readonly ours: number; readonly database: number };
  readonly insertMicros: { readonly ours: number; readonly database: number };
  readonly entries: number;
  readonly questions: readonly { readonly name: string; readonly ms: number; readonly ratio: number }[];
  /** A search that nothing meets, page after page to the end. */
  readonly through: { readonly pages: number; readonly ms: number };
}

const rounds = 12;
const entriesPerRound = 500;
const sizes = { small: 50_000, large: 5_000_000 };

export async function benchAudit(say: (line: string) => void, { small, large } = sizes): Promise<AuditRun> {
  const world = await testWorld();
  const owner = new pg.Client(world.database.connection);
  try {
    await owner.connect();
    const costs = await compareWriting(world, owner);
    const accounts = [];
    for (const entries of [small, large]) {
      const { accountId } = await createTestAccount(world);
      await fill(owner, accountId, entries, world.clock.now());
      accounts.push(accountId);
      say(`${entries} entries of one account stored`);
    }
    await owner.query('VACUUM (ANALYZE) audit_entries, audit_chain');
    const [few = '', many = ''] = accounts;
    const questions = [];
    for (const [name, ask] of Object.entries(questionsAt(world))) {
      const [atFew, atMany] = [await median(() => ask(few)), await median(() => ask(many))];
      say(`${name}: ${atFew.toFixed(2)} ms of ${small}, ${atMany.toFixed(2)} ms of ${large}`);
      questions.push({ name, ms: atMany, ratio: atMany / atFew });
    }
    const through = await goThrough(world, many);
    say(`what nothing meets, all through ${large}: ${through.pages} pages, ${Math.round(through.ms)} ms`);
    return { ...costs, entries: large, questions, through };
  } finally {
    await owner.end();
    await world.close();
  }
}

type Costs = Pick<AuditRun, 'recordsPerSecond' | 'insertsPerSecond' | 'recordMicros' | 'insertMicros'>;

async function compareWriting(world: TestWorld, owner: pg.Client): Promise<Costs> {
  const { accountId } = await createTestAccount(world);
  await owner.query(`CREATE TABLE plain_entries (LIKE audit_entries INCLUDING DEFAULTS, PRIMARY KEY (id));
                     GRANT INSERT ON plain_entries TO waxwing_app`);
  const spent = { record: new Spent(), insert: new Spent() };
  for (let round = -2; round < rounds; round += 1)
    for (const [what, write] of [
      ['record', recordOne],
      ['insert', insertPlainly],
    ] as const) {
      const took = await writing(world, accountId, write);
      if (round >= 0) spent[what].add(took);
    }
  return {
    recordsPerSecond: spent.record.perSecond(),
    insertsPerSecond: spent.insert.perSecond(),
    recordMicros: spent.record.micros(),
    insertMicros: spent.insert.micros(),
  };
}

interface Took {
  readonly wallMs: number;
  readonly oursMicros: number;
  readonly databaseMicros: number;
}

class Spent {
  readonly #rounds: Took[] = [];

  add(took: Took): void {
    this.#rounds.push(took);
  }

  perSecond = (): number => (1_000 * entriesPerRound) / medianOf(this.#rounds.map(({ wallMs }) => wallMs));

  /** The processor is counted in hundredths of a second: summed up over all rounds. */
  micros = (): { ours: number; database: number } => {
    const entries = this.#rounds.length * entriesPerRound;
    const sum = (of: (took: Took) => number): number => this.#rounds.reduce((all, one) => all + of(one), 0) / entries;
    return { ours: sum(({ oursMicros }) => oursMicros), database: sum(({ databaseMicros }) => databaseMicros) };
  };
}

/** So many in one transaction, one statement each: what an act adds to its own transaction, and no commit. */
const writing = (world: TestWorld, accountId: string, write: (tx: Tx, at: Date) => Promise<unknown>): Promise<Took> =>
  world.db.asAccount(accountId, async (tx) => {
    const [backend] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
    const pid = backend?.pid ?? 0;
    const before = { ours: process.cpuUsage(), database: processorOf(pid), at: performance.now() };
    for (let done = 0; done < entriesPerRound; done += 1) await write(tx, world.clock.now());
    const wallMs = performance.now() - before.at;
    const { user, system } = process.cpuUsage(before.ours);
    return { wallMs, oursMicros: user + system, databaseMicros: processorOf(pid) - before.database };
  });

const tickMicros = 10_000;

/** In microseconds; see proc_pid_stat(5), where utime and stime are the 14th and 15th, counted in hundredths of a second. */
function processorOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMicros;
}

const detail = { what: 'message' } as const;

const recordOne = (tx: Tx, at: Date): Promise<void> =>
  record(tx, {
    at,
    actor: { kind: 'api-key', id: '0198a0f4-0000-7000-8000-000000000001' },
    action: 'message.read',
    object: { kind: 'message', id: '0198a0f4-0000-7000-8000-000000000002' },
    detail,
  });

const insertPlainly = (tx: Tx, at: Date): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO plain_entries (account_id, id, at, actor_kind, actor_id, action, object_kind, object_id, outcome, detail,
                               department_id, reason_kind, reason_id, address_sealed, address_commitment)
    VALUES (current_account(), ${newId(at)}, ${at.toISOString()}, 'api-key', ${'0198a0f4-0000-7000-8000-000000000001'},
            ${'message.read'}, ${'message'}, ${'0198a0f4-0000-7000-8000-000000000002'}, ${'done'}, ${JSON.stringify(detail)},
            ${null}, ${null}, ${null}, ${null}, ${null})`);

/**
 * Of a year, as a busy clinic's: a program sends nearly all of it, 400 people look things up, the more the lower their
 * number, one of them in January only; a flood of refusals on one day; actions and departments of which the last are rare.
 */
async function fill(owner: pg.Client, accountId: string, entries: number, now: Date): Promise<void> {
  const yearMs = 365 * 86_400_000;
  await owner.query('BEGIN');
  await owner.query(`SET LOCAL session_replication_role = replica`); // neither the queue nor checks of rows that fit
  await owner.query(
    `CREATE TEMP TABLE made ON COMMIT DROP AS
       SELECT n, at, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
                      || '8' || lpad(to_hex(n), 15, '0'))::uuid AS id, n / 10 % 20 < 17 AS is_program,
              -- Squared: the first tenth of the people does a third of what people do.
              (400 * ((n * 7919 % 100003) / 100003.0) ^ 2)::int AS person, n > $3 * 0.6 AND n <= $3 * 0.62 AS is_flood
         FROM (SELECT n, $1::timestamptz - $2 * interval '1 millisecond' * (1 - n::float8 / $3) AS at
                 FROM generate_series(1, $3::bigint) AS n) AS spread`,
    [now.toISOString(), yearMs, entries],
  );
  await owner.query(
    `INSERT INTO audit_entries (account_id, id, at, actor_kind, actor_id, action, object_kind, object_id, outcome, detail, department_id)
     SELECT $1, id, at, CASE WHEN is_program THEN 'api-key' ELSE 'user' END,
            CASE WHEN is_flood THEN 'flooding key' WHEN is_program THEN 'program'
                 WHEN n % 5000 = 7 AND n < $2 * 0.1 THEN 'left in January' ELSE 'person-' || person END,
            CASE WHEN is_flood THEN 'access.refused' WHEN is_program THEN 'message.accepted' WHEN n % 20000 = 9 THEN 'backup.made'
                 WHEN n % 100 < 60 THEN 'message.read' WHEN n % 100 < 99 THEN 'report.read' ELSE 'settings.changed' END,
            CASE WHEN is_flood THEN 'permission' WHEN n % 100 < 60 OR is_program THEN 'message' ELSE 'report' END,
            'object-' || n / 20, CASE WHEN is_flood OR n % 5000 = 3 THEN 'refused' ELSE 'done' END, '{}',
            CASE WHEN is_program THEN NULL ELSE ('00000000-0000-7000-8000-' || lpad(to_hex(person % 30), 12, '0'))::uuid END FROM made`,
    [accountId, entries],
  );
  await owner.query(
    `INSERT INTO audit_chain (account_id, seq, entry_id, prev, hash)
     SELECT $1, 1000 + n, id, decode(md5(n::text), 'hex'), decode(md5(n::text), 'hex') FROM made`,
    [accountId],
  );
  await owner.query(
    `INSERT INTO audit_days (account_id, day, entries, refused)
     SELECT $1, (at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE is_flood OR n % 5000 = 3) FROM made GROUP BY 2
     ON CONFLICT DO NOTHING`,
    [accountId],
  );
  await owner.query('COMMIT');
}

const nothingAsked: Conditions = {
  beforeId: null,
  fromId: null,
  action: undefined,
  actorId: undefined,
  objectKind: undefined,
  objectId: undefined,
  outcome: undefined,
  departmentId: undefined,
  anyOf: undefined,
};

const departmentId = '00000000-0000-7000-8000-000000000007';
const summer = { fromId: firstIdAt(new Date('2026-06-01')), beforeId: firstIdAt(new Date('2026-07-01')) };

/** As the console asks: pages of fifty, one entry more to know whether there is another page. */
const searches: Readonly<Record<string, Partial<Conditions>>> = {
  'the newest': {},
  'a month': summer,
  'the program, nearly all': { actorId: 'program' },
  'somebody gone since January': { actorId: 'left in January' },
  'nobody that there is': { actorId: 'nobody' },
  'a rare action': { action: 'backup.made' },
  'an action of one in seven': { action: 'report.read' },
  'a kind of object': { objectKind: 'permission' },
  'one object': { objectId: 'object-77' },
  'what was done': { outcome: 'done' },
  'what was refused': { outcome: 'refused' },
  'one department': { departmentId },
  'refused in one department': { outcome: 'refused', departmentId },
  'done, among a flood of refusals': { outcome: 'done', action: 'access.refused' },
  'a frequent actor with a frequent action that never meet': { actorId: 'program', action: 'report.read' },
  'two frequent filters that often meet': { actorId: 'person-1', action: 'report.read' },
  'somebody gone since January, by a frequent action': { actorId: 'left in January', action: 'message.read' },
  'three conditions that nothing meets': { actorId: 'person-1', objectKind: 'permission', action: 'report.read' },
  'the same in a month': { actorId: 'program', action: 'report.read', ...summer },
  'words, by names and actions': { anyOf: { ids: ['person-3', 'person-4'], actions: ['backup.made', 'report.read'] } },
  'words that mean a hundred people': {
    anyOf: { ids: Array.from({ length: 101 }, (_, at) => `person-${at * 3}`), actions: ['settings.changed'] },
  },
  'words and a department that never meet': {
    anyOf: { ids: ['program'], actions: ['message.accepted'] },
    departmentId,
  },
  'words that nobody and nothing has': { anyOf: { ids: ['nothing'], actions: [] } },
};

function questionsAt(world: TestWorld): Readonly<Record<string, (accountId: string) => Promise<unknown>>> {
  const reading = (run: (tx: Tx) => Promise<unknown>) => (accountId: string) => world.db.readAccount(accountId, run);
  const searching = (wish: Partial<Conditions>) => reading((tx) => searchEntries(tx, { ...nothingAsked, ...wish }, 51));
  return {
    ...Object.fromEntries(Object.entries(searches).map(([name, wish]) => [name, searching(wish)])),
    'which actions there are': reading(listActions),
    'activity of 30 days': (accountId) => readActivity(world, accountId, 30),
    'activity of 366 days': (accountId) => readActivity(world, accountId, 366),
  };
}

/** What nothing meets, to the end of the log: how often somebody must ask, and how long all of it takes. */
async function goThrough(world: TestWorld, accountId: string): Promise<{ pages: number; ms: number }> {
  const wish = { ...nothingAsked, actorId: 'program', action: 'report.read' };
  const start = performance.now();
  let [pages, beforeId]: [number, string | null] = [0, null];
  do {
    const before: string | null = beforeId;
    const page: Found = await world.db.readAccount(accountId, (tx) =>
      searchEntries(tx, { ...wish, beforeId: before }, 51),
    );
    beforeId = page.searchedTo;
    pages += 1;
  } while (beforeId !== null);
  return { pages, ms: performance.now() - start };
}

async function median(ask: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = -3; round < 15; round += 1) {
    const start = performance.now();
    await ask();
    if (round >= 0) times.push(performance.now() - start);
  }
  return medianOf(times);
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Other sizes: `node bench/audit.ts 20000 400000`. */
if (import.meta.main) {
  const [small = sizes.small, large = sizes.large] = process.argv.slice(2).map(Number);
  console.log(JSON.stringify(await benchAudit((line) => console.error(line), { small, large }), null, 1));
}
