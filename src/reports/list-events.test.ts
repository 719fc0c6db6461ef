import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  acceptMail,
  fetchMail,
  hitOf,
  machine,
  person,
  type SentMail,
  type TestAccount,
  testKeys,
} from '../../test/kit/mail.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { listEventsOfMessage } from './list-events.ts';

describe('the events of a message', () => {
  let world: TestWorld;
  let account: TestAccount;
  let sent: SentMail;
  const total = 2_404;

  before(async () => {
    world = await testWorld('2026-11-20T10:20:00Z');
    account = await testKeys(world);
    sent = await acceptMail(world, account, {
      to: ['a@x.example', 'b@x.example', 'c@x.example', 'd@x.example'],
      links: ['https://clinic.example/'],
      acceptedAt: '2026-11-20T09:00:00Z',
    });
    // Many at the same millisecond, so that a page ends within one.
    const hits = Array.from({ length: total - 4 }, (_, number) =>
      hitOf({
        messageId: sent.messageId,
        recipientId: sent.recipientIds[number % 4] ?? '',
        at: new Date(Date.parse('2026-11-20T10:00:00Z') + Math.floor(number / 300)),
        by: number % 2 === 0 ? person : machine,
        ...(number % 3 === 0 ? { link: 0 } : {}),
      }),
    );
    await fetchMail(world, account, hits);
  });
  after(() => world.close());

  const caller = () => ({ accountId: account.accountId, actor: { kind: 'system', id: 'test' } as const });
  const page = (limit: number, cursor?: string, recipientId?: string) =>
    listEventsOfMessage(world, caller(), sent.messageId, { limit, cursor, recipientId });

  it('come each once and in order, however many pages they take', async () => {
    for (const limit of [1000, 333]) {
      const seen: string[] = [];
      const times: string[] = [];
      let cursor: string | undefined;
      do {
        const { events, nextCursor } = await page(limit, cursor);
        assert.ok(events.length <= limit);
        seen.push(...events.map((event) => event.id));
        times.push(...events.map((event) => event.occurredAt));
        cursor = nextCursor;
      } while (cursor !== undefined);
      assert.equal(seen.length, total);
      assert.equal(new Set(seen).size, total);
      assert.deepEqual(times, times.toSorted());
    }
  });

  it('can be those of one recipient, whose cursor leads nowhere else', async () => {
    const recipientId = sent.recipientIds[1];
    const { events, nextCursor } = await page(500, undefined, recipientId);
    assert.ok(events.every((event) => event.recipientId === recipientId));
    await assert.rejects(page(500, nextCursor, sent.recipientIds[2]), /request\.bad_cursor/);
    assert.equal((await page(500, nextCursor, recipientId)).events.length, total / 4 - 500);
  });

  it('are provisional until their verdict settles', async () => {
    world.clock.set('2026-11-20T10:14:59Z');
    assert.equal((await page(5)).events.at(-1)?.verdict?.provisional, true);
    world.clock.set('2026-11-20T10:15:01Z');
    assert.equal((await page(5)).events.at(-1)?.verdict?.provisional, false);
  });

  it('are not there for a message that is not', async () => {
    await assert.rejects(
      listEventsOfMessage(world, caller(), '00000000-0000-4000-8000-000000000000', { limit: 10 }),
      /message\.not_found/,
    );
  });
});
