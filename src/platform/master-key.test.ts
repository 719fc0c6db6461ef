import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../../test/kit/tracking.ts';
import { testWorld } from '../../test/kit/world.ts';
import { checkKeyOfInstallation, WrongKey } from './installation.ts';
import { fileKeys } from './key-provider.ts';
import { addMasterKey, followMasterKey, openMasterKey } from './master-key.ts';
import { openVault } from './vault.ts';

const home = mkdtempSync(join(tmpdir(), 'waxwing-key-'));
after(() => rmSync(home, { recursive: true, force: true }));

test('the key is made once, for its owner alone', async () => {
  const file = join(home, 'new', 'data.key');
  const key = await openMasterKey(file);
  assert.ok(key.subarray(0, 32).some((byte) => byte !== 0));
  assert.ok(
    key.subarray(32).every((byte) => byte === 0),
    'room for keys that a rotation adds',
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(await openMasterKey(file), key);
});

test('a line that is added reaches a program that runs, and the lines before it stay', async () => {
  const file = join(home, 'followed.key');
  const key = await openMasterKey(file);
  const first = key.slice(0, 32);
  const following = followMasterKey(key, file, fileKeys, (error) => assert.fail(String(error)));
  assert.equal(await addMasterKey(file, fileKeys), 2);
  await until(async () => key.subarray(32, 64).some((byte) => byte !== 0), 'the second line is known');
  await following.close();
  assert.deepEqual(key.slice(0, 32), first);
  assert.deepEqual(await openMasterKey(file), key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('several processes that make the key at once end up with the same one', () => {
  const file = join(home, 'raced.key');
  const script = `import { openMasterKey } from ${JSON.stringify(join(import.meta.dirname, 'master-key.ts'))};
    console.log(Buffer.from(await openMasterKey(${JSON.stringify(file)})).toString("hex"));`;
  const command = `for i in 1 2 3 4; do "${process.execPath}" --input-type=module-typescript -e '${script}' & done; wait`;
  const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8', cwd: import.meta.dirname });
  const keys = stdout.trim().split('\n');
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
});

test('a key that others may read is refused, with the command that helps', async () => {
  const file = join(home, 'open.key');
  await openMasterKey(file);
  chmodSync(file, 0o640);
  await assert.rejects(openMasterKey(file), /Others may read .*open\.key\. Run: chmod 600/);
});

test('a file that is no key is refused and left alone', async () => {
  const file = join(home, 'other.key');
  writeFileSync(file, 'not a key\n', { mode: 0o600 });
  await assert.rejects(openMasterKey(file), /does not hold a Waxwing key/);
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
