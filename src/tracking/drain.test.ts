import assert from 'node:assert/strict';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { delivered, deliverMail, testKeys } from '../../test/kit/mail.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import {
  browser,
  sendTracked,
  startTracking,
  type TrackedCopy,
  type Tracking,
  until,
} from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault } from '../accounts/index.ts';
import { normaliseAddress } from '../core/message/index.ts';
import type { AccountKeys } from '../events/index.ts';
import { sql } from '../platform/database.ts';
import { newHandle, rejudgeRecipients, tokenKeys, trackingRoutes, trackingUrls } from './index.ts';

let world: TestWorld;
let tracking: Tracking;
let keys: AccountKeys;
const links = ['https://clinic.example/a', 'https://clinic.example/b', 'https://clinic.example/c'];
const mail = { campaign: 'autumn', links, acceptedAt: '2026-11-22T10:00:00Z' };

before(async () => {
  world = await testWorld();
});
after(() => world.close());
beforeEach(async () => {
  keys = await testKeys(world);
  tracking = await startTracking(world, ['127.0.0.1']);
});
afterEach(async () => {
  await tracking.close();
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);
});

const send = (to: readonly string[], more: object = {}): Promise<TrackedCopy[]> =>
  sendTracked(world, keys, tracking.baseUrl, { ...mail, to, ...more });
const people = (count: number): string[] => Array.from({ length: count }, (_, n) => `person${n}@example.org`);

async function get(url: string, headers = browser(1), method = 'GET'): Promise<Response> {
  const response = await fetch(url, { headers, method, redirect: 'manual' });
  await response.arrayBuffer();
  return response;
}

interface Seen {
  readonly recipient_id: string;
  readonly type: string;
  readonly verdict: string;
  readonly strength: string;
  readonly rules: string[];
  readonly settles_at: Date;
  readonly occurred_at: Date;
}

/** Hits of this test's account as they are judged now, oldest first. */
const events = (): Promise<Seen[]> =>
  world.db.readAccount(keys.accountId, (tx) =>
    tx.query<Seen>(sql`
      SELECT e.recipient_id, e.type, v.verdict, v.strength, v.settles_at, e.occurred_at,
             ARRAY(SELECT r ->> 'rule' FROM jsonb_array_elements(v.reasons) AS r) AS rules
        FROM events e JOIN verdicts v ON v.event_id = e.id AND v.occurred_at = e.occurred_at
       ORDER BY e.occurred_at, e.id`),
  );
