/** Rotation of wrapping keys: all is readable before, meanwhile and after, by every process, and it goes on after a stop. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault } from '../accounts/index.ts';
import { sql } from '../platform/database.ts';
import { KeyUnknown, openVault, SealBroken } from '../platform/vault.ts';
import { rewrapAccount, rotateBatch, runRotation, startRotation } from './rotate-keys.ts';

tryStatementsHere(import.meta.filename);

let world: TestWorld;
before(async () => {
  world = await testWorld();
});
after(() => world.close());

const actor = { kind: 'system', id: 'test' } as const;
const sleep = async (ms: number): Promise<void> => world.clock.advance(ms);

/** As another process would: with the same master key and nothing in memory. */
const elsewhere = () => ({ ...world, vault: openVault(world.masterKey) });

async function keysOf(accountId: string): Promise<Map<string, Buffer>> {
  const rows = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ id: string; key: Buffer }>(sql`SELECT message_id AS id, key_sealed AS key FROM message_keys`),
  );
  return new Map(rows.map(({ id, key }) => [id, key]));
}

async function plainKey(
  other: Pick<TestWorld, 'db' | 'vault' | 'clock'>,
  accountId: string,
  key: Buffer,
): Promise<string> {
  const sealer = (await accountVault(other, accountId)).openMessageKey(key);
  return sealer.open('message.header', sealer.seal('message.header', 'readable')).toString();
}

const queue = (accountId: string) =>
  queueMessage(world, { accountId, to: ['ana@example.org'], octets: 'Subject: a\r\n\r\nb\r\n' });

async function accountWith(messages: number): Promise<string> {
  const { accountId } = await createTestAccount(world);
  for (let n = 0; n < messages; n += 1) await queue(accountId);
  return accountId;
}

test('every message’s key is sealed anew, and opens to what it was', async () => {
  const accountId = await accountWith(7);
  const vault = await accountVault(world, accountId);
  const earlier = await keysOf(accountId);
  const note = [...earlier].map(([id, key]) => [id, vault.openMessageKey(key).seal('message.header', id)] as const);
  const rotation = await startRotation(world, { accountId, actor });
  assert.deepEqual([rotation.version, rotation.total], [2, 7]);
  const done = await runRotation(world, accountId, rotation.id, { sleep });
  assert.equal(done.rewrapped, 7);
  assert.ok(done.doneAt !== null);
  const later = await keysOf(accountId);
  const fresh = await accountVault(elsewhere(), accountId);
  for (const [id, sealed] of note) {
    assert.notDeepEqual(later.get(id), earlier.get(id));
    assert.equal(
      fresh
        .openMessageKey(later.get(id) as Buffer)
        .open('message.header', sealed)
        .toString(),
      id,
    );
    assert.equal(
      fresh
        .openMessageKey(earlier.get(id) as Buffer)
        .open('message.header', sealed)
        .toString(),
      id,
      'old copies',
    );
  }
});

test('a new key is used only when every process has had the time to hear of it', async () => {
  const accountId = await accountWith(0);
  const other = elsewhere();
  await accountVault(other, accountId);
  await startRotation(world, { accountId, actor });
  const early = (await accountVault(elsewhere(), accountId)).newMessageKey().keySealed;
  assert.equal(early[0], 1, 'still under the first key');
  world.clock.advance(20_000);
  const late = (await accountVault(elsewhere(), accountId)).newMessageKey().keySealed;
  assert.deepEqual([...late.subarray(0, 3)], [2, 0, 2]);
  assert.equal(await plainKey(other, accountId, late), 'readable', 'the process that was there before reads it');
});

