/** The server whose words nobody can take: its log lies on a full disk, and whoever started it has gone. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestDatabase } from '../../test/kit/database.ts';
import { until } from '../../test/kit/tracking.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-start-'));
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let owner: pg.Client;
let server: ChildProcess | undefined;

before(async () => {
  database = await createTestDatabase(true);
  owner = new pg.Client(database.connection);
  await owner.connect();
});
after(async () => {
  server?.kill('SIGKILL');
  await owner.end();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const skip = existsSync('/dev/full') ? false : 'this system has no /dev/full';

test('a server that cannot write its log, or tell anybody how to sign in, goes on and ends well', {
  skip,
}, async () => {
  const full = openSync('/dev/full', 'w');
  server = spawn(process.execPath, [join(import.meta.dirname, '..', 'cli.ts'), 'start'], {
    stdio: ['ignore', full, 'pipe'],
    env: {
      ...{ ...process.env, DATABASE_URL: database.connectionUrl, WAXWING_DATA_DIR: folder },
      ...{ WAXWING_KEY_FILE: join(folder, 'master.key'), WAXWING_NETWORKS_REFRESH_HOURS: 'off' },
      ...{ WAXWING_HTTP_PORT: '0', WAXWING_TRACKING_PORT: '0', WAXWING_SMTP_PORT: '0' },
    },
  });
  closeSync(full);
  server.stderr?.destroy();
  const ended = once(server, 'exit');
  const links = () => owner.query('SELECT FROM sign_in_links');
  const isOver = (): boolean => server?.exitCode !== null || server.signalCode !== null;
  await until(async () => isOver() || (await links()).rowCount === 1, 'the link to sign in is made', 60_000);
  server.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});
