/** All that is sealed for an account moves under its new key, and with the keys before it nothing can be opened any more. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { fillRow } from '../../test/kit/any-row.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault } from '../accounts/index.ts';
import { sql } from '../platform/database.ts';
import { sealForMessage } from '../platform/message-seal.ts';
import { KeyUnknown, openVault } from '../platform/vault.ts';
import { retireOlderKeys, rotateBatch, runRotation, startRotation } from './rotate-keys.ts';
import { accountColumns, keyColumns, messageColumns } from './sealed-columns.ts';

tryStatementsHere(import.meta.filename);

let world: TestWorld;
let owner: pg.Client;
before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
});
after(async () => {
  await owner.end();
  await world.close();
});

const actor = { kind: 'system', id: 'test' } as const;
const sleep = async (ms: number): Promise<void> => world.clock.advance(ms);
const elsewhere = () => ({ ...world, vault: openVault(world.masterKey) });

/** An account with a value in each column that is sealed for it. */
async function accountWithEverything(): Promise<string> {
  const { accountId } = await createTestAccount(world);
  const vault = await accountVault(world, accountId);
  const tables = Map.groupBy(accountColumns, ({ table }) => table);
  for (const [table, columns] of tables) {
    const values = columns.map(({ column, purpose }) => [column, vault.seal(purpose, textOf(table, column))] as const);
    await fillRow(owner, table, accountId, { ...Object.fromEntries(values), ...beside[table] });
  }
  return accountId;
}

/** What the tables' own conditions ask for beside a sealed value. */
const beside: Readonly<Record<string, Readonly<Record<string, Buffer | string>>>> = {
  audit_entries: { address_commitment: Buffer.alloc(32, 1) },
  legal_holds: { released_at: '2026-11-22T12:00:00Z' },
};

const textOf = (table: string, column: string): string => `what ${table} has in ${column}`;

interface Value {
  readonly name: string;
  readonly purpose: (typeof accountColumns)[number]['purpose'];
  readonly expected: string;
  readonly sealed: Buffer;
}

async function valuesOf(accountId: string): Promise<Value[]> {
  const all: Value[] = [];
  for (const { table, column, purpose } of accountColumns) {
    const { rows } = await owner.query<{ sealed: Buffer }>(
      `SELECT ${column} AS sealed FROM ${table} WHERE account_id = $1 AND ${column} IS NOT NULL`,
      [accountId],
    );
    assert.ok(rows.length > 0, `${table}.${column} has nothing to move`);
    all.push(
      ...rows.map(({ sealed }) => ({ name: `${table}.${column}`, purpose, expected: textOf(table, column), sealed })),
    );
  }
  return all;
}

async function assertReadable(other: Pick<TestWorld, 'db' | 'vault' | 'clock'>, accountId: string): Promise<void> {
  const vault = await accountVault(other, accountId);
  for (const { name, purpose, expected, sealed } of await valuesOf(accountId)) {
    const text = vault.open(purpose, sealed).toString();
    if (text.startsWith('what ')) assert.equal(text, expected, name);
  }
}

