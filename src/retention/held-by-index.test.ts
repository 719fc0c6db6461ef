/** Whether a hold covers a message, and how much each covers, is found by an index among very many messages. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KeptMail, openKeptMail } from '../../test/kit/kept-mail.ts';
import { sql } from '../platform/database.ts';
import { countHeldBy } from './hold-store.ts';
import { heldAmong, selectDue } from './run-store.ts';

const messages = 50_000;
let mail: KeptMail;
before(async () => {
  mail = await openKeptMail();
  const { owner, accountId } = mail;
  await owner.query('SET session_replication_role = replica');
  await owner.query(
    `INSERT INTO messages (account_id, id, accepted_at, submitted_by, sender_id, campaign_id, recipient_count, size_bytes, header_sealed)
     SELECT $1, gen_random_uuid(), timestamptz '2020-01-01' + n * interval '1 minute', 'rest', 1, 1000 + n % 1000, 1, 1, ''
       FROM generate_series(1, ${messages}) AS n`,
    [accountId],
  );
  await owner.query(
    `INSERT INTO recipients (account_id, id, message_id, position, address_sealed, address_index, handle, tracking_level, track_opens, track_clicks)
     SELECT account_id, gen_random_uuid(), id, 0, '', decode(md5((campaign_id * 100 + size_bytes)::text), 'hex'), decode(md5(id::text), 'hex'), 'off', false, false
       FROM messages`,
  );
  await owner.query('SET session_replication_role = origin; ANALYZE messages, recipients');
});
after(() => mail.close());

/** How many rows of these tables were read past every index. */
async function readInFull(): Promise<number> {
  await mail.owner.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await mail.owner.query<{ n: number }>(
    `SELECT sum(seq_tup_read)::float8 AS n FROM pg_stat_user_tables WHERE relname IN ('messages', 'recipients')`,
  );
  return rows[0]?.n ?? -1;
}

test('no look reads all messages, whatever the holds are', async () => {
  const { world, accountId, owner } = mail;
  const id = await mail.send({ to: 'ana@example.org', campaign: 'Letters' });
  const holds = [
    await mail.hold({ kind: 'message', messageId: id }),
    await mail.hold({ kind: 'campaign', campaign: 'Letters' }),
    await mail.hold({ kind: 'recipient', email: 'ana@example.org' }),
    await mail.hold({ kind: 'period', until: '2020-01-01T01:00:00Z' }),
    await mail.hold({ kind: 'account' }),
  ];
  assert.deepEqual(
    holds.map(({ covers }) => covers),
    [1, 1, 1, 59].map((n) => ({ messages: n, isMore: false })).concat({ messages: 10_000, isMore: true }),
  );
  const { rows } = await owner.query<{ id: string }>('SELECT id FROM messages ORDER BY accepted_at LIMIT 100');
  const before = await readInFull();
  await world.db.asAccount(accountId, async (tx) => {
    for (const hold of holds.slice(0, 4)) await countHeldBy(tx, hold.id, 10_001);
    assert.equal(
      (
        await heldAmong(
          tx,
          rows.map((row) => row.id),
        )
      ).size,
      100,
    );
    assert.equal((await selectDue(tx, new Date('2021-01-01'), undefined, 100)).length, 100);
    const [held] = await tx.query<{ held: boolean }>(
      sql`SELECT EXISTS (SELECT FROM held_messages h WHERE h.account_id = current_account() AND h.message_id = ${id}) AS held`,
    );
    assert.equal(held?.held, true);
  });
  assert.equal(await readInFull(), before);
});
