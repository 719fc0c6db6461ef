import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testWorld } from '../../test/kit/world.ts';
import { checkKeyOfInstallation, WrongKey } from './installation.ts';
import { openMasterKey } from './master-key.ts';
import { openVault } from './vault.ts';

const home = mkdtempSync(join(tmpdir(), 'waxwing-key-'));
after(() => rmSync(home, { recursive: true, force: true }));

test('the key is made once, for its owner alone', () => {
  const file = join(home, 'new', 'data.key');
  const key = openMasterKey(file);
  assert.equal(key.length, 32);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(openMasterKey(file), key);
});

test('several processes that make the key at once end up with the same one', () => {
  const file = join(home, 'raced.key');
  const script = `import { openMasterKey } from ${JSON.stringify(join(import.meta.dirname, 'master-key.ts'))};
    console.log(openMasterKey(${JSON.stringify(file)}).toString("hex"));`;
  const command = `for i in 1 2 3 4; do "${process.execPath}" --input-type=module-typescript -e '${script}' & done; wait`;
  const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8', cwd: import.meta.dirname });
  const keys = stdout.trim().split('\n');
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
});

test('a key that others may read is refused, with the command that helps', () => {
  const file = join(home, 'open.key');
  openMasterKey(file);
  chmodSync(file, 0o640);
  assert.throws(() => openMasterKey(file), /Others may read .*open\.key\. Run: chmod 600/);
});

test('a file that is no key is refused and left alone', () => {
  const file = join(home, 'other.key');
  writeFileSync(file, 'not a key\n', { mode: 0o600 });
  assert.throws(() => openMasterKey(file), /does not hold a Waxwing key/);
});

test('a key of another installation is noticed at the start', async () => {
  const world = await testWorld();
  try {
    await checkKeyOfInstallation(world.db, world.vault, world.clock.now());
    await checkKeyOfInstallation(world.db, openVault(world.masterKey), world.clock.now());
    const other = openVault(new Uint8Array(32));
    await assert.rejects(checkKeyOfInstallation(world.db, other, world.clock.now()), WrongKey);
  } finally {
    await world.close();
  }
});
