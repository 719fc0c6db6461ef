import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { openTestDatabase } from '../test/kit/database.ts';
import { readConfig } from './config.ts';
import { startProgram } from './main.ts';
import { systemClock } from './platform/world.ts';

test('a process without the tracking host names its hit counters all the same', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-web-'));
  const database = await openTestDatabase();
  const { config } = readConfig({
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: dataDir,
    WAXWING_KEY_FILE: join(dataDir, 'master.key'),
    WAXWING_ROLES: 'web',
    WAXWING_HTTP_PORT: '0',
    WAXWING_NETWORKS_REFRESH_HOURS: 'off',
  });
  const program = await startProgram(config, { clock: systemClock, log: pino({ level: 'silent' }) });
  try {
    assert.equal(program.ports.tracking, undefined);
    const metrics = await (await fetch(`http://127.0.0.1:${program.ports.http}/metrics`)).text();
    assert.match(metrics, /^waxwing_hits_total\{state="journaled"\} 0$/m);
    assert.match(metrics, /^waxwing_hits_total\{state="drained"\} 0$/m);
  } finally {
    await program.close();
    await database.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
