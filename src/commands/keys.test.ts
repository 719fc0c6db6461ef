/** `waxwing keys` as somebody types it: a new wrapping key, a new master key, and the destruction of what was before. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestDatabase } from '../../test/kit/database.ts';

const home = mkdtempSync(join(tmpdir(), 'waxwing-keys-'));
const keyFile = join(home, 'data.key');
let place: Awaited<ReturnType<typeof createTestDatabase>>;
let owner: pg.Client;
before(async () => {
  place = await createTestDatabase(false);
  owner = new pg.Client(place.connection);
});
after(async () => {
  await owner.end();
  await place.drop();
  rmSync(home, { recursive: true, force: true });
});

function waxwing(words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, '..', 'cli.ts'), ...words],
    {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: place.connectionUrl,
        WAXWING_DATA_DIR: join(home, 'data'),
        WAXWING_KEY_FILE: keyFile,
        ...more,
      },
    },
  );
  return { status, said: `${stdout}${stderr}`, stdout };
}

const keysOfAccounts = async (): Promise<Buffer[]> =>
  (await owner.query<{ key: Buffer }>('SELECT sealed_key AS key FROM accounts')).rows.map(({ key }) => key);

test('a new wrapping key is made and used, and the ones before it are destroyed when that is asked for', async () => {
  const made = JSON.parse(waxwing(['accounts', 'create', 'Example Clinic']).stdout) as { account: string };
  await owner.connect();
  const [before] = await keysOfAccounts();
  const turned = waxwing(['keys', 'rotate', '--account', made.account, '--retire']);
  assert.equal(turned.status, 0, turned.said);
  assert.match(turned.said, /wrapping key 2, in force at /);
  assert.match(turned.said, /: done, 0 messages’ keys and \d+ values are under wrapping key 2\n/);
  assert.match(turned.said, /: the keys before wrapping key 2 are destroyed\n/);
  const [later] = await keysOfAccounts();
  assert.equal(later?.length, (before?.length ?? 0) + 1, 'of the account’s own key the part that finds is left');
  assert.match(waxwing(['sign-in', made.account]).stdout, /#token=/);
});

test('an account that is none is told so', () => {
  const { status, said } = waxwing(['keys', 'rotate', '--account', '01900000-0000-7000-8000-000000000000']);
  assert.deepEqual([status, /There is no such account/.test(said)], [1, true]);
});

test('the first line of the key file goes, the database goes on, and the file as it was opens nothing new', async () => {
  const earlier = join(home, 'earlier.key');
  copyFileSync(keyFile, earlier);
  const [line = ''] = readFileSync(keyFile, 'utf8').split('\n');
  const turned = waxwing(['keys', 'rotate-master', '--drop-older']);
  assert.equal(turned.status, 0, turned.said);
  assert.match(turned.said, /1 older lines are out of /);
  const text = readFileSync(keyFile, 'utf8');
  assert.ok(!text.includes(line));
  assert.match(text, /^kept 2 \S+\n\S+\n$/);
  const again = waxwing(['accounts', 'create', 'Second Clinic']);
  assert.equal(again.status, 0, again.said);
  for (const key of await keysOfAccounts()) assert.deepEqual([...key.subarray(0, 3)], [2, 0, 2]);
  const made = JSON.parse(again.stdout) as { account: string };
  const old = waxwing(['keys', 'rotate', '--account', made.account], { WAXWING_KEY_FILE: earlier });
  assert.notEqual(old.status, 0);
  assert.match(old.said, /key file/);
});

test('a file with one line keeps it', () => {
  const { status, said } = waxwing(['keys', 'rotate-master', '--no-new-line', '--drop-older'], {
    WAXWING_KEY_FILE: join(home, 'another.key'),
  });
  assert.notEqual(status, 0, said);
});
