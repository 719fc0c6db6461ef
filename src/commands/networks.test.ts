import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { appleCsv, fails, gives, type Publisher, someNetworks, startPublisher } from '../../test/kit/publisher.ts';

const cli = join(import.meta.dirname, '..', 'cli.ts');
const folder = mkdtempSync(join(tmpdir(), 'waxwing-networks-'));
let database: TestDatabase;
let publisher: Publisher;
before(async () => {
  database = await openTestDatabase();
  publisher = await startPublisher();
});
after(async () => {
  await publisher.close();
  await database.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function waxwing(...args: string[]): Promise<Ended> {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: join(folder, 'data'),
    WAXWING_KEY_FILE: join(folder, 'master.key'),
    WAXWING_NETWORKS_APPLE_URL: publisher.url('/apple'),
    WAXWING_NETWORKS_AMAZON_URL: publisher.url('/amazon'),
    ...Object.fromEntries(
      ['GOOGLE', 'GOOGLE_FETCHERS', 'GOOGLE_CLOUD', 'MICROSOFT_MAIL'].map((name) => [
        `WAXWING_NETWORKS_${name}_URL`,
        'off',
      ]),
    ),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { env }, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('waxwing networks', () => {
  it('takes a list from a file and tells that it is in use', async () => {
    const path = file('egress.csv', appleCsv(someNetworks(800)));
    const imported = await waxwing('networks', 'import', 'apple-egress', path, '--fetched-at', '2026-11-01T00:00:00Z');
    assert.deepEqual(
      [imported.status, imported.out],
      [0, 'apple-egress: 800 prefixes, in use within a minute\n'],
      imported.err,
    );
    const { lists } = JSON.parse((await waxwing('networks', '--json')).out);
    const list = lists.find((one: { name: string }) => one.name === 'apple-egress');
    assert.deepEqual([list.origin, list.prefixes, list.fetchedAt], ['import', 800, '2026-11-01T00:00:00.000Z']);
    assert.match((await waxwing('networks')).out, /^apple-egress +apple-egress +800 +import +\d/m);
  });

  it('leaves an entry in the audit log of whoever runs the installation', async () => {
    assert.equal((await waxwing('accounts', 'create', 'Clinic')).status, 0);
    const path = file('again.csv', appleCsv(someNetworks(800)));
    assert.equal((await waxwing('networks', 'import', 'apple-egress', path)).status, 0);
    const client = new pg.Client({ connectionString: database.connectionUrl });
    await client.connect();
    const { rows } = await client.query(
      `SELECT actor_id AS by, detail FROM audit_entries WHERE action = 'networks.imported'`,
    );
    await client.end();
    assert.deepEqual(rows, [{ by: 'command-line', detail: { list: 'apple-egress', prefixes: 800, forced: false } }]);
  });

  it('refuses a file that is no list, with what to do', async () => {
    const few = file('few.csv', appleCsv(someNetworks(30)));
    const refused = await waxwing('networks', 'import', 'apple-egress', few);
    assert.equal(refused.status, 1);
    assert.match(refused.err, /refused \(too_few\)\. It holds 30 networks.* --force\n$/);
    assert.equal((await waxwing('networks', 'import', 'apple-egress', few, '--force')).status, 0);
    const wide = await waxwing('networks', 'import', 'apple-egress', file('wide.txt', '0.0.0.0/0\n'), '--force');
    assert.match(wide.err, /refused \(too_wide\)/);
    assert.doesNotMatch(wide.err, /--force/);
    assert.match(
      (await waxwing('networks', 'import', 'apple', few)).err,
      /There is no list apple\. There are: apple-egress/,
    );
    assert.match(
      (await waxwing('networks', 'import', 'amazon', join(folder, 'none'))).err,
      /cannot be read \(ENOENT\)/,
    );
  });

  it('forgets a list again', async () => {
    const path = file('egress.csv', appleCsv(someNetworks(800)));
    await waxwing('networks', 'import', 'apple-egress', path, '--force');
    assert.equal(
      (await waxwing('networks', 'forget', 'apple-egress')).out,
      'apple-egress: forgotten everywhere within a minute\n',
    );
    assert.equal((await waxwing('networks', 'forget', 'apple-egress')).out, 'apple-egress: there was none\n');
    assert.match((await waxwing('networks')).out, /^apple-egress +apple-egress +\d+ +ruleset +–/m);
  });

  it('asks publishers now, and ends with status 1 when one did not give its list', async () => {
    publisher.behave('/apple', gives(appleCsv(someNetworks(900))));
    publisher.behave('/amazon', fails(500));
    const all = await waxwing('networks', 'refresh');
    assert.equal(all.status, 1, all.err);
    assert.match(all.out, /^apple-egress: changed, 900 prefixes$/m);
    assert.match(all.out, /^amazon: refused \(http_status\)\. The publisher answered with status 500\./m);
    const one = await waxwing('networks', 'refresh', 'apple-egress');
    assert.deepEqual([one.status, one.out], [0, 'apple-egress: changed, 900 prefixes\n'], one.err);
    assert.match((await waxwing('networks', 'refresh', 'microsoft')).err, /No publisher is set/);
  });
});

describe('waxwing judge --networks', () => {
  const observation = file('hit.jsonl', '{"kind":"open","ip":"17.0.2.9","userAgent":"Mozilla/5.0"}\n');
  const actorOf = async (...options: string[]): Promise<string> =>
    JSON.parse((await waxwing('judge', ...options, observation)).out).actor;

  it('judges by list files, a folder of them or one', async () => {
    assert.notEqual(await actorOf(), 'apple-mpp');
    const path = file('apple-egress.csv', appleCsv(someNetworks(10)));
    assert.equal(await actorOf('--networks', path), 'apple-mpp');
    assert.equal(await actorOf('--networks', folder), 'apple-mpp');
  });

  it('names a file that is no list', async () => {
    file('amazon.json', '{"oops": 1}');
    const refused = await waxwing('judge', '--networks', folder, observation);
    assert.deepEqual([refused.status, refused.out], [1, '']);
    assert.match(refused.err, /amazon\.json is no list of networks\. It is in none of the known formats\./);
    assert.match((await waxwing('judge', '--networks', observation, observation)).err, /holds no list that is known/);
  });
});
