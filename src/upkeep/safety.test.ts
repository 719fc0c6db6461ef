/** The doctor, keys and backups over real HTTP: for whoever runs the installation, and for others about themselves alone. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, request, startApi, type TestApi } from '../../test/kit/api.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { until } from '../../test/kit/tracking.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { askForBackup, changeBackupPlan, readBackups, readDoctor, readKeys, rotateKeys } from '../contract/upkeep.ts';
import { sql } from '../platform/database.ts';
import type { Running } from '../platform/world.ts';
import { makeBackup } from './backup.ts';
import { type Finding, failure, fine, warning } from './finding.ts';
import { startBackups, startRotating, upkeepRoutes } from './index.ts';

tryStatementsHere(import.meta.filename);

const home = mkdtempSync(join(tmpdir(), 'waxwing-safety-'));
const dir = join(home, 'backups');
const hourMs = 3_600_000;
let world: TestWorld;
let api: TestApi;
let worker: Running;
let examined = 0;
let slow: Promise<void> = Promise.resolve();
const operator = { accountId: '', apiKey: '' };
const other = { accountId: '', apiKey: '' };

async function examineAll(): Promise<Finding[]> {
  examined += 1;
  await slow;
  return [
    fine('disk', 'there is room'),
    warning('queue', 'late', 'Look.'),
    failure('key file', '/keys/k is open', 'Close it.'),
  ];
}

before(async () => {
  world = await testWorld();
  Object.assign(operator, await createTestAccount(world, 'Operator'));
  world.clock.advance(1_000);
  Object.assign(other, await createTestAccount(world, 'Other'));
  api = await startApi(world, () => upkeepRoutes(world, { keyProvider: 'file', examineAll }));
  await queueMessage(world, { accountId: other.accountId, to: ['bo@example.org'], octets: 'Subject: a\r\n\r\nb\r\n' });
});
after(async () => {
  await worker?.close();
  await api.close();
  await world.close();
  rmSync(home, { recursive: true, force: true });
});

async function refusedWith(code: string, endpoint: Parameters<typeof request>[1], apiKey: string, body?: unknown) {
  const response = await request(api, endpoint, apiKey, { body });
  assert.equal(((await response.json()) as { code: string }).code, code);
}

const entriesOf = (accountId: string, action: string) =>
  world.db.readAccount(accountId, (tx) =>
    tx.query(sql`SELECT detail FROM audit_entries WHERE action = ${action} ORDER BY at`),
  );

test('the doctor is asked once a minute, never twice at a time, and tells the worst first', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  slow = promise;
  const both = [ask(api, readDoctor, operator.apiKey), ask(api, readDoctor, operator.apiKey)];
  resolve();
  const [first, second] = await Promise.all(both);
  assert.deepEqual(first, second);
  assert.equal(examined, 1);
  assert.equal(first?.scope, 'installation');
  assert.deepEqual(
    first?.findings.map(({ state }) => state),
    ['fail', 'warn', 'ok'],
  );
  assert.deepEqual(
    first?.findings.map(({ remedy }) => remedy),
    ['Close it.', 'Look.', null],
  );
  world.clock.advance(59_000);
  await ask(api, readDoctor, operator.apiKey);
  assert.equal(examined, 1);
  world.clock.advance(2_000);
  await ask(api, readDoctor, operator.apiKey);
  assert.equal(examined, 2);
});

test('an account that does not run the installation learns of itself alone', async () => {
  const told = await ask(api, readDoctor, other.apiKey);
  assert.equal(told.scope, 'account');
  assert.deepEqual(told.findings.map(({ check }) => check).sort(), ['audit log', 'wrapping key']);
  assert.doesNotMatch(JSON.stringify(told), new RegExp(`/keys/|${operator.accountId}`));
  const backups = await ask(api, readBackups, other.apiKey);
  assert.deepEqual([backups.isOperator, backups.canMake, backups.backups, backups.request], [false, false, [], null]);
  await refusedWith('safety.operator_only', askForBackup, other.apiKey, { what: 'backup' });
  await refusedWith('safety.operator_only', changeBackupPlan, other.apiKey, { everyHours: 1, keepDays: null });
});

test('keys are rotated when somebody asks, and the way there is told', async () => {
  const before = await ask(api, readKeys, other.apiKey);
  assert.deepEqual([before.provider, before.version, before.rotation], ['file', 1, null]);
  const begun = await ask(api, rotateKeys, other.apiKey);
  assert.deepEqual([begun.version, begun.total, begun.doneAt], [2, 1, null]);
  await refusedWith('keys.rotation_under_way', rotateKeys, other.apiKey);
  assert.equal((await entriesOf(other.accountId, 'keys.rotation_started')).length, 1);
  const rotating = startRotating(world, 10);
  await until(async () => {
    world.clock.advance(5_000);
    return (await ask(api, readKeys, other.apiKey)).rotation?.doneAt !== null;
  }, 'the rotation has ended');
  await rotating.close();
  const after = await ask(api, readKeys, other.apiKey);
  assert.deepEqual([after.version, after.rotation?.rewrapped, after.rotation?.total], [2, 1, 1]);
  assert.equal((await ask(api, readKeys, operator.apiKey)).version, 1, 'another account keeps its own');
});

test('without a process that has a folder no backup is promised', () =>
  refusedWith('backup.no_folder', askForBackup, operator.apiKey, { what: 'backup' }));

const told = () => ask(api, readBackups, operator.apiKey);
/** A moment passes between two wishes. */
const want = (what: 'backup' | 'check') => {
  world.clock.advance(60_000);
  return ask(api, askForBackup, operator.apiKey, { body: { what } });
};
const ended = (what: string) => until(async () => (await told()).request?.endedAt != null, what);

