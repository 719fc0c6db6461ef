/**
 * The one way to PostgreSQL. Every statement runs inside a transaction of a named role: `asAccount` and `readAccount`
 * see one account's rows, `asWorker` the queues of all. It knows no table and never runs as the owner of one.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Sql } from 'sql-template-tag';
import { type Ear, openEar } from './database-words.ts';

export type { Sql } from 'sql-template-tag';
export { default as sql, empty, join, raw } from 'sql-template-tag';

/** Inside a transaction. Statements run one after another on one connection. */
export interface Tx {
  query<Row extends object = Record<string, unknown>>(statement: Sql): Promise<Row[]>;
}

/** A transaction of the worker role, which may step into an account for a part of its work. */
export interface WorkerTx extends Tx {
  inAccount<T>(accountId: string, run: (tx: Tx) => Promise<T>): Promise<T>;
}

/** Whose rows a transaction may see; a caller is one. */
export interface Scope {
  readonly accountId: string;
  /** Only mail of these departments. Undefined: all. */
  readonly departments?: readonly string[] | undefined;
}

export interface Database {
  /** A transaction that sees and writes one account's rows; of a scope with departments, only their mail. */
  asAccount<T>(account: string | Scope, run: (tx: Tx) => Promise<T>): Promise<T>;
  /** A read-only transaction over one snapshot of the same. */
  readAccount<T>(account: string | Scope, run: (tx: Tx) => Promise<T>): Promise<T>;
  /** A transaction over the queues of all accounts; see the grants to waxwing_worker in migrations/. */
  asWorker<T>(run: (tx: WorkerTx) => Promise<T>): Promise<T>;
  /**
   * The same without waiting for the disk: what it wrote in the last moment before a crash of the database may be gone. For
   * marks that time would take back anyhow, such as leases.
   */
  asWorkerForNow<T>(run: (tx: WorkerTx) => Promise<T>): Promise<T>;
  /** One of the few functions that may be asked before an account is known. */
  askGate<Row extends object>(statement: Sql): Promise<Row[]>;
  /** Hears a word that other processes say, by a connection of its own. */
  listen(word: string, heard: () => void, say: () => Promise<void>): Ear;
  /** How many connections are open, idle, and how many callers wait for one. */
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  close(): Promise<void>;
}

/** The database did not answer: refused, gone, starting up or shutting down. Retrying later may help. */
export class DatabaseUnavailable extends Error {}

export interface DatabaseOptions {
  readonly connection: pg.PoolConfig;
  readonly maxConnections?: number;
  readonly statementTimeoutMs?: number;
  /** How long a new connection or the begin of a transaction may take; later statements get this beyond their own time. */
  readonly answerTimeoutMs?: number;
  readonly onIdleError?: (error: Error) => void;
}

const bigintOid = 20;
const dateOid = 1082;
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format !== 'binary' && oid === bigintOid) return Number;
    if (format !== 'binary' && oid === dateOid) return (day: string) => day;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const uuidOf = (id: string): string => {
  if (!uuidShape.test(id)) throw new Error('an id is not a uuid');
  return id;
};
const accountSetting = (accountId: string): string => `SET LOCAL waxwing.account = '${uuidOf(accountId)}'`;

function scopeSettings(scope: string | Scope): string {
  if (typeof scope === 'string') return accountSetting(scope);
  const { accountId, departments } = scope;
  if (departments === undefined) return accountSetting(accountId);
  return `${accountSetting(accountId)}; SET LOCAL waxwing.departments = '{${departments.map(uuidOf).join(',')}}'`;
}

