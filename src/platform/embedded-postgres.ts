/**
 * Runs a real PostgreSQL as a child process on a unix socket in the data directory, and keeps it running. It never
 * opens a TCP port, never runs as root, and never signals a process that it has not proved to be its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { lockDataDir } from './data-dir-lock.ts';
import { findBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import {
  type ClusterPlace,
  clusterPlace,
  createCluster,
  forgetKilledServer,
  forgetServer,
  recordServer,
} from './postgres-cluster.ts';
import { stopOrphan } from './postgres-orphan.ts';

export interface EmbeddedPostgres {
  readonly connection: pg.PoolConfig;
  /** The server process of the moment; another one after a restart. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  readonly now: Date;
  /** False: rows survive the death of any process, but not of the machine. For tests. */
  readonly isDurable?: boolean;
  readonly onRestart?: (why: string) => void;
}

const databaseName = 'waxwing';
const startDeadlineMs = 300_000; // a crash recovery may have gigabytes of log to replay
const maxServerLogBytes = 10 * 1024 * 1024;

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32')
    throw new Error('On Windows the embedded PostgreSQL is not supported. Set DATABASE_URL to a PostgreSQL ≥ 15.');
  const lock = lockDataDir(options.dataDir, options.now);
  try {
    const place = clusterPlace(options.dataDir);
    const binaries = findBinaries(place.runAs);
    await stopOrphan(place);
    forgetKilledServer(place);
    await createCluster(place, binaries, options.isDurable ?? true);
    const server = supervise(place, binaries, options);
    try {
      await server.ready;
      await createDatabase(place);
      recordServer(place);
    } catch (error) {
      await server.stop();
      throw error;
    }
    let stopped: Promise<void> | undefined;
    return {
      connection: connectionTo(place.socketFolder),
      get pid() {
        return server.pid;
      },
      stop() {
        stopped ??= (async () => {
          forgetServer(place);
          await server.stop();
          lock.release();
        })();
        return stopped;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** How to reach the server whose socket is in this folder. */
export const connectionTo = (socketFolder: string, database = databaseName): pg.PoolConfig => ({
  host: socketFolder,
  port: 5432,
  user: 'waxwing',
  database,
});

/** For 24 GiB and two cores, shared with Node. Every setting is one that the defaults get wrong for us. */
const settings = (place: ClusterPlace, isDurable: boolean): Record<string, string> => ({
  listen_addresses: '',
  unix_socket_directories: place.socketFolder,
  unix_socket_permissions: '0700',
  max_connections: '200',
  shared_buffers: isDurable ? '512MB' : '128MB',
  effective_cache_size: '4GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  wal_compression: 'pglz',
  checkpoint_timeout: '15min',
  wal_buffers: '16MB',
  jit: 'off',
  random_page_cost: '1.1',
  // A statement or a failing row in the log would be PHI.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  logging_collector: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  ...(isDurable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
});

interface Supervised {
  readonly ready: Promise<void>;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** What the supervisor knows of the server: how often it ended without having answered, and whether it is wanted. */
interface Watch {
  child: ChildProcess | undefined;
  failures: number;
  isStopping: boolean;
}

/** Starts the server and starts it again whenever it dies, until it is stopped. */
function supervise(place: ClusterPlace, binaries: PostgresBinaries, options: EmbeddedPostgresOptions): Supervised {
  const watch: Watch = { child: undefined, failures: 0, isStopping: false };
  const launch = (): void => {
    const child = launchServer(place, binaries, options.isDurable ?? true);
    watch.child = child;
    const ended = (why: string): void => {
      if (watch.child !== child) return;
      watch.child = undefined;
      if (watch.isStopping) return;
      watch.failures += 1;
      options.onRestart?.(`postgres ended (${why}); starting it again`);
      setTimeout(() => watch.isStopping || relaunch(), Math.min(5_000, 100 * 2 ** Math.min(watch.failures, 6)));
    };
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(signal ?? `status ${code}`));
  };
  const relaunch = (): void => {
    launch();
    waitUntilReady(place, watch).catch(() => undefined); // resets the count of failures
  };
  launch();
  return {
    ready: waitUntilReady(place, watch),
    get pid() {
      return watch.child?.pid;
    },
    async stop() {
      watch.isStopping = true;
      if (watch.child !== undefined) await stopServer(watch.child);
      if (place.isSocketFolderTemporary) rmSync(place.socketFolder, { recursive: true, force: true });
    },
  };
}

function launchServer(place: ClusterPlace, binaries: PostgresBinaries, isDurable: boolean): ChildProcess {
  const logSize = statSync(place.serverLog, { throwIfNoEntry: false })?.size ?? 0;
  if (logSize > maxServerLogBytes) truncateSync(place.serverLog);
  const log = openSync(place.serverLog, 'a', 0o600);
  const folder = openSync(place.folder, 'r');
  const options = Object.entries(settings(place, isDurable)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  try {
    return spawn(binaries.postgres, ['-D', place.folderForServer, ...options], {
      stdio: ['ignore', log, log, folder], // descriptor 3 is the data folder: see folderForServer
      detached: true, // a Ctrl-C at the terminal is for us; we stop the server when we are done with it
      cwd: '/',
      env: { LC_ALL: 'C', PATH: process.env.PATH ?? '' },
      ...place.runAs,
    });
  } finally {
    closeSync(log);
    closeSync(folder);
  }
}

async function waitUntilReady(place: ClusterPlace, watch: Watch): Promise<void> {
  const deadline = performance.now() + startDeadlineMs;
  const maxFailures = 8; // a stale postmaster.pid blocks for about a second after both processes were killed
  while (performance.now() < deadline && !watch.isStopping && watch.failures < maxFailures) {
    if (await answers(connectionTo(place.socketFolder, 'postgres'))) {
      watch.failures = 0;
      return;
    }
    await delay(25);
  }
  throw new Error(`The embedded PostgreSQL does not start. Its last words (${place.serverLog}):\n${lastWords(place)}`);
}

async function answers(connection: pg.PoolConfig): Promise<boolean> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const lastWords = (place: ClusterPlace): string =>
  existsSync(place.serverLog) ? readFileSync(place.serverLog, 'utf8').split('\n').slice(-12).join('\n') : '';

async function createDatabase(place: ClusterPlace): Promise<void> {
  const client = new pg.Client(connectionTo(place.socketFolder, 'postgres'));
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`);
  } finally {
    await client.end();
  }
}

/** SIGINT: disconnect everybody and write a checkpoint. SIGQUIT: end now, recover at the next start. */
async function stopServer(child: ChildProcess): Promise<void> {
  const ended = new Promise<true>((resolve) => {
    child.once('exit', () => resolve(true));
  });
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  for (const [signal, patienceMs] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    child.kill(signal);
    const waiting = new AbortController();
    const isOver = await Promise.race([ended, delay(patienceMs, false, { signal: waiting.signal }).catch(() => false)]);
    waiting.abort();
    if (isOver) return;
  }
}