const changes = async (): Promise<number> => {
  const [row] = await world.db.readAccount(keys.accountId, (tx) =>
    tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM verdict_changes`),
  );
  return row?.n ?? -1;
};
const opinions = (seen: readonly Seen[]): string[] => seen.map((one) => `${one.type} ${one.verdict}`);

async function asOwner(statement: string, values: unknown[] = []): Promise<pg.QueryResult> {
  const client = new pg.Client(world.database.connection);
  await client.connect();
  try {
    return await client.query(statement, values);
  } finally {
    await client.end();
  }
}

describe('the drain', () => {
  it('shows a hit in the database in well under a second', async () => {
    const [copy] = await send(['ana@example.org']);
    const askedAt = Date.now();
    await get(copy?.open() ?? '');
    await tracking.drained();
    assert.ok(Date.now() - askedAt < 900, `${Date.now() - askedAt} ms`);
    const [event] = await events();
    assert.equal(event?.verdict, 'human');
    assert.equal(event?.settles_at.getTime(), (event?.occurred_at.getTime() ?? 0) + 15 * 60_000);
  });

  it('folds back over batches: the first click of a burst is judged anew when the rest comes', async () => {
    const [copy] = await send(['ana@hospital.example']);
    assert.ok(copy);
    await get(copy.open());
    await get(copy.click(0, links[0] ?? ''));
    await tracking.drained();
    assert.deepEqual(opinions(await events()), ['opened human', 'clicked human']);
    for (const [index, url] of links.entries()) if (index > 0) await get(copy.click(index, url));
    await tracking.drained();
    assert.deepEqual(opinions(await events()), [
      'opened automated',
      'clicked automated',
      'clicked automated',
      'clicked automated',
    ]);
    assert.ok((await changes()) >= 2, 'each revision leaves a record');
  });

  it('sees one source reach many recipients over batches, and folds back to the first', async () => {
    const copies = await send(people(6), { campaign: 'one source' });
    for (const [n, copy] of copies.entries()) {
      await get(copy.click(0, links[0] ?? ''), browser(77));
      if (n % 2 === 1) await tracking.drained();
      world.clock.advance(100);
    }
    await tracking.drained();
    const seen = await events();
    assert.deepEqual(opinions(seen), Array(6).fill('clicked automated'));
    for (const one of seen) assert.ok(one.rules.includes('shared-source-second'), one.rules.join());
    await get(copies[0]?.open() ?? '', browser(77));
    await tracking.drained();
    assert.ok((await events())[0]?.rules.includes('shared-source-second'), 'what was seen of a source stays known');
  });

  it('attributes a damaged token by its handle, or by what it still claims, and judges it a machine', async () => {
    const [copy] = await send(['ana@example.org']);
    assert.ok(copy);
    const url = copy.click(0, links[0] ?? '');
    const start = url.indexOf('/c/') + 3;
    const alter = (at: number): string => url.slice(0, at) + (url[at] === 'A' ? 'B' : 'A') + url.slice(at + 1);
    assert.equal((await get(alter(start + 60))).status, 404);
    assert.equal((await get(alter(start + 2))).status, 404);
    assert.equal((await get(`${url.slice(0, start)}${url.slice(start, start + 30)}`)).status, 404);
    await tracking.drained();
    const seen = await events();
    assert.deepEqual(opinions(seen), Array(3).fill('clicked automated'));
    for (const one of seen) assert.deepEqual([one.recipient_id, one.strength], [copy.recipientId, 'certain']);
  });

  it('never attributes what leads to nobody or to another message, and counts it', async () => {
    const [copy] = await send(['ana@example.org']);
    const [other] = await send(['ben@example.org']);
    assert.ok(copy && other);
    const ring = tokenKeys(world.vault);
    const strange = (subject: { messageId: string; recipientId: string }, accountId = keys.accountId): string =>
      trackingUrls(ring, tracking.baseUrl, {
        accountId,
        handle: newHandle(),
        subject: { level: 'identified', ...subject },
      }).open();
    const before = await tracking.hits('unattributed');
    await get(strange({ messageId: other.messageId, recipientId: copy.recipientId }));
    await get(strange(copy, (await testKeys(world)).accountId));
    await get(strange(copy, '00000000-0000-4000-8000-000000000000'));
    await get(`${tracking.baseUrl}/o/${'A'.repeat(115)}`);
    await tracking.drained();
    assert.deepEqual(await events(), []);
    assert.equal((await tracking.hits('unattributed')) - before, 4);
  });

  it('says so when the message had been deleted, and keeps neither address nor agent', async () => {
    const [copy] = await send(['ana@example.org']);
    assert.ok(copy);
    await asOwner('UPDATE messages SET erased_at = now() WHERE id = $1', [copy.messageId]);
    assert.equal((await get(copy.click(0, links[0] ?? ''))).status, 302);
    await tracking.drained();
    const [event] = await events();
    assert.ok(event?.rules.includes('message-erased'));
    const { rows } = await asOwner(`SELECT detail_sealed FROM events WHERE message_id = $1 AND type = 'clicked'`, [
      copy.messageId,
    ]);
    const detail = JSON.parse(keys.vault.open('event.detail', rows[0].detail_sealed).toString());
    assert.deepEqual(detail.request, { method: 'GET', token: 'valid' });
  });

  it('only counts a recipient who took consent back, and knows them no more', async () => {
    const [ana, ben] = await send(['Ana@Example.org', 'ben@example.org']);
    assert.ok(ana && ben);
    const index = (await accountVault(world, keys.accountId)).index('address', normaliseAddress('Ana@Example.org'));
    await asOwner('UPDATE recipients SET address_index = $1 WHERE id = $2', [index, ana.recipientId]);
    const caller = { accountId: keys.accountId, actor: { kind: 'api-key', id: 'k' } } as const;
    const [set, read] = trackingRoutes(world);
    assert.ok(set && read);
    const request = {
      params: { email: 'ana@example.org' },
      query: {},
      headers: {},
      rawBody: Buffer.alloc(0),
      requestId: 'r',
      address: '192.0.2.7',
    };
    await set.handle({ ...request, body: { level: 'anonymous' } }, caller);
    assert.equal(
      ((await read.handle({ ...request, body: undefined }, caller)) as { level: string }).level,
      'anonymous',
    );
    await get(ana.open());
    await get(ben.open(), browser(2));
    await tracking.drained();
    assert.deepEqual(
      (await events()).map((one) => one.recipient_id),
      [ben.recipientId],
    );
    assert.equal(await anonymousCount(), 1);
  });

  it('counts an anonymous token for its campaign, and for nobody', async () => {
    const urls = trackingUrls(tokenKeys(world.vault), tracking.baseUrl, {
      accountId: keys.accountId,
      handle: newHandle(),
      subject: { level: 'anonymous', campaignId: 7 },
    });
    assert.equal((await get(urls.open())).status, 200);
    assert.equal(
      (await get(urls.click(0, 'https://clinic.example/x'))).headers.get('location'),
      'https://clinic.example/x',
    );
    await tracking.drained();
    assert.deepEqual(await events(), []);
    assert.equal(await anonymousCount(), 2);
  });

  it('judges first hits again once the delivery is known', async () => {
    const [copy] = await send(['ana@example.org'], { deliveredAt: null });
    assert.ok(copy);
    await get(copy.click(0, links[0] ?? ''));
    await tracking.drained();
    assert.deepEqual(opinions(await events()), ['clicked human']);
    const at = new Date(world.clock.now().getTime() - 1_000);
    await deliverMail(world, keys, [delivered(copy.recipientId, at)]);
    const changed = await world.db.asAccount(keys.accountId, (tx) =>
      rejudgeRecipients(tx, keys, [copy.recipientId], world.clock.now()),
    );
    assert.equal(changed, 1);
    assert.deepEqual(opinions(await events()), ['clicked automated']);
  });

  it('judges hits beyond a thousand of one copy singly, and says so', async () => {
    const [copy] = await send(['ana@example.org']);
    assert.ok(copy);
    const url = copy.open();
    for (let n = 0; n < 1_100; n += 50) await Promise.all(Array.from({ length: 50 }, () => get(url)));
    await tracking.drained();
    await get(url);
    await tracking.drained();
    assert.equal((await events()).length, 1_101);
    assert.ok(world.logLines.some((line) => line.includes('judged singly')));
  });

  it('keeps answering while the database is away, and loses nothing', async () => {
    const copies = await send(people(20), { campaign: 'outage' });
    const name = world.database.connection.database;
    const away = (isAway: boolean): Promise<unknown> =>
      asCluster(async (client) => {
        await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${!isAway}`);
        if (isAway)
          await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
      });
    const round = (): Promise<unknown> => Promise.all(copies.map((copy, n) => get(copy.open(), browser(n))));
    await round();
    await away(true);
    try {
      for (let n = 0; n < 5; n++) await round();
      assert.ok((await tracking.hits('journaled')) > (await tracking.hits('drained')));
    } finally {
      await away(false);
    }
    await tracking.drained();
    assert.equal((await events()).length, 120);
  });

  it('sets a hit aside that cannot be stored, and goes on with the others', async () => {
    const copies = await send(people(5), { campaign: 'poison' });
    const [poison] = copies;
    await asOwner(
      `ALTER TABLE events ADD CONSTRAINT poison CHECK (recipient_id <> '${poison?.recipientId}') NOT VALID`,
    );
    try {
      await tracking.stopDrain();
      for (const [n, copy] of copies.entries()) await get(copy.open(), browser(n));
      tracking.startDrain();
      await tracking.drained();
    } finally {
      await asOwner('ALTER TABLE events DROP CONSTRAINT poison');
    }
    assert.equal((await events()).length, 4);
    assert.equal(await tracking.hits('quarantined'), 1);
    const [slot = ''] = await readdir(tracking.journalDir);
    assert.ok((await stat(join(tracking.journalDir, slot, 'quarantine.wxj'))).size > 0);
  });

  it('waits while the database refuses what is no fault of a hit, and sets none aside', async () => {
    const setAside = await tracking.hits('quarantined');
    const copies = await send(people(3), { campaign: 'refused' });
    await tracking.stopDrain();
    await asOwner('ALTER TABLE verdicts RENAME COLUMN actor TO actor_of_another_version');
    try {
      for (const [n, copy] of copies.entries()) await get(copy.open(), browser(n));
      const waits = (): number => world.logLines.filter((line) => line.includes('"reason":"42703"')).length;
      const before = waits();
      tracking.startDrain();
      await until(async () => waits() > before, 'the drain says that it waits');
    } finally {
      await asOwner('ALTER TABLE verdicts RENAME COLUMN actor_of_another_version TO actor');
    }
    await tracking.drained();
    assert.equal((await events()).length, 3);
    assert.equal(await tracking.hits('quarantined'), setAside);
  });

  // The last one: what is lost here was journaled and is never drained.
  it('skips a damaged frame loudly, counts it, and stores what follows', async () => {
    const copies = await send(people(3), { campaign: 'damage' });
    await tracking.stopDrain();
    for (const [n, copy] of copies.entries()) await get(copy.open(), browser(n));
    await damageFirstFrame(tracking.journalDir);
    const lost = await tracking.hits('lost');
    tracking.startDrain();
    await until(async () => (await events()).length === 2, 'the undamaged hits are stored');
    assert.equal((await tracking.hits('lost')) - lost, 1);
    assert.ok(world.logLines.some((line) => line.includes('damaged and was skipped')));
  });
});

async function damageFirstFrame(journalDir: string): Promise<void> {
  const [slot = ''] = await readdir(journalDir);
  const folder = join(journalDir, slot);
  const [segment = ''] = (await readdir(folder)).filter((name) => name.endsWith('.wxj'));
  const file = await open(join(folder, segment), 'r+');
  const bytes = await readFile(join(folder, segment));
  await file.write(Buffer.of((bytes[60] ?? 0) ^ 0xff), 0, 1, 60);
  await file.close();
}

async function anonymousCount(): Promise<number> {
  const { rows } = await asOwner(
    `SELECT coalesce(sum(n), 0)::int AS n FROM (SELECT account_id, grain, n FROM rollups
       UNION ALL SELECT account_id, grain, n FROM unfolded_cells) AS cells WHERE grain = 'anonymous' AND account_id = $1`,
    [keys.accountId],
  );
  return rows[0].n;
}

async function asCluster<T>(run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...world.database.connection, database: 'postgres' });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