test('a worker makes what was asked for, checks it, and the list tells of it', async () => {
  worker = startBackups(world, dir, world.database.connection, 20);
  await until(async () => (await told()).canMake, 'a worker with a folder is there');
  const asked = await want('backup');
  await ended('the first backup');
  await want('backup');
  await until(async () => (await told()).backups.length === 2, 'two backups');
  await ended('the second');
  const { backups, request: last, lastMadeAt } = await told();
  assert.notEqual(last?.id, asked.id);
  assert.equal(last?.fault, null);
  assert.deepEqual(
    backups.map(({ kind }) => kind),
    ['increment', 'full'],
  );
  assert.equal(backups[0]?.fullId, backups[1]?.id);
  assert.equal(lastMadeAt, backups[0]?.madeAt);
  for (const one of backups) {
    assert.deepEqual([one.checkedAt !== null, one.fault], [true, null]);
    assert.equal(Date.parse(one.keyCopiesUntil) - Date.parse(one.madeAt), 7 * 24 * hourMs);
    assert.ok(one.sizeBytes > 0 && one.rows > 0);
  }
  assert.equal((await entriesOf(operator.accountId, 'backup.asked')).length, 2);
  assert.equal((await ask(api, readBackups, other.apiKey)).lastMadeAt, lastMadeAt, 'when, and no more');
  for (const { accountId } of [operator, other])
    assert.deepEqual(await entriesOf(accountId, 'backup.made'), [
      { detail: { kind: 'full' } },
      { detail: { kind: 'increment' } },
    ]);
});

test('one wish waits at a time', async () => {
  await worker.close();
  await want('check');
  await refusedWith('backup.under_way', askForBackup, operator.apiKey, { what: 'backup' });
  worker = startBackups(world, dir, world.database.connection, 20);
  await ended('the check');
});

test('a file that was changed is told by its name, without the place it lies at', async () => {
  const [newest] = (await told()).backups;
  const full = newest?.fullId ?? '';
  const path = join(dir, full, 'recipients.sealed');
  const sound = readFileSync(path);
  writeFileSync(path, Buffer.from(sound).fill(1, 0, 1));
  await want('check');
  await ended('the check');
  const { request: last, backups } = await told();
  assert.match(last?.fault ?? '', new RegExp(`^${full}/recipients.sealed was altered`));
  assert.match(backups[0]?.fault ?? '', /was altered/);
  writeFileSync(path, sound);
});

test('a plan makes backups by itself, again after a failure, and removes what is old', async () => {
  const plan = { everyHours: 6, keepDays: 7 };
  assert.deepEqual(await ask(api, changeBackupPlan, operator.apiKey, { body: plan }), plan);
  assert.deepEqual((await told()).plan, plan);
  assert.deepEqual(await entriesOf(operator.accountId, 'backup_plan.changed'), [{ detail: plan }]);
  const count = (await told()).backups.length;
  world.clock.advance(6 * hourMs);
  await until(async () => (await told()).backups.length === count + 1, 'one more');
  await ended('it is checked');
  const old = (await told()).backups.map(({ id }) => id);
  world.clock.advance(16 * 24 * hourMs);
  await until(async () => (await told()).backups.every(({ id }) => !old.includes(id)), 'the old chain went');
  await ended('the newest');
  assert.deepEqual(
    readdirSync(dir).filter((name) => old.includes(name)),
    [],
  );
  assert.equal((await told()).backups[0]?.kind, 'full');
});

test('what lies in the folder is listed, whoever put it there, and what is gone is not', async () => {
  await worker.close();
  await world.db.asAccount(operator.accountId, (tx) => tx.query(sql`UPDATE backup_plans SET every_hours = NULL`));
  world.clock.advance(60_000);
  const { manifest } = await makeBackup({ ...world, connection: world.database.connection }, dir);
  await world.db.asWorker((tx) =>
    tx.query(sql`UPDATE backups SET finished_at = NULL, full_id = NULL WHERE id = ${manifest.id}`),
  );
  worker = startBackups(world, dir, world.database.connection, 20);
  await until(async () => (await told()).backups[0]?.id === manifest.id, 'it is found, as after a restore');
  renameSync(join(dir, manifest.id), join(home, 'away'));
  await until(async () => (await told()).backups[0]?.id !== manifest.id, 'it is gone');
  renameSync(join(home, 'away'), join(dir, manifest.id));
  await until(async () => (await told()).backups[0]?.id === manifest.id, 'it is back');
});
