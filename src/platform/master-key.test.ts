import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../../test/kit/tracking.ts';
import { testWorld } from '../../test/kit/world.ts';
import { checkKeyOfInstallation, WrongKey } from './installation.ts';
import { keptUses } from './kept-keys.ts';
import { fileKeys } from './key-provider.ts';
import { addMasterKey, dropOlderLines, followMasterKey, KeyFileFault, openMasterKey } from './master-key.ts';
import { KeyUnknown, openVault } from './vault.ts';

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

const derivedOf = (key: Uint8Array): string[] => {
  const vault = openVault(key);
  return keptUses.map((use) => vault.derive(use).export().toString('hex'));
};

test('the first line goes out of the file, and all that was derived from it comes out the same', async () => {
  const file = join(home, 'dropped.key');
  const before = await openMasterKey(file);
  const [first = ''] = readFileSync(file, 'utf8').split('\n');
  const old = openVault(before).newAccountKey();
  await assert.rejects(dropOlderLines(file, fileKeys), KeyFileFault, 'the only one stays');
  await addMasterKey(file, fileKeys);
  assert.equal(await dropOlderLines(file, fileKeys), 1);
  const text = readFileSync(file, 'utf8');
  assert.ok(!text.includes(first) && text.includes('kept 2 '));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const after = await openMasterKey(file);
  assert.deepEqual(derivedOf(after), derivedOf(before));
  assert.ok(!Buffer.from(after).includes(Buffer.from(first, 'base64')), 'nor does the memory hold it');
  const vault = openVault(after);
  assert.throws(() => vault.account(old), KeyUnknown, 'what is under the first line does not open');
  assert.ok(vault.account(vault.newAccountKey()));
  assert.deepEqual(vault.derive('a use to come'), openVault(await openMasterKey(file)).derive('a use to come'));
});

test('lines are added and taken out again and again, also where the first has gone', async () => {
  const file = join(home, 'often.key');
  const first = derivedOf(await openMasterKey(file));
  for (const number of [2, 3, 4]) {
    const account = openVault(await openMasterKey(file)).newAccountKey();
    assert.equal(await addMasterKey(file, fileKeys), number);
    const between = openVault(await openMasterKey(file));
    const anew = between.rewrapAccountKey(account);
    assert.ok(anew !== undefined);
    assert.equal(await dropOlderLines(file, fileKeys), 1);
    const left = openVault(await openMasterKey(file));
    assert.ok(left.account(anew));
    assert.throws(() => left.account(account), KeyUnknown);
    assert.deepEqual(derivedOf(await openMasterKey(file)), first);
  }
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 4);
});

test('a program that runs keeps what it has while the first line goes, and hears of the next one', async () => {
  const file = join(home, 'running.key');
  const key = await openMasterKey(file);
  const following = followMasterKey(key, file, fileKeys, (error) => assert.fail(String(error)));
  await addMasterKey(file, fileKeys);
  await until(async () => openVault(key).newAccountKey()[2] === 2, 'the second line');
  await dropOlderLines(file, fileKeys);
  const number = await addMasterKey(file, fileKeys);
  await until(async () => openVault(key).newAccountKey()[2] === number, 'the next line');
  await following.close();
  assert.deepEqual(derivedOf(key), derivedOf(await openMasterKey(file)));
});

test('a file whose kept part was altered is refused', async () => {
  const file = join(home, 'altered.key');
  await openMasterKey(file);
  await addMasterKey(file, fileKeys);
  await dropOlderLines(file, fileKeys);
  const text = readFileSync(file, 'utf8');
  const at = text.indexOf('kept 2 ') + 60;
  writeFileSync(file, text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1), { mode: 0o600 });
  await assert.rejects(openMasterKey(file), KeyFileFault);
});

test('every use that the source derives a key for is among those that are kept', () => {
  const source = join(import.meta.dirname, '..');
  const found = new Set<string>();
  for (const file of globSync('**/*.ts', { cwd: source })) {
    if (file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(source, file), 'utf8');
    for (const [, use] of text.matchAll(/(?:\.derive|vault\.sealer|hashSecret)\((?:[\w.]+vault, |vault, )?'([^']+)'/g))
      if (use !== undefined) found.add(use);
  }
  assert.ok(found.size >= 15, [...found].join());
  assert.deepEqual([...found].filter((use) => !keptUses.includes(use)).sort(), []);
  const listed = /export type SecretUse =([^;]+);/.exec(
    readFileSync(join(source, 'accounts', 'secrets.ts'), 'utf8'),
  )?.[1];
  for (const [, use = ''] of listed?.matchAll(/'([^']+)'/g) ?? assert.fail()) assert.ok(keptUses.includes(use), use);
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
    const other = openVault(Buffer.alloc(32, 9));
    await assert.rejects(checkKeyOfInstallation(world.db, other, world.clock.now()), WrongKey);
  } finally {
    await world.close();
  }
});
