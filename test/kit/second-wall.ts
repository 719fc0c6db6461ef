/**
 * Each statement that the program runs for an account in this process is tried by others too, in a savepoint that is
 * rolled back: they must see nothing and change nothing.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';

/** Statements whose answer is the same for everybody, with the reason why it tells nothing. */
const tellNothing: readonly { readonly has: RegExp; readonly because: string }[] = [
  { has: /coalesce\(max\(version\), 1\) \+ 1 AS version/, because: 'counts up from nothing: the first number' },
  {
    has: /\bFROM backups\b/,
    because: 'of the installation: times and sizes of its backups, which belong to no account',
  },
  {
    has: /\bverified_by_another\(/,
    because: 'says of a sender domain, which is public, that it is somebody’s: nobody else may send by it',
  },
];

/** Of tests alone: a table that one made for itself, and plans. */
const ofATest = /\bINSERT INTO taken \(event_id\)|^\s*EXPLAIN\b/;

const somebodyElse = '00000000-0000-7000-8000-0000000e15e0';
const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Each statement is tried so often with something to see, and so often with nothing, in one process. */
const enoughTries = 2;

interface State {
  role: string | undefined;
  account: string | undefined;
  /** Statements of one connection wait for each other: savepoints must not interleave. */
  turn: Promise<unknown>;
}

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

interface Answer {
  readonly rows: Record<string, unknown>[];
  readonly rowCount: number | null;
}

export type Ask = (statement: string | { text: string; values: unknown[] }) => Promise<Answer>;

interface Attempt {
  readonly as: string;
  readonly set: string;
  readonly text: string;
  readonly values: unknown[];
  /** It may fill its own, empty account. */
  readonly mayInsert: boolean;
}

const isReading = (text: string): boolean => !/\b(insert into|update|delete from|merge into)\b/i.test(text);

/** Without an account somebody asks with a secret: then others do who have none. */
export function attemptsOf({ text, values }: Statement, account: string | undefined): Attempt[] {
  if (account === undefined) {
    const guessed = values.map((value) => {
      if (Buffer.isBuffer(value)) return guess(value);
      return typeof value === 'string' && uuidShape.test(value) ? randomUUID() : value;
    });
    return [{ as: 'whoever guesses', set: '', text, values: guessed, mayInsert: false }];
  }
  const other = `SET LOCAL ROLE waxwing_app; SET LOCAL waxwing.account = '${somebodyElse}'`;
  const nobody = `SET LOCAL ROLE waxwing_app; SET LOCAL waxwing.account = ''`;
  const reader = `SET LOCAL ROLE waxwing_reader; SET LOCAL waxwing.account = '${somebodyElse}'`;
  // The statement's own condition names the other account: what is left is the wall in the database.
  const naming = text.replaceAll('current_account()', `'${account}'::uuid`);
  const attempts = [
    { as: 'another account', set: other, text, values, mayInsert: true },
    { as: 'another account that names this one', set: other, text: naming, values, mayInsert: false },
    { as: 'no account', set: nobody, text: naming, values, mayInsert: false },
  ];
  return isReading(text)
    ? [...attempts, { as: 'a reader of another account', set: reader, text: naming, values, mayInsert: false }]
    : attempts;
}

/** Other bytes of the same shape: a value, or an array in PostgreSQL's binary form (see platform/columns.ts). */
function guess(secret: Buffer): Buffer {
  const isArray = secret.length > 20 && secret.readInt32BE(0) === 1 && secret.readInt32BE(4) <= 1;
  if (!isArray) return randomBytes(secret.length);
  const guessed = Buffer.from(secret);
  for (let at = 20; at < secret.length; ) {
    const sizeBytes = secret.readInt32BE(at);
    randomBytes(Math.max(0, sizeBytes)).copy(guessed, at + 4);
    at += 4 + Math.max(0, sizeBytes);
  }
  return guessed;
}

const changesSoFar = `SELECT coalesce(sum(n_tup_ins), 0)::int AS inserted,
  coalesce(sum(n_tup_upd + n_tup_del), 0)::int AS changed FROM pg_stat_xact_user_tables`;

async function countChanges(ask: Ask): Promise<{ inserted: number; changed: number }> {
  const { rows } = await ask(changesSoFar);
  return { inserted: Number(rows[0]?.inserted), changed: Number(rows[0]?.changed) };
}

/** Of class 23: a constraint; 42501: a privilege or a policy; P0001: a function says no. */
const isRefusal = (error: unknown): boolean => /^(23...|42501|P0001)$/.test(String((error as { code?: unknown }).code));

/** What is wrong with what somebody else got; undefined: nothing. */
export async function tryAs(ask: Ask, attempt: Attempt): Promise<string | undefined> {
  await ask('SAVEPOINT second_wall');
  try {
    if (attempt.set !== '') await ask(attempt.set);
    const before = isReading(attempt.text) ? undefined : await countChanges(ask);
    const { rows } = await ask({ text: attempt.text, values: attempt.values });
    const told = rows.find((row) => !saysNothing(row, attempt));
    if (told !== undefined) return `${attempt.as} is told ${JSON.stringify(told)}`;
    if (before === undefined) return undefined;
    const after = await countChanges(ask);
    if (after.changed > before.changed) return `${attempt.as} changes or removes a row`;
    return after.inserted > before.inserted && !attempt.mayInsert ? `${attempt.as} adds a row` : undefined;
  } catch (error) {
    return isRefusal(error) ? undefined : `${attempt.as} gets another error than a refusal: ${String(error)}`;
  } finally {
    await ask('ROLLBACK TO SAVEPOINT second_wall; RELEASE SAVEPOINT second_wall');
  }
}

function saysNothing(row: Record<string, unknown>, { text, values }: Attempt): boolean {
  if (tellNothing.some(({ has }) => has.test(text))) return true;
  const known = new Set(values.map((value) => JSON.stringify(value)));
  return Object.values(row).every(
    (value) =>
      value === null ||
      value === 0 ||
      value === false ||
      value === '' ||
      (Array.isArray(value) && value.length === 0) ||
      known.has(JSON.stringify(value)),
  );
}

/** Of the transaction itself. */
const ofTransaction = /^\s*(SAVEPOINT|RELEASE|ROLLBACK|SET)\b/i;

/** It names the columns of a table’s key, the same for everybody. */
const ofCatalogue = /^\s*SELECT names, types FROM key_of_table\(/;

const leftOut = (text: string): boolean => ofTransaction.test(text) || ofATest.test(text) || ofCatalogue.test(text);

const tries = new Map<string, { empty: number; withSomething: number }>();
const faults: string[] = [];

/** How many statements were tried while there was something to see or to change, and what was found. */
export const whatWasTried = (): {
  readonly tried: number;
  /** Those that were tried, with something to see or without. */
  readonly texts: readonly string[];
  readonly holes: readonly string[];
} => ({
  texts: [...tries.keys()],
  tried: [...tries.values()].filter(({ withSomething }) => withSomething > 0).length,
  holes: faults,
});

/**
 * What only reads is tried when there was something to see; what writes is taken back when there was something to change,
 * tried by others, and done once more.
 */
async function tried(ask: Ask, statement: Statement, state: State): Promise<Answer> {
  const isForAccount = state.role !== undefined && state.role !== 'waxwing_worker' && !leftOut(statement.text);
  const count = tries.get(statement.text) ?? { empty: 0, withSomething: 0 };
  const isDue = isForAccount && count.withSomething < enoughTries;
  const mustGoBack = isDue && !isReading(statement.text);
  if (mustGoBack) await ask('SAVEPOINT second_wall_own');
  const answer = await ask(statement);
  const hadSomething = (answer.rowCount ?? 0) > 0;
  const isTried = isDue && (hadSomething || count.empty < enoughTries);
  if (mustGoBack) await ask(`${isTried ? 'ROLLBACK TO' : 'RELEASE'} SAVEPOINT second_wall_own`);
  if (!isTried) return answer;
  tries.set(
    statement.text,
    hadSomething ? { ...count, withSomething: count.withSomething + 1 } : { ...count, empty: count.empty + 1 },
  );
  await tryByOthers(ask, statement, state.account);
  return mustGoBack ? ask(statement) : answer;
}

async function tryByOthers(ask: Ask, statement: Statement, account: string | undefined): Promise<void> {
  for (const attempt of attemptsOf(statement, account)) {
    const fault = await tryAs(ask, attempt);
    if (fault === undefined) continue;
    const message = `the second wall has a hole: ${fault}\n${statement.text}`;
    faults.push(message);
    throw new Error(message);
  }
}

/** Follows what the transaction says of itself: role and account are set by statements without parameters. */
function follow(state: State, text: string): void {
  if (/^(BEGIN|COMMIT|ROLLBACK)\b(?! TO)/i.test(text)) {
    state.role = undefined;
    state.account = undefined;
  }
  for (const [, role] of text.matchAll(/SET LOCAL ROLE (\w+)/g)) state.role = role;
  for (const [, account] of text.matchAll(/SET LOCAL waxwing\.account = '([^']*)'/g))
    state.account = account || undefined;
}

const states = new WeakMap<object, State>();

function stateOf(client: object): State {
  const state = states.get(client) ?? { role: undefined, account: undefined, turn: Promise.resolve() };
  states.set(client, state);
  return state;
}

const isStatement = (given: unknown): given is Statement =>
  typeof given === 'object' && given !== null && 'text' in given && 'values' in given && 'name' in given;

export function watchStatements(): void {
  const prototype = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown };
  const original = prototype.query;
  prototype.query = function watched(this: object, ...given: unknown[]): unknown {
    const [first] = given;
    const state = stateOf(this);
    if (!isStatement(first) || given.length > 1) {
      const text = typeof first === 'string' ? first : (first as { text?: unknown } | undefined)?.text;
      if (typeof text !== 'string' || given.length > 1) return original.apply(this, given);
      const control = state.turn.then(() => {
        follow(state, text);
        return original.apply(this, given);
      });
      state.turn = control.catch(() => undefined);
      return control;
    }
    const ask: Ask = (statement) => original.call(this, statement) as Promise<Answer>;
    const mine = state.turn.then(() => tried(ask, first, state));
    state.turn = mine.catch(() => undefined);
    return mine;
  };
  // Whoever swallows an error must not swallow this one.
  process.on('exit', () => {
    if (faults.length === 0) return;
    console.error(faults.join('\n'));
    process.exitCode = 1;
  });
}
