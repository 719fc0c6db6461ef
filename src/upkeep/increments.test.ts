/** Increments: a chain comes back as the database was at each link; what is missing or altered is named; what is old goes. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { contentsOf } from '../../test/kit/contents-of.ts';
import { createTestDatabase } from '../../test/kit/database.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { openDatabase, sql } from '../platform/database.ts';
import { openVault } from '../platform/vault.ts';
import { eraseMessage } from '../sending/erase-message.ts';
import { BackupBusy, type BackupKind, makeBackup, sizeOf } from './backup.ts';
import { checkChain, openChain } from './backup-chain.ts';
import { keysFolder, lastRestoredAt } from './backup-folders.ts';
import { fullIdOf, type Manifest } from './manifest.ts';
import { type Restored, restoreBackup } from './restore.ts';
import { removeOldBackups } from './retain-backups.ts';
import { runRotation, startRotation } from './rotate-keys.ts';
import { endingKeyTables } from './table-list.ts';

const dayMs = 86_400_000;
const home = mkdtempSync(join(tmpdir(), 'waxwing-increments-'));
const dir = join(home, 'backups');
const word = 'Qzvxwaxincrement';
const actor = { kind: 'system', id: 'test' } as const;
let world: TestWorld;
let accountId: string;
/** What each table held when the backup of the same place was made. */
const states: Map<string, string>[] = [];
const made: Manifest[] = [];
const messages: string[] = [];

const queue = async (subject: string): Promise<void> => {
  const octets = `Subject: ${subject}\r\n\r\n${word} ${subject}\r\n`;
  messages.push(
    (await queueMessage(world, { accountId, to: ['ana@example.org'], octets, header: { subject } })).messageId,
  );
};

async function backUp(kind: BackupKind = 'auto'): Promise<Manifest> {
  world.clock.advance(60_000);
  const state = await contentsOf(world.database.connection); // an entry of the audit log comes after it
  const { manifest } = await makeBackup({ ...world, connection: world.database.connection }, dir, kind);
  states.push(state);
  made.push(manifest);
  return manifest;
}

before(async () => {
  world = await testWorld();
  accountId = (await createTestAccount(world)).accountId;
  for (let n = 0; n < 1_500; n += 1) await queue(`first ${n}`);
  await backUp();
  await queue('second');
  await world.db.asAccount(accountId, (tx) => tx.query(sql`UPDATE account_settings SET view = 'strict'`));
  await backUp();
  await eraseMessage(world, { accountId, actor } as never, messages[3] ?? '');
  await world.db.asAccount(accountId, (tx) => tx.query(sql`DELETE FROM deliveries WHERE message_id = ${messages[4]}`));
  await backUp();
  const { id } = await startRotation(world, { accountId, actor });
  await runRotation(world, accountId, id, { sleep: async (ms) => world.clock.advance(ms) });
  await queue('fourth');
  await backUp();
});
after(async () => {
  await world.close();
  rmSync(home, { recursive: true, force: true });
});

async function restored<T>(
  from: string,
  backup: string | undefined,
  look: (connection: pg.PoolConfig, done: Restored) => Promise<T>,
): Promise<T> {
  const place = await createTestDatabase(false);
  const db = openDatabase({ connection: place.connection, onIdleError: () => undefined });
  try {
    const there = { db, vault: openVault(world.masterKey), clock: world.clock, connection: place.connection };
    return await look(place.connection, await restoreBackup(there, { dir: from, backup }));
  } finally {
    await db.close();
    await place.drop();
  }
}

/** A copy of the folder that may be spoilt. */
function copied(): string {
  const copy = mkdtempSync(join(home, 'spoilt-'));
  cpSync(dir, copy, { recursive: true });
  return copy;
}

const chainOf = (from: string, id: string | undefined) => openChain(from, openVault(world.masterKey), id);
const nth = (n: number): Manifest => {
  const found = made[n];
  assert.ok(found);
  return found;
};

