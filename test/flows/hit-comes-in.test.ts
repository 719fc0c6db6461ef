/** A hit comes in: the edge answers, the journal keeps, the drain judges and stores, reports count. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from '../../src/platform/database.ts';
import { testKeys } from '../kit/mail.ts';
import { differencesFromRecount } from '../kit/recount.ts';
import { browser, sendTracked, startTracking, type Tracking } from '../kit/tracking.ts';
import { type TestWorld, testWorld } from '../kit/world.ts';

let world: TestWorld;
let tracking: Tracking;
before(async () => {
  world = await testWorld();
  tracking = await startTracking(world, ['127.0.0.1']);
});
after(async () => {
  await tracking.close();
  await world.close();
});

const links = ['https://clinic.example/a?x=1&y=ü', 'https://clinic.example/b', 'https://clinic.example/c'];

describe('a hit comes in', () => {
  it('as a person’s open and click, and as a scanner’s burst: answered, journaled, judged, counted', async () => {
    const keys = await testKeys(world);
    const [person, scanned] = await sendTracked(world, keys, tracking.baseUrl, {
      campaign: 'autumn',
      links,
      to: ['ana@example.org', 'ben@hospital.example'],
      acceptedAt: '2026-11-22T10:00:00Z',
    });
    assert.ok(person && scanned);
    const pixel = await fetch(person.open(), { headers: browser(1) });
    assert.equal(pixel.status, 200);
    assert.equal(pixel.headers.get('content-type'), 'image/gif');
    world.clock.advance(60_000);
    const click = await fetch(person.click(0, links[0] ?? ''), { headers: browser(1), redirect: 'manual' });
    assert.equal(click.status, 302);
    assert.equal(Buffer.from(click.headers.get('location') ?? '', 'latin1').toString('utf8'), links[0]);
    for (const [index, url] of links.entries()) {
      await fetch(scanned.click(index, url), { headers: browser(2), redirect: 'manual' });
      world.clock.advance(200);
    }
    await tracking.drained();

    const events = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<{ recipient_id: string; type: string; verdict: string; reasons: object; ruleset: string }>(sql`
        SELECT e.recipient_id, e.type, v.verdict, v.reasons, v.ruleset
          FROM events e JOIN verdicts v ON v.event_id = e.id WHERE e.message_id = ${person.messageId}
         ORDER BY e.occurred_at`),
    );
    const of = (recipientId: string) =>
      events.filter((event) => event.recipient_id === recipientId).map(({ type, verdict }) => `${type} ${verdict}`);
    assert.deepEqual(of(person.recipientId), ['opened human', 'clicked human']);
    assert.deepEqual(of(scanned.recipientId), ['clicked automated', 'clicked automated', 'clicked automated']);
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
    assert.ok(!world.logLines.join('').includes('81.2.'), 'no address in the log');
  });
});