test('each column of sealed values stands in one list, so that none is forgotten', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
        AND a.attname LIKE '%seal%' AND a.atttypid = 'bytea'::regtype AND NOT a.attisdropped ORDER BY 1`,
  );
  const listed = [...accountColumns.map(({ table, column }) => `${table}.${column}`), ...messageColumns, ...keyColumns];
  assert.deepEqual(
    rows.map(({ name }) => name),
    listed.sort(),
  );
});

test('every sealed value is readable before, in the middle of and after a rotation, by every process', async () => {
  const accountId = await accountWithEverything();
  const longRunning = elsewhere();
  await assertReadable(longRunning, accountId);
  const { id } = await startRotation(world, { accountId, actor });
  world.clock.advance(60_000);
  for (let steps = 0; (await rotateBatch(world, accountId, id)).kind === 'progress'; steps += 1) {
    assert.ok(steps < 200);
    if (steps % 8 === 0) for (const other of [longRunning, elsewhere()]) await assertReadable(other, accountId);
  }
  for (const { name, sealed } of await valuesOf(accountId))
    assert.deepEqual([...sealed.subarray(0, 3)], [2, 0, 2], name);
  for (const other of [longRunning, elsewhere()]) await assertReadable(other, accountId);
});

test('what is written for the account once the new key is in force is under it', async () => {
  const accountId = await accountWithEverything();
  await startRotation(world, { accountId, actor });
  world.clock.advance(60_000);
  const vault = await accountVault(elsewhere(), accountId);
  assert.deepEqual([...vault.seal('user.name', 'Ana').subarray(0, 3)], [2, 0, 2]);
});

test('many values take several steps, another process goes on in the middle, and none is missed', async () => {
  const accountId = await accountWithEverything();
  const vault = await accountVault(world, accountId);
  for (let n = 0; n < 1_100; n += 1)
    await fillRow(owner, 'tracking_consents', accountId, { address_sealed: vault.seal('consent.address', `one ${n}`) });
  const { id } = await startRotation(world, { accountId, actor });
  world.clock.advance(60_000);
  let steps = 0;
  while ((await rotateBatch(elsewhere(), accountId, id)).kind === 'progress') steps += 1;
  assert.ok(steps > 2 * accountColumns.length, String(steps));
  const { rows } = await owner.query(
    `SELECT 1 FROM tracking_consents WHERE account_id = $1 AND get_byte(address_sealed, 0) <> 2`,
    [accountId],
  );
  assert.equal(rows.length, 0);
});

test('a row that somebody holds is nobody’s reason to wait, and is sealed anew afterwards', async () => {
  const accountId = await accountWithEverything();
  const { id } = await startRotation(world, { accountId, actor });
  world.clock.advance(60_000);
  await owner.query('BEGIN');
  await owner.query('SELECT FROM users WHERE account_id = $1 FOR UPDATE', [accountId]);
  for (let steps = 0; steps < 60; steps += 1) assert.equal((await rotateBatch(world, accountId, id)).kind, 'progress');
  await owner.query('COMMIT');
  assert.ok((await runRotation(world, accountId, id, { sleep })).doneAt !== null);
  for (const { name, sealed } of await valuesOf(accountId)) assert.equal(sealed[0], 2, name);
});

test('keys before the last one are destroyed when nothing is under them, and then open nothing', async () => {
  const accountId = await accountWithEverything();
  await queueMessage(world, { accountId, to: ['ana@example.org'], octets: 'Subject: a\r\n\r\nb\r\n' });
  const earlier = await valuesOf(accountId);
  const indexed = (await accountVault(world, accountId)).index('recipient', 'ana@example.org');
  const { id } = await startRotation(world, { accountId, actor });
  assert.equal(await retireOlderKeys(world, accountId, actor), undefined, 'not while it runs');
  await runRotation(world, accountId, id, { sleep });
  assert.equal(await retireOlderKeys(world, accountId, actor), 2);
  assert.equal(await retireOlderKeys(world, accountId, actor), 2, 'again changes nothing');
  const fresh = await accountVault(elsewhere(), accountId);
  for (const { name, purpose, sealed } of earlier)
    assert.throws(() => fresh.open(purpose, sealed), KeyUnknown, `${name} opens from an old copy`);
  await assertReadable(elsewhere(), accountId);
  assert.deepEqual(fresh.index('recipient', 'ana@example.org'), indexed, 'what is found by its hash is still found');
  const again = await startRotation(elsewhere(), { accountId, actor });
  await runRotation(elsewhere(), accountId, again.id, { sleep });
  assert.equal(await retireOlderKeys(world, accountId, actor), 3);
  const { rows } = await owner.query('SELECT version FROM account_keys WHERE account_id = $1', [accountId]);
  assert.deepEqual(rows, [{ version: 3 }]);
  await assertReadable(elsewhere(), accountId);
});

test('what is under a message’s own key is nobody’s to seal anew, and keeps no key alive', async () => {
  const accountId = await accountWithEverything();
  const { sealer } = (await accountVault(world, accountId)).newMessageKey();
  const reply = sealForMessage(sealer, 'attempt.reply', '5.1.1 <ana@example.org> unknown');
  await fillRow(owner, 'delivery_attempts', accountId, { reply_sealed: reply });
  const { id } = await startRotation(world, { accountId, actor });
  await runRotation(world, accountId, id, { sleep });
  assert.equal(await retireOlderKeys(world, accountId, actor), 2);
  const { rows } = await owner.query(`SELECT 1 FROM delivery_attempts WHERE account_id = $1 AND reply_sealed = $2`, [
    accountId,
    reply,
  ]);
  assert.equal(rows.length, 1);
});

test('a key that something is still under is not destroyed', async () => {
  const accountId = await accountWithEverything();
  const slow = await accountVault(elsewhere(), accountId);
  const { id } = await startRotation(world, { accountId, actor });
  await runRotation(world, accountId, id, { sleep });
  const late = slow.seal('user.name', 'what users has in name_sealed');
  await owner.query('UPDATE users SET name_sealed = $1 WHERE account_id = $2', [late, accountId]);
  assert.equal(await retireOlderKeys(world, accountId, actor), undefined);
  await assertReadable(elsewhere(), accountId);
});

test('nothing but values of the own account can be sealed anew, and only under a numbered key', async () => {
  const theirs = await accountWithEverything();
  const { accountId: mine } = await createTestAccount(world);
  const [value] = (await valuesOf(theirs)).filter(({ name }) => name === 'users.name_sealed');
  const { rows } = await owner.query<{ id: string }>('SELECT id FROM users WHERE account_id = $1', [theirs]);
  const key = [rows[0]?.id ?? ''];
  const numbered = Buffer.of(2, 0, 9, 1);
  const reseal = (accountId: string, column: string, becomes: Buffer) =>
    world.db.asAccount(accountId, (tx) =>
      tx.query(
        sql`SELECT reseal_values('users', ${column}, ${key}, ${key}, ${[value?.sealed]}::bytea[], ${[becomes]}::bytea[]) AS n`,
      ),
    );
  assert.deepEqual(await reseal(mine, 'name_sealed', numbered), [{ n: 0 }]);
  await assert.rejects(reseal(theirs, 'name_sealed', Buffer.of(1, 2, 3)), /cannot be sealed anew/);
  await assert.rejects(reseal(theirs, 'email_lookup', numbered), /cannot be sealed anew/);
  await assertReadable(elsewhere(), theirs);
});
