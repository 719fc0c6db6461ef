/** The drill: a backup, an empty place, the same rows; tampering is named; what was erased stays erased. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { contentsOf } from '../../test/kit/contents-of.ts';
import { createTestDatabase } from '../../test/kit/database.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault } from '../accounts/index.ts';
import type { ErasureCertificate } from '../core/sending/erasure.ts';
import { openDatabase, sql } from '../platform/database.ts';
import { openVault, type Vault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { eraseMessage } from '../sending/erase-message.ts';
import { makeBackup } from './backup.ts';
import { erasureLogFile, keysFolder, pruneKeyCopies } from './backup-folders.ts';
import { writeErasureLog } from './erasure-log.ts';
import type { Manifest } from './manifest.ts';
import { type RestoreWish, restoreBackup } from './restore.ts';
import { runRotation, startRotation } from './rotate-keys.ts';
import { startBackupCare } from './worker.ts';

const home = mkdtempSync(join(tmpdir(), 'waxwing-backup-'));
const dir = join(home, 'backups');
let world: TestWorld;
let accountId: string;
let kept: string;
let doomed: string;
let made: Manifest;
let state: Map<string, string>;
let empty: Awaited<ReturnType<typeof createTestDatabase>>;

const word = 'Qzvxwaxbackup';
const queue = async (subject: string): Promise<string> =>
  (
    await queueMessage(world, {
      accountId,
      to: ['ana@example.org'],
      octets: `Subject: ${subject}\r\n\r\n${word}\r\n`,
      header: { subject },
    })
  ).messageId;

before(async () => {
  world = await testWorld(new Date().toISOString());
  empty = await createTestDatabase(false);
  accountId = (await createTestAccount(world)).accountId;
  for (let n = 0; n < 300; n += 1) await queue(`${word} ${n}`);
  const { id } = await startRotation(world, { accountId, actor: { kind: 'system', id: 'test' } });
  await runRotation(world, accountId, id, { sleep: async (ms) => world.clock.advance(ms) });
  kept = await queue('kept');
  doomed = await queue('doomed');
  state = await contentsOf(world.database.connection); // an entry of the audit log comes after it
  made = (await makeBackup({ ...world, connection: world.database.connection }, dir)).manifest;
});
after(async () => {
  await empty.drop();
  await world.close();
  rmSync(home, { recursive: true, force: true });
});

/** An empty database, restored into; closed afterwards. */
async function restored<T>(
  wish: Partial<RestoreWish>,
  look: (there: Parameters<typeof restoreBackup>[0], done: Awaited<ReturnType<typeof restoreBackup>>) => Promise<T>,
  vault: Vault = openVault(world.masterKey),
): Promise<T> {
  const place = await createTestDatabase(false);
  const db = openDatabase({ connection: place.connection, onIdleError: () => undefined });
  try {
    const there = { db, vault, clock: world.clock, connection: place.connection };
    return await look(there, await restoreBackup(there, { dir, ...wish }));
  } finally {
    await db.close();
    await place.drop();
  }
}

/** What is refused leaves the empty database empty, so that one serves all. */
async function refused(
  wish: Partial<RestoreWish>,
  words: RegExp,
  vault: Vault = openVault(world.masterKey),
): Promise<void> {
  const there = { db: world.db, vault, clock: world.clock, connection: empty.connection };
  await assert.rejects(restoreBackup(there, { dir, ...wish }), words);
}

async function subjectOf(there: Pick<World, 'db' | 'vault' | 'clock'>, messageId: string): Promise<string | null> {
  const vault = await accountVault(there, accountId);
  const [row] = await there.db.readAccount(accountId, (tx) =>
    tx.query<{ header: Buffer; key: Buffer | null }>(sql`
      SELECT m.header_sealed AS header, k.key_sealed AS key FROM messages m LEFT JOIN message_keys k ON k.message_id = m.id
       WHERE m.id = ${messageId}`),
  );
  if (row === undefined || row.key === null) return null;
  return (
    JSON.parse(vault.openMessageKey(row.key).open('message.header', row.header).toString()) as { subject: string }
  ).subject;
}

