/** Messages go when their time is over, and not one too much: choice, preview, runs, holds, two processes at once, restores. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, refusal } from '../../test/kit/api.ts';
import { createTestDatabase } from '../../test/kit/database.ts';
import { type KeptMail, openKeptMail } from '../../test/kit/kept-mail.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { readMessage } from '../contract/messages.ts';
import { changeRetention, previewRetention, readRetention, releaseHold } from '../contract/retention.ts';
import { openDatabase, sql } from '../platform/database.ts';
import { openVault } from '../platform/vault.ts';
import { writeErasureLog } from '../upkeep/erasure-log.ts';
import { makeBackup, restoreBackup } from '../upkeep/index.ts';
import { runRetention } from './run-retention.ts';

tryStatementsHere(import.meta.filename);

const dayMs = 86_400_000;
const keepAll = { messageDays: null, eventDays: null, minimumDays: null, hour: 3 };
let mail: KeptMail;
before(async () => {
  mail = await openKeptMail('2026-03-01T12:00:00Z');
});
after(() => mail.close());

const choose = (choice: object) => ask(mail.api, changeRetention, mail.apiKey, { body: { ...keepAll, ...choice } });
const state = () => ask(mail.api, readRetention, mail.apiKey);
const isErased = async (id: string): Promise<boolean> =>
  (await ask(mail.api, readMessage, mail.apiKey, { params: { id } })).erased;
const entries = (action: string) => mail.count('audit_entries WHERE action = $1', [action]);

/** Nothing is left of what a test before this one sent. */
async function startAnew(): Promise<void> {
  await choose({});
  await mail.owner.query('UPDATE legal_holds SET released_at = now(), release_sealed = $1 WHERE released_at IS NULL', [
    '',
  ]);
  await mail.owner.query(`UPDATE messages SET erased_at = now() WHERE erased_at IS NULL`);
}

/** To the next three o'clock in the morning. */
async function untilItsHour(): Promise<void> {
  const { nextRunAt } = await state();
  mail.world.clock.set(nextRunAt ?? '');
}

describe('what an account chooses', () => {
  it('is at first to keep everything, and then no run is due', async () => {
    const { lastRun, nextRunAt, holdsInForce, ...policy } = await state();
    assert.deepEqual(policy, keepAll);
    assert.deepEqual([lastRun, nextRunAt, holdsInForce], [null, null, 0]);
    const id = await mail.send();
    mail.world.clock.advance(4000 * dayMs);
    assert.equal(await runRetention(mail.world), 0);
    assert.equal(await isErased(id), false);
    mail.world.clock.set('2026-03-01T12:00:00Z');
  });

  it('is tried before it is chosen: what would go now, within 30 days, and what holds keep', async () => {
    await startAnew();
    mail.world.clock.set('2026-03-01T12:00:00Z');
    const oldest = await mail.send();
    mail.world.clock.advance(20 * dayMs);
    const held = await mail.send();
    await mail.hold({ kind: 'message', messageId: held });
    await mail.send();
    mail.world.clock.advance(20 * dayMs);
    await mail.send();
    mail.world.clock.advance(1);
    const previewed = await ask(mail.api, previewRetention, mail.apiKey, { body: { messageDays: 30 } });
    assert.deepEqual(previewed, { dueNow: 1, dueIn30Days: 2, keptByHolds: 1, oldest: '2026-03-01T12:00:00.000Z' });
    const none = await ask(mail.api, previewRetention, mail.apiKey, { body: { messageDays: null } });
    assert.deepEqual(none, { dueNow: 0, dueIn30Days: 0, keptByHolds: 0, oldest: '2026-03-01T12:00:00.000Z' });
    assert.equal(await isErased(oldest), false);
    assert.equal(await entries('retention.previewed'), 2);
  });

  it('is refused where more would go at once than whoever chooses knows of', async () => {
    const body = { ...keepAll, messageDays: 30 };
    assert.equal(await refusal(mail.api, changeRetention, mail.apiKey, { body }), 'retention.preview_needed');
    assert.equal((await state()).messageDays, null);
    await choose({ messageDays: 30, acknowledgedMessages: 1 });
    await choose({ messageDays: 30, hour: 5 });
    assert.equal((await state()).hour, 5, 'what erases no more than before needs no second look');
    await choose({});
  });

  it('is refused where it contradicts itself', async () => {
    for (const days of [{ messageDays: 10 }, { eventDays: 10 }])
      assert.equal(
        await refusal(mail.api, changeRetention, mail.apiKey, { body: { ...keepAll, ...days, minimumDays: 20 } }),
        'retention.contradictory',
      );
    assert.equal(
      await refusal(mail.api, changeRetention, mail.apiKey, { body: { ...keepAll, messageDays: 0 } }),
      'request.malformed',
    );
  });

  it('begins at its hour of the account’s day, also where clocks are put forward', async () => {
    await mail.owner.query(`UPDATE account_settings SET time_zone = 'Europe/Berlin' WHERE account_id = $1`, [
      mail.accountId,
    ]);
    mail.world.clock.set('2026-03-28T12:00:00Z');
    assert.equal((await choose({ messageDays: 3000, hour: 4 })).nextRunAt, '2026-03-29T02:00:00.000Z');
    mail.world.clock.set('2026-03-27T12:00:00Z');
    assert.equal((await choose({ messageDays: 3000, hour: 4 })).nextRunAt, '2026-03-28T03:00:00.000Z');
    await mail.owner.query(`UPDATE account_settings SET time_zone = 'UTC' WHERE account_id = $1`, [mail.accountId]);
    assert.equal(
      (await choose({ messageDays: 3000, hour: 12 })).nextRunAt,
      '2026-03-28T12:00:00.000Z',
      'never this very moment',
    );
    await choose({});
  });

  it('can keep messages from everybody for a time: DELETE is refused until it is over', async () => {
    await startAnew();
    const id = await mail.send();
    await choose({ minimumDays: 10 });
    assert.deepEqual(await mail.erase(id), { status: 409, code: 'message.kept_by_policy' });
    mail.world.clock.advance(10 * dayMs - 1);
    assert.deepEqual(await mail.erase(id), { status: 409, code: 'message.kept_by_policy' });
    assert.equal(await mail.count('message_keys WHERE message_id = $1', [id]), 1);
    mail.world.clock.advance(1);
    assert.equal((await mail.erase(id)).status, 200);
    await choose({});
  });
});

