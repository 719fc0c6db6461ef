/**
 * The PostgreSQL that tests run on: the one of `npm test`, or for a test file run alone a shared one that stays for a
 * few idle minutes. Rows in it survive no power cut, and need not.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { connectionTo } from '../../src/platform/embedded-postgres.ts';
import { recordedSocketFolder } from '../../src/platform/postgres-cluster.ts';

/** Names the socket folder of the server that `npm test` has started. */
export const clusterVariable = 'WAXWING_TEST_SOCKET_FOLDER';

const repository = createHash('sha256')
  .update(import.meta.dirname)
  .digest('hex')
  .slice(0, 8);
export const sharedDataDir = join(tmpdir(), `waxwing-test-${userInfo().uid}-${repository}`);

/** The socket folder of a running server. */
export async function testCluster(): Promise<string> {
  const given = process.env[clusterVariable];
  if (given !== undefined && given !== '') return given;
  return (await runningShared()) ?? startShared();
}

async function runningShared(): Promise<string | undefined> {
  const socketFolder = recordedSocketFolder(sharedDataDir);
  if (socketFolder === undefined) return undefined;
  const client = new pg.Client({ ...connectionTo(socketFolder, 'postgres'), connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return socketFolder;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Several test files may do this at once: one keeper wins the data directory, the others leave. */
async function startShared(): Promise<string> {
  mkdirSync(sharedDataDir, { recursive: true, mode: 0o700 });
  const deadline = performance.now() + 60_000;
  let spawnedAt = Number.NEGATIVE_INFINITY;
  while (performance.now() < deadline) {
    if (performance.now() - spawnedAt > 10_000) {
      spawnKeeper();
      spawnedAt = performance.now();
    }
    await delay(100);
    const socketFolder = await runningShared();
    if (socketFolder !== undefined) return socketFolder;
  }
  throw new Error(`the shared test database in ${sharedDataDir} does not start`);
}

function spawnKeeper(): void {
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'keep-cluster.ts')], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  keeper.unref();
}
