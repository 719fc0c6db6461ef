/** Legal holds: what each covers, that they win over erasure whoever comes first, and that they are kept for the record. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, refusal } from '../../test/kit/api.ts';
import { type KeptMail, openKeptMail } from '../../test/kit/kept-mail.ts';
import { until } from '../../test/kit/tracking.ts';
import { readMessage, sendMessage } from '../contract/messages.ts';
import { createDepartment } from '../contract/people.ts';
import { type HoldScope, listHolds, placeHold, readHold, releaseHold } from '../contract/retention.ts';
import { setTrackingConsent } from '../contract/settings.ts';
import { sql } from '../platform/database.ts';

const dayMs = 86_400_000;
let mail: KeptMail;
before(async () => {
  mail = await openKeptMail();
});
after(() => mail.close());

const release = (id: string) =>
  ask(mail.api, releaseHold, mail.apiKey, { params: { id }, body: { reason: 'The case is closed.' } });

async function isOnHold(id: string): Promise<boolean> {
  return (await ask(mail.api, readMessage, mail.apiKey, { params: { id } })).onHold;
}

const traces = (id: string) =>
  mail.count(
    `(SELECT FROM message_keys WHERE message_id = $1 UNION ALL SELECT FROM message_contents WHERE message_id = $1) AS t`,
    [id],
  );

/** Held is what it covers, and nothing else; released, all may go. */
async function holdsExactly(scope: HoldScope, covered: readonly string[], others: readonly string[]): Promise<void> {
  const hold = await mail.hold(scope);
  assert.deepEqual(hold.covers, { messages: covered.length, isMore: false });
  for (const id of covered) {
    assert.equal(await isOnHold(id), true);
    assert.deepEqual(await mail.erase(id), { status: 409, code: 'message.on_hold' });
    assert.equal(await traces(id), 2);
  }
  for (const id of others) {
    assert.equal(await isOnHold(id), false);
    assert.equal((await mail.erase(id)).status, 200);
  }
  await release(hold.id);
  for (const id of covered) {
    assert.equal(await isOnHold(id), false);
    assert.equal((await mail.erase(id)).status, 200);
  }
}

