import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DataDirInUse } from './data-dir-lock.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { recordedSocketFolder } from './postgres-cluster.ts';

const home = mkdtempSync(join(tmpdir(), 'wx-pg-'));
const toStop: EmbeddedPostgres[] = [];
const toKill: ChildProcess[] = [];
after(async () => {
  for (const child of toKill) child.kill('SIGKILL');
  for (const server of toStop) await server.stop();
  rmSync(home, { recursive: true, force: true });
});

const dataDirOf = (name: string): string => join(home, name);

async function startIn(name: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir: dataDirOf(name), now: new Date() });
  toStop.push(server);
  return server;
}

async function query(connection: pg.PoolConfig, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Polls until the server answers again. */
async function eventually(connection: pg.PoolConfig, text: string): Promise<Record<string, unknown>[]> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await query(connection, text);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** A process of its own that starts the server, writes rows one by one and reports each that was acknowledged. */
async function startWriter(
  name: string,
): Promise<{ child: ChildProcess; acknowledged: () => number; postgresPid: number }> {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, 'embedded-postgres.ts'))};
    import pg from 'pg';
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDirOf(name))}, now: new Date() });
    const client = new pg.Client(server.connection);
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS written (n serial PRIMARY KEY)');
    console.log('pid ' + server.pid);
    for (;;) console.log((await client.query('INSERT INTO written DEFAULT VALUES RETURNING n')).rows[0].n);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
  });
  toKill.push(child);
  let said = '';
  child.stdout?.on('data', (chunk) => {
    said += chunk;
  });
  const deadline = performance.now() + 60_000;
  while (said.split('\n').length < 12 && performance.now() < deadline) await delay(20);
  const lines = (): string[] => said.split('\n').slice(0, -1);
  return {
    child,
    acknowledged: () => Number(lines().at(-1)),
    postgresPid: Number(/pid (\d+)/.exec(said)?.[1]),
  };
}

const isRunning = (pid: number): boolean => {
  try {
    // A zombie has ended; nobody in a container may be there to collect it.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('rows are there after a stop and a start', async () => {
  const first = await startIn('again');
  await query(first.connection, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)');
  await first.stop();
  const second = await startIn('again');
  assert.deepEqual(await query(second.connection, 'SELECT n FROM kept'), [{ n: 7 }]);
});

test('it listens on no TCP port, keeps fsync on, and logs no statement', async () => {
  const server = await startIn('quiet');
  const [row] = await query(
    server.connection,
    `SELECT current_setting('listen_addresses') AS tcp, current_setting('fsync') AS fsync,
            current_setting('synchronous_commit') AS commit, current_setting('jit') AS jit`,
  );
  assert.deepEqual(row, { tcp: '', fsync: 'on', commit: 'on', jit: 'off' });
  await assert.rejects(query(server.connection, `SELECT 'ana@canary.example'::int`));
  await server.stop();
  assert.doesNotMatch(readFileSync(join(dataDirOf('quiet'), 'postgres.log'), 'utf8'), /SELECT .*canary/);
});

test('a second server on the same data directory is refused, and the holder is named', async () => {
  await startIn('twice');
  await assert.rejects(startIn('twice'), (error) => {
    assert.ok(error instanceof DataDirInUse);
    assert.match(error.message, new RegExp(`process ${process.pid}, started 20.* WAXWING_DATA_DIR`));
    return true;
  });
});

test('a data directory whose path is too long for a socket works', async () => {
  const name = join('long', 'x'.repeat(120));
  mkdirSync(dataDirOf(name), { recursive: true });
  const server = await startIn(name);
  assert.deepEqual(await query(server.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
  const socketFolder = String(server.connection.host);
  assert.equal(statSync(socketFolder).mode & 0o077, 0);
  await server.stop();
  assert.equal(statSync(socketFolder, { throwIfNoEntry: false }), undefined);
});

test('a server that was killed comes back by itself, with every row', async () => {
  const server = await startIn('killed');
  await query(server.connection, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
  const killed = server.pid;
  assert.ok(killed !== undefined);
  process.kill(killed, 'SIGKILL');
  assert.deepEqual(await eventually(server.connection, 'SELECT n FROM kept'), [{ n: 1 }]);
  assert.notEqual(server.pid, killed);
});

test('after kill -9 of our process its orphaned server is ended and every acknowledged row is kept', async () => {
  const writer = await startWriter('orphan');
  writer.child.kill('SIGKILL');
  await once(writer.child, 'close');
  assert.ok(isRunning(writer.postgresPid), 'the server outlives us');
  const itsSocketFolder = recordedSocketFolder(dataDirOf('orphan')) ?? '';
  const server = await startIn('orphan');
  assert.notEqual(server.pid, writer.postgresPid);
  assert.ok(!isRunning(writer.postgresPid));
  assert.ok(server.connection.host === itsSocketFolder || !existsSync(itsSocketFolder), 'no socket folder is left');
  const [row] = await query(server.connection, 'SELECT max(n) AS n FROM written');
  assert.ok(writer.acknowledged() >= 10);
  assert.ok(Number(row?.n) >= writer.acknowledged(), `${row?.n} rows of ${writer.acknowledged()}`);
});

test('after kill -9 of both processes the stale lock is healed and every acknowledged row is kept', async () => {
  const writer = await startWriter('both');
  process.kill(writer.postgresPid, 'SIGKILL');
  writer.child.kill('SIGKILL');
  await once(writer.child, 'close');
  const server = await startIn('both');
  const [row] = await query(server.connection, 'SELECT max(n) AS n FROM written');
  assert.ok(Number(row?.n) >= writer.acknowledged(), `${row?.n} rows of ${writer.acknowledged()}`);
});