describe('a run', () => {
  it('erases what is past its time and nothing else, with a certificate each and one entry in the audit log', async () => {
    await startAnew();
    const old = [await mail.send(), await mail.send()];
    const held = await mail.send({ campaign: 'Held' });
    await mail.hold({ kind: 'campaign', campaign: 'Held' });
    const waiting = await mail.send();
    const { rows } = await mail.owner.query<{ id: string }>('SELECT id FROM recipients WHERE message_id = $1', [
      waiting,
    ]);
    await mail.owner.query(
      `INSERT INTO deliveries (account_id, recipient_id, message_id, domain_id, queued_at, due_at) VALUES ($1, $2, $3, 1, now(), now())`,
      [mail.accountId, rows[0]?.id, waiting],
    );
    const acceptedAt = mail.world.clock.now().getTime();
    await choose({ messageDays: 30 });
    await untilItsHour();
    mail.world.clock.set(new Date(acceptedAt + 29 * dayMs));
    const young = await mail.send();
    assert.equal(await runRetention(mail.world), 0, 'all are younger than 30 days');
    mail.world.clock.set(new Date(acceptedAt + 30 * dayMs + dayMs));
    const [ran, erasedEntries, before] = [
      await entries('retention.ran'),
      await entries('message.erased'),
      await state(),
    ];
    assert.ok(before.nextRunAt !== null);
    assert.equal(await runRetention(mail.world), 2);
    for (const id of old) assert.equal(await isErased(id), true);
    for (const id of [held, waiting, young]) assert.equal(await isErased(id), false);
    assert.equal(await mail.count('erasures WHERE message_id = ANY ($1)', [old]), 2);
    assert.equal(await mail.count('message_keys WHERE message_id = ANY ($1)', [[held, waiting, young]]), 3);
    assert.equal(await entries('retention.ran'), ran + 1);
    assert.equal(await entries('message.erased'), erasedEntries, 'not one for each');
    const { lastRun } = await state();
    assert.deepEqual(
      { how: lastRun?.how, erased: lastRun?.erased, kept: lastRun?.keptByHolds, expected: lastRun?.expected },
      { how: 'done', erased: 2, kept: 1, expected: 4 },
    );
    assert.equal(await runRetention(mail.world), 0, 'once a day');
    await mail.owner.query('DELETE FROM deliveries');
  });

  it('takes what a hold kept once that is released, the next day', async () => {
    const { rows } = await mail.owner.query<{ id: string; message: string }>(
      `SELECT h.id, m.id AS message FROM legal_holds h JOIN messages m ON m.campaign_id = h.campaign_id
        WHERE h.released_at IS NULL AND m.erased_at IS NULL`,
    );
    const [row] = rows;
    await ask(mail.api, releaseHold, mail.apiKey, { params: { id: row?.id ?? '' }, body: { reason: 'Over' } });
    await untilItsHour();
    await runRetention(mail.world);
    assert.equal(await isErased(row?.message ?? ''), true);
  });

  it('is not done twice by two processes, nor is a message counted twice', async () => {
    await startAnew();
    for (let n = 0; n < 30; n += 1) await mail.send();
    await choose({ messageDays: 1 });
    mail.world.clock.advance(3 * dayMs);
    const other = openDatabase({ connection: mail.world.database.connection, onIdleError: () => undefined });
    try {
      const ran = await entries('retention.ran');
      const counts = await Promise.all([runRetention(mail.world), runRetention({ ...mail.world, db: other })]);
      assert.deepEqual(counts.toSorted(), [0, 30]);
      assert.equal((await state()).lastRun?.erased, 30);
      assert.equal(await entries('retention.ran'), ran + 1);
    } finally {
      await other.close();
    }
  });

  it('that was cut off goes on where it was, by whoever comes next, and who lost it counts nothing more', async () => {
    await startAnew();
    for (let n = 0; n < 12; n += 1) await mail.send();
    await choose({ messageDays: 1 });
    mail.world.clock.advance(3 * dayMs);
    const closing = new AbortController();
    const { db } = mail.world;
    let transactions = 0;
    const counting: typeof db = {
      ...db,
      asAccount: (id, run) => {
        transactions += 1;
        if (transactions === 6) closing.abort();
        return db.asAccount(id, run);
      },
    };
    const first = await runRetention({ ...mail.world, db: counting }, closing.signal);
    assert.ok(first > 0 && first < 12, String(first));
    assert.equal((await state()).lastRun?.how, 'running');
    assert.equal((await state()).lastRun?.erased, first);
    assert.equal(await runRetention(mail.world), 0, 'its lease still runs');
    mail.world.clock.advance(61_000);
    assert.equal(await runRetention(mail.world), 12 - first);
    assert.deepEqual([(await state()).lastRun?.how, (await state()).lastRun?.erased], ['done', 12]);
  });

  it('stops at once where the account chooses anew', async () => {
    await startAnew();
    const ids: string[] = [];
    while (ids.length < 6) ids.push(await mail.send());
    await choose({ messageDays: 1 });
    mail.world.clock.advance(3 * dayMs);
    const { db } = mail.world;
    let transactions = 0;
    const meddling: typeof db = {
      ...db,
      asAccount: async (id, run) => {
        transactions += 1;
        if (transactions === 5) await choose({ messageDays: 1000 });
        return db.asAccount(id, run);
      },
    };
    const erased = await runRetention({ ...mail.world, db: meddling });
    assert.ok(erased < 6, String(erased));
    assert.equal((await state()).lastRun?.how, 'stopped');
    const left = await mail.count('messages WHERE id = ANY ($1) AND erased_at IS NULL', [ids]);
    assert.equal(left, 6 - erased);
  });

  it('passes over a message that cannot be erased now, tells the log its id, and takes the others', async () => {
    await startAnew();
    const [stuck, other] = [await mail.send(), await mail.send()];
    await choose({ messageDays: 1 });
    mail.world.clock.advance(3 * dayMs);
    await mail.owner.query(`
      CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.message_id = '${stuck}' THEN RAISE EXCEPTION 'a fault of the test'; END IF; RETURN OLD; END $$;
      CREATE TRIGGER refuse_one BEFORE DELETE ON message_keys FOR EACH ROW EXECUTE FUNCTION refuse_one()`);
    try {
      assert.equal(await runRetention(mail.world), 1);
      assert.deepEqual([await isErased(stuck), await isErased(other)], [false, true]);
      assert.ok(mail.world.logLines.some((line) => line.includes(stuck) && line.includes('passed over')));
    } finally {
      await mail.owner.query('DROP TRIGGER refuse_one ON message_keys; DROP FUNCTION refuse_one()');
    }
    await untilItsHour();
    assert.equal(await runRetention(mail.world), 1);
    assert.equal(await isErased(stuck), true);
  });
});