describe('a legal hold covers', () => {
  it('one message', async () => {
    const [held, other] = [await mail.send(), await mail.send()];
    await holdsExactly({ kind: 'message', messageId: held }, [held], [other]);
  });

  it('a campaign, with the mail that comes later', async () => {
    const first = await mail.send({ campaign: 'Letters' });
    const other = await mail.send({ campaign: 'Other letters' });
    const hold = await mail.hold({ kind: 'campaign', campaign: 'Letters' });
    const later = await mail.send({ campaign: 'Letters' });
    for (const id of [first, later]) assert.equal((await mail.erase(id)).code, 'message.on_hold');
    assert.equal((await mail.erase(other)).status, 200);
    assert.deepEqual((await ask(mail.api, readHold, mail.apiKey, { params: { id: hold.id } })).covers, {
      messages: 2,
      isMore: false,
    });
    await release(hold.id);
    for (const id of [first, later]) assert.equal((await mail.erase(id)).status, 200);
  });

  it('a campaign of which nothing was sent yet', async () => {
    const hold = await mail.hold({ kind: 'campaign', campaign: 'Still to come' });
    assert.deepEqual(hold.covers, { messages: 0, isMore: false });
    const id = await mail.send({ campaign: 'Still to come' });
    assert.equal((await mail.erase(id)).code, 'message.on_hold');
    await release(hold.id);
    await mail.erase(id);
  });

  it('a campaign, whichever department sends it', async () => {
    const { id: departmentId } = await ask(mail.api, createDepartment, mail.apiKey, { body: { name: 'Radiology' } });
    const ofDepartment = await mail.send({ campaign: 'Shared', departmentId });
    const ofAccount = await mail.send({ campaign: 'Shared' });
    const other = await mail.send({ campaign: 'Not shared', departmentId });
    await holdsExactly({ kind: 'campaign', campaign: 'Shared' }, [ofDepartment, ofAccount], [other]);
  });

  it('a recipient, however the address is written', async () => {
    const held = await mail.send({ to: 'Bo Example <bo@EXAMPLE.org>' });
    const other = await mail.send({ to: 'bo@example.net' });
    await holdsExactly({ kind: 'recipient', email: 'bo@example.org' }, [held], [other]);
  });

  it('a period, to the bound', async () => {
    const early = await mail.send();
    mail.world.clock.advance(dayMs);
    const since = mail.world.clock.now().toISOString();
    const within = await mail.send();
    mail.world.clock.advance(dayMs);
    const untilThen = mail.world.clock.now().toISOString();
    const late = await mail.send();
    await holdsExactly({ kind: 'period', since, until: untilThen }, [within], [early, late]);
  });

  it('a campaign within a period only', async () => {
    const early = await mail.send({ campaign: 'Both' });
    mail.world.clock.advance(dayMs);
    const since = mail.world.clock.now().toISOString();
    const late = await mail.send({ campaign: 'Both' });
    await holdsExactly({ kind: 'campaign', campaign: 'Both', since }, [late], [early]);
  });

  it('a department and all below it, also once one of these was moved away', async () => {
    const make = async (name: string, parentId?: string): Promise<string> =>
      (
        await ask(mail.api, createDepartment, mail.apiKey, {
          body: { name, ...(parentId === undefined ? {} : { parentId }) },
        })
      ).id;
    const top = await make('Surgery');
    const below = await make('Ward', top);
    const elsewhere = await make('Kitchen');
    const own = (departmentId: string): Promise<string> => mail.send({ departmentId });
    const [ofTop, ofBelow, ofOther, ofNone] = [
      await own(top),
      await own(below),
      await own(elsewhere),
      await mail.send(),
    ];
    const hold = await mail.hold({ kind: 'department', departmentId: top });
    assert.equal(hold.covers?.messages, 2);
    await mail.owner.query('UPDATE departments SET parent_id = $1 WHERE id = $2', [elsewhere, below]);
    for (const id of [ofTop, ofBelow]) assert.equal((await mail.erase(id)).code, 'message.on_hold');
    for (const id of [ofOther, ofNone]) assert.equal((await mail.erase(id)).status, 200);
    await mail.owner.query('UPDATE departments SET parent_id = $1 WHERE id = $2', [top, elsewhere]);
    const joined = await own(elsewhere);
    assert.equal((await mail.erase(joined)).code, 'message.on_hold', 'what came below it later is covered too');
    await release(hold.id);
    for (const id of [ofTop, ofBelow, joined]) assert.equal((await mail.erase(id)).status, 200);
  });

  it('the whole account, and no other account', async () => {
    const { apiKey } = await createTestAccount(mail.world);
    const body = { from: 'care@clinic.example', to: ['cy@example.org'], subject: 'x', text: 'x' };
    const { id: theirs } = await ask(mail.api, sendMessage, apiKey, { body });
    const held = await mail.send();
    const hold = await mail.hold({ kind: 'account' });
    assert.equal((await mail.erase(held)).code, 'message.on_hold');
    assert.equal((await ask(mail.api, readMessage, apiKey, { params: { id: theirs } })).onHold, false);
    assert.equal(await refusal(mail.api, readHold, apiKey, { params: { id: hold.id } }), 'hold.not_found');
    assert.equal(
      await refusal(mail.api, releaseHold, apiKey, { params: { id: hold.id }, body: { reason: 'x' } }),
      'hold.not_found',
    );
    await release(hold.id);
    await mail.erase(held);
  });
});