describe('a full backup and three increments', () => {
  it('lean on each other, and store a small part of what there is', (t) => {
    const [full, ...increments] = made.map(sizeOf);
    t.diagnostic(`full ${full} bytes, increments ${increments.join(', ')}`);
    assert.deepEqual(
      made.map(fullIdOf),
      made.map(() => nth(0).id),
    );
    assert.deepEqual(
      made.map(({ links }) => links?.length),
      [0, 1, 2, 3],
    );
    assert.ok((full ?? 0) > 1_000_000);
    for (const size of increments) assert.ok(size < (full ?? 0) / 2, `${size} of ${full}`);
  });

  it('come back whole into an empty place: each table as it was when the last was made', async (t) => {
    const startedAt = performance.now();
    await restored(dir, undefined, async (connection, done) => {
      t.diagnostic(`${done.rows + done.keys} rows in ${Math.round(performance.now() - startedAt)} ms`);
      assert.equal(done.id, nth(3).id);
      assert.deepEqual(await contentsOf(connection), states[3]);
    });
    assert.equal(lastRestoredAt(dir)?.getTime(), world.clock.now().getTime(), 'the practice is noted');
  });

  it('come back as the database was at an earlier link, but for what was erased since', async () => {
    await restored(dir, nth(1).id, async (connection, done) => {
      assert.equal(done.erasedAgain, 1);
      const now = await contentsOf(connection);
      for (const table of ['recipients', 'account_settings', 'departments', 'rollups'])
        assert.equal(now.get(table), states[1]?.get(table), table);
      assert.equal(Number(now.get('messages')?.split(' ')[0]), 1_501);
      assert.equal(Number(now.get('message_keys')?.split(' ')[0]), 1_500, 'the erased one has none');
    });
  });

  it('hold nothing readable, and no key but in the copies that end', () => {
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = readFileSync(join(entry.parentPath, entry.name)).toString('latin1');
      for (const plain of [word, 'PGCOPY', 'ana@example.org']) assert.ok(!text.includes(plain), entry.name);
    }
    for (const { id, tables } of made) {
      assert.ok(!tables.some(({ name }) => endingKeyTables.includes(name)));
      assert.ok(existsSync(join(keysFolder(dir), id, 'message_keys.sealed')), 'each has copies of its own');
    }
  });

  it('are made one at a time', async () => {
    const both = await Promise.allSettled([backUp('incremental'), backUp('incremental')]);
    const refused = both.filter((one) => one.status === 'rejected');
    assert.ok(refused.length <= 1);
    for (const one of refused) assert.ok(one.reason instanceof BackupBusy, String(one.reason));
  });
});

describe('a chain', () => {
  it('of which a link is missing is refused by its name', async () => {
    const spoilt = copied();
    rmSync(join(spoilt, nth(1).id), { recursive: true });
    await assert.rejects(
      restored(spoilt, nth(3).id, async () => undefined),
      new RegExp(`${nth(1).id}, which is missing`),
    );
    assert.equal(chainOf(spoilt, nth(0).id).links.length, 1, 'what needs it not goes on');
  });

  it('of which a link was put in by somebody else is refused', async () => {
    const spoilt = copied();
    rmSync(join(spoilt, nth(0).id), { recursive: true });
    cpSync(join(spoilt, nth(1).id), join(spoilt, nth(0).id), { recursive: true });
    assert.throws(() => chainOf(spoilt, nth(3).id), /is not the backup that .* leans on/);
  });

  it('of which any file of any link was changed by a bit is refused by the file’s name', async () => {
    const spoilt = copied();
    for (const [link, name] of [
      [nth(0), 'recipients.sealed'],
      [nth(0), 'events.index'],
      [nth(1), 'messages.sealed'],
      [nth(3), 'messages.index'],
    ] as const) {
      const path = join(spoilt, link.id, name);
      const sound = readFileSync(path);
      const changed = Buffer.from(sound);
      changed[Math.floor(sound.length / 2)] = (changed[Math.floor(sound.length / 2)] ?? 0) ^ 1;
      writeFileSync(path, changed);
      await assert.rejects(checkChain(chainOf(spoilt, nth(3).id)), new RegExp(`${link.id}/${name} was altered`));
      writeFileSync(path, sound);
    }
    await checkChain(chainOf(spoilt, nth(3).id));
  });

  it('that does not stand is leant on no more: the next backup is a full one', async () => {
    const away = join(dir, nth(0).id, 'recipients.sealed');
    renameSync(away, `${away}.away`);
    await assert.rejects(backUp('incremental'), /missing or cut off. Make a full one/);
    assert.equal(fullIdOf(await backUp()), made.at(-1)?.id);
    renameSync(`${away}.away`, away);
  });

  it('begins anew after a week, and where one is asked for; without any, no increment is made', async () => {
    world.clock.advance(7 * dayMs);
    assert.deepEqual((await backUp()).links, []);
    assert.deepEqual((await backUp('full')).links, []);
    assert.equal((await backUp()).links?.length, 1);
    const nowhere = join(home, 'nowhere');
    await assert.rejects(
      makeBackup({ ...world, connection: world.database.connection }, nowhere, 'incremental'),
      /no backup in .* that an increment could lean on/,
    );
  });

  it('goes as a whole when its newest link is old enough, and the newest chain never', () => {
    const all = made.map(({ id }) => id);
    const newestFull = fullIdOf(made.at(-1) as Manifest);
    const vault = openVault(world.masterKey);
    assert.deepEqual(removeOldBackups(dir, vault, 30, world.clock.now()), []);
    const soon = new Date(Date.parse(nth(0).madeAt) + 30 * dayMs);
    assert.deepEqual(removeOldBackups(dir, vault, 30, soon), [], 'a younger increment leans on it');
    const gone = removeOldBackups(dir, vault, 30, new Date(world.clock.now().getTime() + 400 * dayMs));
    assert.ok(gone.includes(nth(0).id) && gone.includes(nth(3).id));
    assert.ok(gone.indexOf(nth(3).id) < gone.indexOf(nth(0).id), 'the newest link first');
    for (const id of all)
      assert.equal(
        existsSync(join(dir, id)),
        fullIdOf(made.find((one) => one.id === id) as Manifest) === newestFull,
        id,
      );
  });
});