describe('a backup', () => {
  it('comes back whole into an empty place: every table has the same rows, and what is sealed opens', async (t) => {
    const startedAt = performance.now();
    await restored({}, async (there, done) => {
      t.diagnostic(
        `${done.rows + done.keys} rows of ${done.tables} tables in ${Math.round(performance.now() - startedAt)} ms`,
      );
      assert.deepEqual(await contentsOf(there.connection), state);
      assert.equal(await subjectOf(there, kept), 'kept');
      assert.equal(done.id, made.id);
      assert.ok(done.rows > 900 && done.keys >= 302);
      await createTestAccount(there); // numbers that the database gives go on behind the restored ones
    });
  });

  it('tells who steals it nothing, and may be read by its owner alone', () => {
    let files = 0;
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const mode = statSync(path).mode & 0o777;
      assert.equal(mode, entry.isDirectory() ? 0o700 : 0o600, path);
      if (!entry.isFile()) continue;
      files += 1;
      assert.ok(!readFileSync(path).toString('latin1').includes(word), path);
      if (entry.name.endsWith('.sealed')) assert.ok(!readFileSync(path).includes('PGCOPY'), path);
    }
    assert.ok(files > 20);
  });

  it('holds no key of a message: those lie apart', () => {
    const names = made.tables.map(({ name }) => name);
    for (const name of ['message_keys', 'request_keys']) assert.ok(!names.includes(name), name);
    assert.ok(readdirSync(join(keysFolder(dir), made.id)).includes('message_keys.sealed'));
  });
});

describe('a restore', () => {
  it('refuses a database that is not empty', async () => {
    const there = { db: world.db, vault: world.vault, clock: world.clock, connection: world.database.connection };
    await assert.rejects(restoreBackup(there, { dir }), /not empty/);
  });

  it('refuses another installation’s key', () =>
    refused({}, /another installation’s key/, openVault(Buffer.alloc(32, 9))));

  it('refuses a backup that is not there, and says which are', () =>
    refused({ backup: '01a20276-1846-71ba-896e-235f4de33983' }, new RegExp(made.id)));

  it('names the file of which a single bit was changed, wherever it is', async () => {
    const main = join(dir, made.id);
    for (const path of [
      ...['messages', 'recipients', 'audit_entries'].map((name) => join(main, `${name}.sealed`)),
      join(keysFolder(dir), made.id, 'message_keys.sealed'),
    ]) {
      const sound = readFileSync(path);
      for (const at of [5, Math.floor(sound.length / 2), sound.length - 1]) {
        const changed = Buffer.from(sound);
        changed[at] = (changed[at] ?? 0) ^ 1;
        writeFileSync(path, changed);
        await refused({}, new RegExp(`${path.split('/').at(-1)} was altered`));
      }
      writeFileSync(path, sound.subarray(0, -1));
      await refused({}, /was altered: it has/);
      writeFileSync(path, sound);
    }
  });

  it('refuses a manifest that was changed, and a file that is gone', async () => {
    const path = join(dir, made.id, 'manifest.json');
    const sound = readFileSync(path, 'utf8');
    writeFileSync(path, sound.replace(/"rows": \d+/, '"rows": 0'));
    await refused({}, /manifest\.json was altered/);
    writeFileSync(path, sound);
    const file = join(dir, made.id, 'events.sealed');
    renameSync(file, `${file}.away`);
    await refused({}, /events\.sealed is missing/);
    renameSync(`${file}.away`, file);
  });
});