describe('a legal hold', () => {
  it('keeps what two holds cover until both are released', async () => {
    const id = await mail.send({ campaign: 'Twice' });
    const holds = [
      await mail.hold({ kind: 'message', messageId: id }),
      await mail.hold({ kind: 'campaign', campaign: 'Twice' }),
    ];
    await release(holds[0]?.id ?? '');
    assert.equal((await mail.erase(id)).code, 'message.on_hold');
    await release(holds[1]?.id ?? '');
    assert.equal((await mail.erase(id)).status, 200);
  });

  it('leaves a message that was erased before with the certificate it has', async () => {
    const id = await mail.send();
    assert.equal((await mail.erase(id)).status, 200);
    const hold = await mail.hold({ kind: 'message', messageId: id });
    assert.equal(hold.covers?.messages, 0);
    assert.equal((await mail.erase(id)).status, 200);
    await release(hold.id);
  });

  it('is released once, with a reason, and stays listed', async () => {
    const hold = await mail.hold({ kind: 'period', until: '2020-01-01T00:00:00Z' });
    assert.equal(hold.released, null);
    const released = await release(hold.id);
    assert.equal(released.released?.reason, 'The case is closed.');
    assert.equal(released.covers, null);
    assert.equal(
      await refusal(mail.api, releaseHold, mail.apiKey, { params: { id: hold.id }, body: { reason: 'Again' } }),
      'hold.released',
    );
    const { holds } = await ask(mail.api, listHolds, mail.apiKey);
    assert.deepEqual(
      holds.find(({ id }) => id === hold.id),
      released,
    );
  });

  it('cannot be deleted or changed by the program, but for its one release', async () => {
    const { world, accountId } = mail;
    for (const statement of [
      sql`DELETE FROM legal_holds`,
      sql`UPDATE legal_holds SET scope = 'account'`,
      sql`UPDATE legal_holds SET since = now()`,
    ])
      await assert.rejects(
        world.db.asAccount(accountId, (tx) => tx.query(statement)),
        /permission denied/,
      );
    const before = await mail.count('legal_holds WHERE released_at IS NOT NULL');
    assert.ok(before > 0);
    const changed = await world.db.asAccount(accountId, (tx) =>
      tx.query(sql`UPDATE legal_holds SET released_at = now() WHERE released_at IS NOT NULL RETURNING id`),
    );
    assert.deepEqual(changed, [], 'a release stays as it was told');
  });

  it('is refused where what it names is not the account’s, or nothing', async () => {
    const ask = (scope: unknown) =>
      refusal(mail.api, placeHold, mail.apiKey, { body: { name: 'x', reason: 'x', scope } });
    assert.equal(await ask({ kind: 'message', messageId: crypto.randomUUID() }), 'hold.scope_unknown');
    assert.equal(await ask({ kind: 'department', departmentId: crypto.randomUUID() }), 'hold.scope_unknown');
    assert.equal(await ask({ kind: 'recipient', email: 'nobody' }), 'message.invalid_address');
    assert.equal(await ask({ kind: 'period' }), 'report.range_invalid');
    const reversed = { since: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' };
    assert.equal(await ask({ kind: 'period', ...reversed }), 'report.range_invalid');
    assert.equal(await ask({ kind: 'everything' }), 'request.malformed');
  });

  it('tells the audit log of each step, with no word of what it says', async () => {
    const id = await mail.send();
    const hold = await mail.hold({ kind: 'message', messageId: id });
    const { clock } = mail.world;
    clock.advance(1_000);
    await mail.erase(id);
    clock.advance(1_000);
    await ask(mail.api, readHold, mail.apiKey, { params: { id: hold.id } });
    clock.advance(1_000);
    await release(hold.id);
    const { rows } = await mail.owner.query<{ action: string; outcome: string; detail: object }>(
      'SELECT action, outcome, detail FROM audit_entries WHERE object_id = ANY ($1) ORDER BY id',
      [[hold.id, id]],
    );
    assert.deepEqual(
      rows.map(({ action, outcome }) => `${action} ${outcome}`).filter((one) => !one.startsWith('message.accepted')),
      ['hold.placed done', 'message.erasure_refused refused', 'hold.read done', 'hold.released done'],
    );
    assert.doesNotMatch(JSON.stringify(rows), /complaint|case|closed/i);
    await mail.erase(id);
  });

  it('lets a recipient still withdraw consent, and removes nothing that was recorded', async () => {
    const id = await mail.send({ to: 'dee@example.org' });
    const hold = await mail.hold({ kind: 'recipient', email: 'dee@example.org' });
    const events = await mail.count('events WHERE message_id = $1', [id]);
    const consent = await ask(mail.api, setTrackingConsent, mail.apiKey, {
      params: { email: 'dee@example.org' },
      body: { level: 'off' },
    });
    assert.equal(consent.level, 'off');
    const later = await mail.send({ to: 'dee@example.org' });
    const { recipients } = await ask(mail.api, readMessage, mail.apiKey, { params: { id: later } });
    assert.deepEqual(
      recipients.map(({ trackingLevel }) => trackingLevel),
      ['off'],
      'new mail is silent',
    );
    assert.equal(await mail.count('events WHERE message_id = $1', [id]), events);
    assert.equal(await traces(id), 2);
    await release(hold.id);
  });
});

describe('a hold and an erasure at the same moment', () => {
  const waiting = () =>
    mail.count(
      `pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()`,
    );

  it('the hold was first: the erasure waits for it, and destroys nothing', async () => {
    const id = await mail.send();
    const placing = new pg.Client(mail.world.database.connection);
    await placing.connect();
    try {
      // The transaction of a placement as far as its lock and row, held open.
      await placing.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtext('waxwing.holds'))`);
      const erasing = mail.erase(id);
      await until(async () => (await waiting()) === 1, 'the erasure waits');
      await placing.query(
        `INSERT INTO legal_holds (account_id, id, details_sealed, scope, message_id, placed_at, placed_by_kind, placed_by_id)
         VALUES ($1, gen_random_uuid(), '', 'message', $2, now(), 'system', 'test')`,
        [mail.accountId, id],
      );
      await placing.query('COMMIT');
      assert.deepEqual(await erasing, { status: 409, code: 'message.on_hold' });
      assert.equal(await traces(id), 2);
    } finally {
      await placing.end();
      await mail.owner.query('DELETE FROM legal_holds WHERE message_id = $1', [id]);
    }
  });

  it('the erasure was first: the hold waits for it, and does not count what is gone', async () => {
    const id = await mail.send();
    const erasing = new pg.Client(mail.world.database.connection);
    await erasing.connect();
    try {
      await erasing.query('BEGIN; SELECT lock_holds_shared()');
      const placing = mail.hold({ kind: 'message', messageId: id });
      await until(async () => (await waiting()) === 1, 'the placement waits');
      await erasing.query('UPDATE messages SET erased_at = now() WHERE id = $1', [id]);
      await erasing.query('COMMIT');
      const hold = await placing;
      assert.deepEqual(hold.covers, { messages: 0, isMore: false });
      await release(hold.id);
    } finally {
      await erasing.end();
    }
  });

  it('twenty of each at once: what is held was not destroyed, and what was destroyed is not held', async () => {
    const ids: string[] = [];
    while (ids.length < 20) ids.push(await mail.send({ campaign: 'Race' }));
    const outcomes = await Promise.all([
      mail.hold({ kind: 'campaign', campaign: 'Race' }),
      ...ids.map((id) => mail.erase(id)),
    ]);
    const [hold, ...erasures] = outcomes;
    const kept = ids.filter((_, place) => erasures[place]?.status === 409);
    assert.equal(hold.covers?.messages, kept.length);
    for (const id of ids) assert.equal(await traces(id), kept.includes(id) ? 2 : 0);
    await release(hold.id);
  });
});