describe('a restore', () => {
  it('erases again what retention had erased since the backup', async () => {
    await startAnew();
    const home = mkdtempSync(join(tmpdir(), 'waxwing-retention-'));
    const place = await createTestDatabase(false);
    const there = openDatabase({ connection: place.connection, onIdleError: () => undefined });
    try {
      mail.world.clock.set(new Date());
      const [gone, kept] = [await mail.send(), await mail.send({ campaign: 'Held again' })];
      await makeBackup({ ...mail.world, connection: mail.world.database.connection }, home);
      await mail.hold({ kind: 'campaign', campaign: 'Held again' });
      await choose({ messageDays: 1 });
      mail.world.clock.advance(3 * dayMs);
      assert.equal(await runRetention(mail.world), 1);
      await writeErasureLog(mail.world.db, home);
      const needs = { db: there, vault: openVault(mail.world.masterKey), clock: mail.world.clock };
      const restored = await restoreBackup({ ...needs, connection: place.connection }, { dir: home });
      assert.ok(restored.erasedAgain >= 1);
      const keys = await there.readAccount(mail.accountId, (tx) =>
        tx.query<{ id: string }>(
          sql`SELECT message_id AS id FROM message_keys WHERE message_id = ANY (${[gone, kept]}::uuid[])`,
        ),
      );
      assert.deepEqual(
        keys.map(({ id }) => id),
        [kept],
      );
    } finally {
      await there.close();
      await place.drop();
      rmSync(home, { recursive: true, force: true });
    }
  });
});