test('a key that nobody was told of is not taken for a broken one', async () => {
  const accountId = await accountWith(0);
  const vault = await accountVault(world, accountId);
  const { keySealed } = vault.newMessageKey();
  const foreign = Buffer.concat([Buffer.of(2, 0, 9), keySealed]);
  assert.throws(() => vault.openMessageKey(foreign), KeyUnknown);
  keySealed.writeUInt8((keySealed.at(-1) ?? 0) ^ 1, keySealed.length - 1);
  assert.throws(() => vault.openMessageKey(keySealed), SealBroken);
});

test('a rotation that was stopped is taken up where it stood, and not begun twice', async () => {
  const accountId = await accountWith(3);
  const first = await startRotation(world, { accountId, actor });
  assert.equal((await rotateBatch(world, accountId, first.id)).kind, 'wait');
  const stopped = await runRotation(world, accountId, first.id, { sleep, signal: AbortSignal.abort() });
  assert.equal(stopped.doneAt, null);
  const again = await startRotation(elsewhere(), { accountId, actor });
  assert.equal(again.id, first.id);
  const done = await runRotation(elsewhere(), accountId, again.id, { sleep });
  assert.ok(done.doneAt !== null);
  assert.equal(done.rewrapped, 3);
  assert.equal((await startRotation(world, { accountId, actor })).version, 3);
});

test('a message that came in under the old key while the rotation ran is found by the next pass', async () => {
  const accountId = await accountWith(2);
  const slow = await accountVault(elsewhere(), accountId); // never asks again
  const { id } = await startRotation(world, { accountId, actor });
  world.clock.advance(60_000);
  assert.equal((await rotateBatch(world, accountId, id)).kind, 'progress');
  const messageId = (await queue(accountId)).messageId;
  await world.db.asAccount(accountId, (tx) =>
    tx.query(
      sql`UPDATE message_keys SET key_sealed = ${slow.newMessageKey().keySealed} WHERE message_id = ${messageId}`,
    ),
  );
  await runRotation(world, accountId, id, { sleep });
  for (const key of (await keysOf(accountId)).values()) assert.equal(key[0], 2);
});

test('a key erased meanwhile stays erased', async () => {
  const accountId = await accountWith(2);
  const { id } = await startRotation(world, { accountId, actor });
  const [gone] = await keysOf(accountId);
  await world.db.asAccount(accountId, (tx) => tx.query(sql`DELETE FROM message_keys WHERE message_id = ${gone?.[0]}`));
  await runRotation(world, accountId, id, { sleep });
  assert.equal((await keysOf(accountId)).size, 1);
});

test('both ends of a rotation stand in the audit log', async () => {
  const accountId = await accountWith(1);
  const { id } = await startRotation(world, { accountId, actor });
  await runRotation(world, accountId, id, { sleep });
  const rows = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ action: string; detail: object }>(
      sql`SELECT action, detail FROM audit_entries WHERE object_id = ${id} ORDER BY at, id`,
    ),
  );
  assert.deepEqual(rows, [
    { action: 'keys.rotation_started', detail: { version: 2, messages: 1 } },
    { action: 'keys.rotated', detail: { version: 2, messages: 1 } },
  ]);
});

test('a new line of the key file reaches who runs already, and the accounts’ keys are sealed anew under it', async () => {
  const accountId = await accountWith(1);
  await startRotation(world, { accountId, actor });
  const shared = new Uint8Array(new SharedArrayBuffer(32 * 4));
  shared.set(world.masterKey);
  const running = { ...world, vault: openVault(shared) };
  assert.equal(await rewrapAccount(running, accountId, actor), 0);
  shared.set(Buffer.alloc(32, 7), 32);
  assert.equal(await rewrapAccount(running, accountId, actor), 2);
  assert.equal(await rewrapAccount(running, accountId, actor), 0, 'done already');
  const [key] = (await keysOf(accountId)).values();
  assert.equal(await plainKey({ ...world, vault: openVault(shared) }, accountId, key as Buffer), 'readable');
  await assert.rejects(plainKey(elsewhere(), accountId, key as Buffer), KeyUnknown, 'the old file alone does not do');
});
