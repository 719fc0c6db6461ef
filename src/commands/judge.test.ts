import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const cli = join(import.meta.dirname, '..', 'cli.ts');
const observations = `{"kind":"open","userAgent":"Mozilla/5.0"}\n`.repeat(3_000);

test('judge ends without a word when its reader has read enough, and not as if all had been told', async () => {
  const child = spawn(process.execPath, [cli, 'judge', '-'], { stdio: 'pipe' });
  let told = '';
  child.stderr.on('data', (part) => (told += String(part)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(observations);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  assert.deepEqual(await once(child, 'close'), [141, null]);
  assert.equal(told, '');
});

test('judge says so when its verdicts cannot be written', { skip: !existsSync('/dev/full') }, async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [cli, 'judge', '-'], { stdio: ['pipe', full, 'pipe'] });
  closeSync(full);
  let told = '';
  child.stderr?.on('data', (part) => (told += String(part)));
  child.stdin?.end(observations);
  assert.deepEqual(await once(child, 'close'), [1, null]);
  assert.equal(told, 'Standard output cannot be written (ENOSPC).\n');
});
