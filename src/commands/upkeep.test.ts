/** The commands as somebody types them: a backup, its restore into another database, keys, and what the doctor says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestDatabase } from '../../test/kit/database.ts';

type Place = Awaited<ReturnType<typeof createTestDatabase>>;

const home = mkdtempSync(join(tmpdir(), 'waxwing-commands-'));
const backups = join(home, 'backups');
let first: Place;
let second: Place;
before(async () => {
  [first, second] = [await createTestDatabase(false), await createTestDatabase(false)];
});
after(async () => {
  await first.drop();
  await second.drop();
  rmSync(home, { recursive: true, force: true });
});

function waxwing(place: Place, words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, '..', 'cli.ts'), ...words],
    {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: place.connectionUrl,
        WAXWING_DATA_DIR: join(home, 'data'),
        WAXWING_KEY_FILE: join(home, 'data.key'),
        WAXWING_BACKUP_DIR: backups,
        ...more,
      },
    },
  );
  return { status, said: `${stdout}${stderr}`, stdout };
}

test('what one database holds is backed up and restored into another, once', () => {
  const { account } = JSON.parse(waxwing(first, ['accounts', 'create', 'Example Clinic']).stdout) as {
    account: string;
  };
  assert.match(waxwing(first, ['backup', '--incremental']).said, /Make a full one/);
  assert.match(waxwing(first, ['backup', '--full', '--incremental']).said, /Leave one of the two out/);
  const [, full] = /^Backup (\S+): full, \d+ tables, \d+ rows/.exec(waxwing(first, ['backup']).said) ?? [];
  assert.match(waxwing(first, ['backup', '--keep', '7']).said, new RegExp(`an increment of ${full}.*\\n0 old backups`));
  assert.match(waxwing(first, ['backup', '--check']).said, /and the 1 that it leans on are as they were written/);
  const restored = waxwing(second, ['restore', backups]);
  assert.match(restored.said, /^Restored \S+ of .* as they were copied, in [\d.]+ s\./);
  assert.equal(restored.status, 0);
  assert.match(waxwing(second, ['sign-in', account]).stdout, /#token=/);
  const again = waxwing(second, ['restore', backups]);
  assert.deepEqual([again.status, /not empty/.test(again.said)], [1, true]);
});

test('without the key file nothing is restored, and none is made in its place', () => {
  const missing = join(home, 'none.key');
  const { status, said } = waxwing(second, ['restore', backups], { WAXWING_KEY_FILE: missing });
  assert.deepEqual([status, /There is no key file/.test(said)], [1, true]);
  assert.throws(() => readFileSync(missing));
});

test('where there are data and no key file, nothing starts and no other key takes its place', () => {
  const missing = join(home, 'none.key');
  for (const command of [['start'], ['sign-in'], ['backup']]) {
    const { status, said } = waxwing(first, command, { WAXWING_KEY_FILE: missing });
    assert.deepEqual(
      [status, /There is no key file .*Put your copy of the key file there/.test(said)],
      [1, true],
      said,
    );
    assert.throws(() => readFileSync(missing), command[0]);
  }
});

test('a new line of the key file wraps the keys of accounts, and everything goes on', () => {
  const turned = waxwing(first, ['keys', 'rotate-master']);
  assert.match(turned.said, /has 2 lines now[\s\S]*1 keys of accounts/);
  assert.equal(readFileSync(join(home, 'data.key'), 'utf8').trim().split('\n').length, 2);
  const made = waxwing(first, ['backup']);
  assert.equal(made.status, 0, made.said);
  assert.match(waxwing(first, ['keys', 'wrap']).said, /WAXWING_KEY_PROVIDER/);
});

test('a keeper without its settings is refused at the start, with all that is missing', () => {
  const { status, said } = waxwing(first, ['backup'], { WAXWING_KEY_PROVIDER: 'vault-transit' });
  assert.equal(status, 1);
  for (const name of ['WAXWING_VAULT_URL', 'WAXWING_VAULT_TOKEN_FILE', 'WAXWING_VAULT_KEY'])
    assert.ok(said.includes(name));
});

test('the doctor answers in lines and in JSON, and its status tells a fault', () => {
  const { said, status } = waxwing(first, ['doctor']);
  assert.match(said, /^OK {4}backups: /m);
  assert.match(said, /^FAIL {2}database durability: /m); // a test database need not survive a power cut
  assert.equal(status, 1);
  const { findings } = JSON.parse(waxwing(first, ['doctor', '--json']).stdout) as {
    findings: { state: string; check: string }[];
  };
  // No server runs here that would put entries into the audit chain: after a minute the doctor says so.
  const failing = findings.flatMap(({ check, state }) => (state === 'fail' && check !== 'audit queue' ? [check] : []));
  assert.deepEqual(failing, ['database durability']);
});
