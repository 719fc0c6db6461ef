import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import {
  acceptMail,
  fetchMail,
  hitOf,
  machine,
  type Opinion,
  person,
  rejudgeMail,
  type SentMail,
  testKeys,
  verdictOf,
} from '../../test/kit/mail.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { type AccountKeys, loadHits, loadSources } from './index.ts';

describe('hits', () => {
  let world: TestWorld;
  let keys: AccountKeys;
  before(async () => {
    world = await testWorld();
    keys = await testKeys(world);
  });
  after(() => world.close());

  const accept = (): Promise<SentMail> =>
    acceptMail(world, keys, {
      to: ['a@x.example'],
      links: ['https://canary-link.example/'],
      acceptedAt: '2026-11-20T10:00:00Z',
    });
  const of = ({ messageId, recipientIds }: SentMail) => ({ messageId, recipientId: recipientIds[0] ?? '' });
  const ask = async (query: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client(world.database.connection);
    await client.connect();
    const { rows } = await client.query(query);
    await client.end();
    return rows;
  };

  it('are stored once however often the journal is read', async () => {
    const hit = hitOf({ ...of(await accept()), at: '2026-11-20T10:05:00Z', by: person });
    assert.equal((await fetchMail(world, keys, [hit, hit])).stored, 1);
    assert.equal((await fetchMail(world, keys, [hit])).stored, 0);
    assert.deepEqual(await ask(`SELECT opens_human FROM recipient_states WHERE recipient_id = '${hit.recipientId}'`), [
      { opens_human: 1 },
    ]);
  });

  it('take their mark with them when they are judged anew, and the change is kept with what it was', async () => {
    const who = of(await accept());
    await fetchMail(world, keys, [
      hitOf({ ...who, at: '2026-11-20T10:05:00Z', by: person }),
      hitOf({ ...who, at: '2026-11-20T10:05:01Z', link: 0, by: person }),
    ]);
    const revise = () => rejudgeMail(world, keys, [who.recipientId], (hit) => verdictOf(machine, hit.occurredAt));
    assert.equal((await revise()).revised, 2);
    assert.deepEqual(
      await ask(`SELECT opens, clicks FROM recipient_states WHERE recipient_id = '${who.recipientId}'`),
      [{ opens: 8, clicks: 8 }],
    );
    const changes = await ask(
      `SELECT was->>'verdict' AS was, became->>'verdict' AS became FROM verdict_changes c JOIN events e ON e.id = c.event_id WHERE e.recipient_id = '${who.recipientId}'`,
    );
    assert.deepEqual(changes, [
      { was: 'human', became: 'automated' },
      { was: 'human', became: 'automated' },
    ]);
    assert.equal((await revise()).revised, 0, 'a second look that says the same changes nothing');
  });

  it('judged the same by another ruleset follow it without a change to tell of, and count as judged by it', async () => {
    const who = of(await accept());
    await fetchMail(world, keys, [hitOf({ ...who, at: '2026-11-20T10:05:00Z', by: { ...person, ruleset: 'first' } })]);
    const restate = (more: Partial<Opinion>) =>
      rejudgeMail(world, keys, [who.recipientId], (hit) => verdictOf({ ...person, ...more }, hit.occurredAt));
    assert.deepEqual(await restate({ ruleset: 'second' }), { stored: 0, newIds: new Set(), revised: 0, restated: 1 });
    const counted = `SELECT r.name, sum(c.n)::int AS n FROM unfolded_cells c JOIN rulesets r ON r.id = c.key_id
                      WHERE grain = 'ruleset' AND r.name IN ('first', 'second') GROUP BY 1 ORDER BY 1`;
    assert.deepEqual(await ask(counted), [
      { name: 'first', n: 0 },
      { name: 'second', n: 1 },
    ]);
    const reasons = [{ rule: 'other.rule', text: 'Because another rule says so.' }];
    assert.deepEqual(await restate({ ruleset: 'second', reasons }), {
      stored: 0,
      newIds: new Set(),
      revised: 0,
      restated: 1,
    });
    assert.deepEqual(await restate({ ruleset: 'second', reasons }), {
      stored: 0,
      newIds: new Set(),
      revised: 0,
      restated: 0,
    });
    const mine = `FROM events e WHERE e.id = event_id AND e.recipient_id = '${who.recipientId}'`;
    assert.deepEqual(await ask(`SELECT ruleset, reasons FROM verdicts WHERE EXISTS (SELECT ${mine})`), [
      { ruleset: 'second', reasons },
    ]);
    assert.deepEqual(await ask(`SELECT FROM verdict_changes WHERE EXISTS (SELECT ${mine})`), []);
  });

  it('that flip in a re-judging name it beside the change', async () => {
    const who = of(await accept());
    await fetchMail(world, keys, [hitOf({ ...who, at: '2026-11-20T10:05:00Z', by: person })]);
    const runId = '0199f000-0000-7000-8000-000000000001';
    const rethink = (by: Opinion, run?: string) =>
      rejudgeMail(world, keys, [who.recipientId], (hit) => verdictOf(by, hit.occurredAt), run);
    assert.deepEqual(await rethink(machine, runId), { stored: 0, newIds: new Set(), revised: 1, restated: 0 });
    assert.deepEqual(await rethink({ ...machine, actor: 'barracuda' }), {
      stored: 0,
      newIds: new Set(),
      revised: 1,
      restated: 0,
    });
    const changes = `SELECT became->>'actor' AS actor, run_id FROM verdict_changes c JOIN events e ON e.id = c.event_id
                      WHERE e.recipient_id = '${who.recipientId}' ORDER BY run_id NULLS LAST`;
    assert.deepEqual(await ask(changes), [
      { actor: 'microsoft-safelinks', run_id: runId },
      { actor: 'barracuda', run_id: null },
    ]);
  });

  it('come back as they were told, newest kept when there are too many', async () => {
    const who = of(await accept());
    const hits = [1, 2, 3].map((minute) => hitOf({ ...who, at: `2026-11-20T10:0${minute}:00Z`, link: 0, by: machine }));
    await fetchMail(world, keys, hits);
    const load = (hitsPerRecipient: number, since = new Date(0)) =>
      world.db.asAccount(keys.accountId, async (tx) =>
        (await loadHits(tx, keys, [who.recipientId], { since, hitsPerRecipient })).get(who.recipientId),
      );
    assert.deepEqual(
      await load(10),
      hits.map((hit) => ({ ...hit, sourceKey: Buffer.from(hit.sourceKey ?? []) })),
    );
    assert.deepEqual(
      (await load(2))?.map((hit) => hit.id),
      hits.slice(1).map((hit) => hit.id),
    );
    assert.equal((await load(10, new Date('2026-11-20T10:02:30Z')))?.length, 1);
  });

  it('tell which recipients a source reached', async () => {
    const hits = [await accept(), await accept()].map((sent) =>
      hitOf({ ...of(sent), at: '2026-11-20T12:00:00Z', by: machine }),
    );
    await fetchMail(world, keys, hits);
    const bounds = {
      since: new Date('2026-11-20T11:55:00Z'),
      until: new Date('2026-11-20T12:00:00Z'),
      hitsPerSource: 100,
    };
    const found = await world.db.asAccount(keys.accountId, (tx) =>
      loadSources(tx, keys, [hits[0]?.sourceKey ?? new Uint8Array()], bounds),
    );
    assert.deepEqual(found.map((one) => one.recipientId).sort(), hits.map((hit) => hit.recipientId).sort());
  });

  it('with a link index that the message does not have count as clicks of no link', async () => {
    const who = of(await accept());
    await fetchMail(world, keys, [hitOf({ ...who, at: '2026-11-20T10:05:00Z', link: 7, by: machine })]);
    assert.deepEqual(await ask(`SELECT clicks FROM recipient_states WHERE recipient_id = '${who.recipientId}'`), [
      { clicks: 8 },
    ]);
    assert.deepEqual(await ask(`SELECT 1 FROM link_states WHERE recipient_id = '${who.recipientId}'`), []);
  });

  it('of somebody who may only be counted leave nothing but the count', async () => {
    const who = of(await accept());
    await fetchMail(world, keys, [], { anonymous: [{ recipientId: who.recipientId, kind: 'click', verdict: person }] });
    assert.deepEqual(
      await ask(`SELECT 1 FROM events WHERE recipient_id = '${who.recipientId}' AND type = 'clicked'`),
      [],
    );
    assert.deepEqual(await ask(`SELECT clicks FROM recipient_states WHERE recipient_id = '${who.recipientId}'`), [
      { clicks: 0 },
    ]);
    assert.deepEqual(await ask(`SELECT key_id, n FROM unfolded_cells WHERE grain = 'anonymous'`), [
      { key_id: '0', n: '1' },
    ]);
  });

  it('keep addresses, agents and links sealed in every table', async () => {
    const tables = [
      'events',
      'verdicts',
      'verdict_changes',
      'recipient_states',
      'link_states',
      'rollup_deltas',
      'rollups',
      'dimensions',
    ];
    for (const table of tables) {
      const found = await ask(
        `SELECT 1 FROM ${table} t WHERE t::text ~ '192\\.0\\.2\\.7|invented|canary|${Buffer.from('canary').toString('hex')}|${Buffer.from('192.0.2.7').toString('hex')}'`,
      );
      assert.deepEqual(found, [], table);
    }
  });
});