export function openDatabase(options: DatabaseOptions): Database {
  const { answerTimeoutMs = 10_000, statementTimeoutMs = 60_000 } = options;
  const pool = new pg.Pool({
    connectionTimeoutMillis: answerTimeoutMs,
    ...options.connection,
    types,
    max: options.maxConnections ?? 10,
    application_name: 'waxwing',
    statement_timeout: statementTimeoutMs,
    // The server ends what it still can; a frozen one, or a dead network, says nothing for ever.
    query_timeout: statementTimeoutMs + answerTimeoutMs,
    idle_in_transaction_session_timeout: 60_000,
  });
  let isClosed = false;
  pool.on('error', (error) => {
    if (!isClosed) options.onIdleError?.(error); // what ends because we end is no loss
  });

  const transact = async <T>(begin: string, run: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error: Error) => Promise.reject(asUnavailable(error)));
    let broken: Error | boolean = false;
    // A client that loses its connection while it is lent out says so by an event of its own, which unheard ends the process.
    const onLost = (error: Error): void => {
      broken = error;
    };
    client.on('error', onLost);
    // pg's own types leave the timeout of a single query out.
    const opening: pg.QueryConfig & { query_timeout: number } = { text: begin, query_timeout: answerTimeoutMs };
    try {
      await client.query(opening);
      const result = await run(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      if (isUnanswered(error)) broken = true;
      else
        await client.query('ROLLBACK').catch((rollbackError: Error) => {
          broken = rollbackError;
        });
      throw asUnavailable(error);
    } finally {
      client.removeListener('error', onLost);
      client.release(broken);
    }
  };

  return {
    asAccount: (account, run) =>
      transact(`BEGIN; SET LOCAL ROLE waxwing_app; ${scopeSettings(account)}`, (client) => run(plainTx(client))),
    readAccount: (account, run) =>
      transact(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE waxwing_reader; ${scopeSettings(account)}`,
        (client) => run(plainTx(client)),
      ),
    asWorker: (run) => transact('BEGIN; SET LOCAL ROLE waxwing_worker', (client) => run(workerTx(client))),
    asWorkerForNow: (run) =>
      transact('BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL ROLE waxwing_worker', (client) =>
        run(workerTx(client)),
      ),
    askGate: (statement) =>
      transact('BEGIN; SET LOCAL ROLE waxwing_app', (client) => plainTx(client).query(statement)) as never,
    listen: (word, heard, say) => openEar(options.connection, { word, heard, say }),
    connections: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close() {
      isClosed = true;
      return pool.end();
    },
  };
}

const plainTx = (client: pg.PoolClient): Tx => ({
  async query<Row extends object>(statement: Sql): Promise<Row[]> {
    const result = await client.query<Row>({
      name: statementName(statement.text),
      text: statement.text,
      values: statement.values,
    });
    return result.rows;
  },
});

const workerTx = (client: pg.PoolClient): WorkerTx => ({
  ...plainTx(client),
  async inAccount(accountId, run) {
    await client.query(`SET LOCAL ROLE waxwing_app; ${accountSetting(accountId)}`);
    const result = await run(plainTx(client));
    await client.query(`SET LOCAL ROLE waxwing_worker; SET LOCAL waxwing.account = ''`);
    return result;
  },
});

/** Equal texts share one prepared statement; the bound keeps a caller who builds texts from filling the server. */
const statementNames = new Map<string, string>();
const maxStatementNames = 1_000;

function statementName(text: string): string | undefined {
  const known = statementNames.get(text);
  if (known !== undefined || statementNames.size >= maxStatementNames) return known;
  const name = `w${createHash('sha256').update(text).digest('base64url').slice(0, 20)}`;
  statementNames.set(text, name);
  return name;
}

/** SQLSTATE classes 08 (connection), 53 (resources) and 57P0x (shutdown, starting up). PostgreSQL docs, appendix A. */
const unavailableState = /^(08...|53...|57P0.)$/;
const unavailableErrno = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What pg says at the end of `query_timeout`; on that connection nothing further will be answered in time. */
const isUnanswered = (error: unknown): boolean => error instanceof Error && error.message === 'Query read timeout';

/** The same error, or DatabaseUnavailable when that is what it says. */
export function asUnavailable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseUnavailable) return error;
  const code = (error as { code?: unknown }).code;
  const gone =
    isUnanswered(error) ||
    (typeof code === 'string' && (unavailableState.test(code) || unavailableErrno.has(code))) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      error.message,
    );
  return gone ? new DatabaseUnavailable('the database does not answer', { cause: error }) : error;
}
