/** Keeps the shared test database running until nobody has used it for some minutes, then removes it. */
import { rmSync } from 'node:fs';
import pg from 'pg';
import { DataDirInUse } from '../../src/platform/data-dir-lock.ts';
import { connectionTo, startEmbeddedPostgres } from '../../src/platform/embedded-postgres.ts';
import { recordedSocketFolder } from '../../src/platform/postgres-cluster.ts';
import { sharedDataDir } from './cluster.ts';

const idleMs = 10 * 60_000;
const lookEveryMs = 15_000;

try {
  const server = await startEmbeddedPostgres({ dataDir: sharedDataDir, now: new Date(), isDurable: false });
  let usedAt = performance.now();
  const timer = setInterval(async () => {
    if (await isInUse().catch(() => false)) usedAt = performance.now();
    if (performance.now() - usedAt < idleMs) return;
    clearInterval(timer);
    await server.stop();
    rmSync(sharedDataDir, { recursive: true, force: true });
  }, lookEveryMs);
} catch (error) {
  if (!(error instanceof DataDirInUse)) throw error; // in use: another keeper was faster
}

async function isInUse(): Promise<boolean> {
  const client = new pg.Client(connectionTo(recordedSocketFolder(sharedDataDir) ?? '', 'postgres'));
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    return (rows[0]?.n ?? 0) > 0;
  } finally {
    await client.end();
  }
}
