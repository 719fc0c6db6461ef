/** What the doctor makes of the limits of a process, and of whom the kernel hands its memory to. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkCoreDumps } from './check-core-dumps.ts';

const proc = mkdtempSync(join(tmpdir(), 'waxwing-proc-'));
after(() => rmSync(proc, { recursive: true, force: true }));

function statesOf(soft: string, pattern: string): readonly string[] {
  for (const folder of ['self', 'sys/kernel']) mkdirSync(join(proc, folder), { recursive: true });
  writeFileSync(
    join(proc, 'self', 'limits'),
    `Limit                     Soft Limit           Hard Limit           Units     \nMax stack size            8388608              unlimited            bytes     \nMax core file size        ${soft.padEnd(20)} unlimited            bytes     \n`,
  );
  writeFileSync(join(proc, 'sys', 'kernel', 'core_pattern'), `${pattern}\n`);
  return checkCoreDumps(proc).map(({ state, says }) => `${state} ${says.includes('/opt/keep') ? 'handed over' : ''}`);
}

test('where there is no /proc nothing is said', () => {
  assert.deepEqual(checkCoreDumps(join(proc, 'none')), []);
});

test('any limit but 0 is warned of; with 0 it matters who gets the memory', () => {
  assert.deepEqual(statesOf('0', 'core'), ['ok ']);
  assert.deepEqual(statesOf('unlimited', 'core'), ['warn ']);
  assert.deepEqual(statesOf('1024', '/var/crash/core.%p'), ['warn ']);
  assert.deepEqual(statesOf('0', '|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h'), ['ok ']);
  assert.deepEqual(statesOf('0', '|/opt/keep %p'), ['warn handed over']);
});