describe('a message erased after the backup', () => {
  let certificate: ErasureCertificate;
  before(async () => {
    world.clock.advance(60_000);
    certificate = await eraseMessage(
      world,
      { accountId, actor: { kind: 'api-key', id: crypto.randomUUID() } } as never,
      doomed,
    );
  });

  it('has a certificate that names the day on which the last copy of its key ends', () => {
    assert.equal(Date.parse(certificate.unreadableFrom ?? '') - Date.parse(certificate.erasedAt), 7 * 86_400_000);
    assert.match(certificate.notCovered, /not made by waxwing backup/);
  });

  it('is erased again by a restore, with the certificate that it had', async () => {
    const care = startBackupCare(world, dir, 10); // as a running server does
    await until(async () => readFileSync(erasureLogFile(dir), 'utf8').includes(doomed), 'the erasure is logged');
    await care.close();
    assert.equal(await writeErasureLog(world.db, dir), 0, 'once');
    await restored({}, async (there, done) => {
      assert.equal(done.erasedAgain, 1);
      assert.equal(await subjectOf(there, doomed), null);
      assert.equal(await subjectOf(there, kept), 'kept');
      const [row] = await there.db.readAccount(accountId, (tx) =>
        tx.query<{ certificate: object }>(sql`SELECT certificate FROM erasures WHERE message_id = ${doomed}`),
      );
      assert.deepEqual(row?.certificate, certificate);
    });
  });

  it('does not come back by a log that was changed or is gone, nor by a line that a crash cut off', async () => {
    const path = erasureLogFile(dir);
    const sound = readFileSync(path, 'utf8');
    writeFileSync(path, sound.replace('"recipients":1', '"recipients":2'));
    await refused({}, /erasures\.jsonl, line 1, was altered/);
    renameSync(path, `${path}.away`);
    await refused({}, /erasures\.jsonl is missing/);
    renameSync(`${path}.away`, path);
    writeFileSync(path, sound);
    appendFileSync(path, '{"type":"erasu');
    await restored({}, async (_there, done) => assert.equal(done.erasedAgain, 1));
    writeFileSync(path, sound);
  });
});

describe('copies of keys', () => {
  it('end after seven days; until there are newer ones, nothing is readable and the restore says so first', async () => {
    world.clock.advance(7 * 86_400_000 - 120_000);
    assert.equal(pruneKeyCopies(dir, world.clock.now()), 0);
    world.clock.advance(240_000);
    await refused({}, /--without-keys/);
    assert.equal(pruneKeyCopies(dir, world.clock.now()), 1);
    assert.deepEqual(readdirSync(keysFolder(dir)), []);
    await restored({ withoutKeys: true }, async (there, done) => {
      assert.deepEqual([done.keys, done.keysOf, done.messagesWithoutKey], [0, null, 301]);
      assert.equal(await subjectOf(there, kept), null);
    });
  });

  it('of a later backup open an earlier one, but for what was erased', async () => {
    await queue('later');
    const later = await makeBackup({ ...world, connection: world.database.connection }, dir);
    await restored({ backup: made.id }, async (there, done) => {
      assert.equal(done.keysOf, later.manifest.id);
      assert.equal(await subjectOf(there, kept), 'kept');
      assert.equal(await subjectOf(there, doomed), null);
    });
  });

  it('do not open what was erased where the log of erasures lost lines that a later backup knew of', async () => {
    const later = await makeBackup({ ...world, connection: world.database.connection }, dir);
    const path = erasureLogFile(dir);
    const sound = readFileSync(path, 'utf8');
    for (const cut of ['', sound.slice(0, -20)]) {
      writeFileSync(path, cut);
      await refused({ backup: made.id }, /tells of 0, and a backup beside it of 1: lines are missing/);
      await restored({ backup: later.manifest.id }, async (there) =>
        assert.equal(await subjectOf(there, doomed), null),
      );
    }
    writeFileSync(path, sound);
  });

  it('are none a week after the last backup: a certificate is for at once then', async () => {
    world.clock.advance(8 * 86_400_000);
    const certificate = await eraseMessage(world, { accountId, actor: { kind: 'system', id: 'test' } } as never, kept);
    assert.equal(certificate.unreadableFrom, certificate.erasedAt);
  });
});
