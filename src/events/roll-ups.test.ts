import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import {
  acceptMail,
  addDepartment,
  delivered,
  deliverMail,
  fetchMail,
  hitOf,
  machine,
  type Opinion,
  person,
  prefetch,
  probableMachine,
  rejudgeMail,
  type SentMail,
  suspect,
  testKeys,
  verdictOf,
} from '../../test/kit/mail.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { readMigrations } from '../platform/migrate.ts';
import { type AccountKeys, foldOnce, type JudgedHit } from './index.ts';

const byOther = { ruleset: 'other without two-places' };
const opinions = [
  person,
  suspect,
  probableMachine,
  machine,
  prefetch,
  { ...prefetch, strength: 'probable' as const },
  { ...person, ...byOther },
  { ...prefetch, ...byOther },
];
const links = ['https://clinic.example/a', 'https://clinic.example/b', 'https://clinic.example/a'];
const startMs = Date.parse('2026-11-20T22:00:00Z');

const step = fc.oneof(
  fc.record({
    do: fc.constant('accept' as const),
    campaign: fc.nat(2),
    people: fc.integer({ min: 1, max: 4 }),
    hour: fc.nat(50),
  }),
  fc.record({
    do: fc.constant('deliver' as const),
    who: fc.nat(40),
    kind: fc.constantFrom('delivered', 'deferred', 'bounced', 'dropped'),
  }),
  fc.record({
    do: fc.constant('fetch' as const),
    hits: fc.array(
      fc.record({
        who: fc.nat(40),
        link: fc.integer({ min: -1, max: 3 }),
        by: fc.nat(opinions.length - 1),
        minute: fc.nat(500),
        again: fc.nat(9),
      }),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
  }),
  fc.record({ do: fc.constant('rejudge' as const), who: fc.nat(40), by: fc.nat(opinions.length - 1) }),
  fc.record({ do: fc.constant('fold' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Story {
  readonly world: TestWorld;
  readonly keys: AccountKeys;
  readonly #recipients: { messageId: string; recipientId: string }[] = [];
  readonly #hits: JudgedHit[] = [];

  readonly departments: readonly string[];

  constructor(world: TestWorld, keys: AccountKeys, departments: readonly string[]) {
    this.world = world;
    this.keys = keys;
    this.departments = departments;
  }

  #who(position: number) {
    return this.#recipients[position % this.#recipients.length];
  }

  async play(one: Step): Promise<void> {
    if (one.do === 'accept') return this.#accept(one);
    if (one.do === 'fold') return void (await foldOnce(this.world));
    if (one.do === 'fetch') return this.#fetch(one);
    const recipient = this.#who(one.who);
    if (recipient === undefined) return;
    if (one.do === 'deliver') {
      const outcome = { ...delivered(recipient.recipientId, new Date(startMs)), kind: one.kind as 'delivered' };
      await deliverMail(this.world, this.keys, [outcome]);
    } else {
      const opinion = opinions[one.by] ?? person;
      await rejudgeMail(this.world, this.keys, [recipient.recipientId], (hit) => verdictOf(opinion, hit.occurredAt));
    }
  }

  async #accept({ campaign, people, hour }: { campaign: number; people: number; hour: number }): Promise<void> {
    const to = Array.from({ length: people }, (_, at) => `p${at}@d${at % 3}.example`);
    const named = campaign === 0 ? {} : { campaign: `c${campaign}` };
    const departmentId = this.departments[hour % 3];
    const acceptedAt = new Date(startMs + hour * 3_600_000);
    const sent: SentMail = await acceptMail(this.world, this.keys, {
      ...named,
      ...(departmentId === undefined ? {} : { departmentId }),
      to,
      links,
      acceptedAt,
      timeZone: 'Asia/Kolkata',
    });
    for (const recipientId of sent.recipientIds) this.#recipients.push({ messageId: sent.messageId, recipientId });
  }

  async #fetch({
    hits,
  }: {
    hits: { who: number; link: number; by: number; minute: number; again: number }[];
  }): Promise<void> {
    const batch = hits.flatMap(({ who, link, by, minute, again }) => {
      const recipient = this.#who(who);
      const before = this.#hits[again];
      if (before !== undefined && again < 3) return [before];
      if (recipient === undefined) return [];
      const at = new Date(startMs + minute * 60_000);
      return [hitOf({ ...recipient, at, by: opinions[by] ?? person, ...(link < 0 ? {} : { link }) })];
    });
    await fetchMail(this.world, this.keys, batch);
    this.#hits.push(...batch);
  }
}

describe('roll-ups', () => {
  let world: TestWorld;
  before(async () => {
    world = await testWorld();
  });
  after(() => world.close());

  it('equal a recount after any sequence of accepting, delivering, fetching, re-judging and folding', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const keys = await testKeys(world);
        const house = await addDepartment(world, keys, 'House');
        const story = new Story(world, keys, [house, await addDepartment(world, keys, 'Ward', house)]);
        await story.play({ do: 'accept', campaign: 1, people: 3, hour: 0 });
        for (const one of steps) await story.play(one);
        assert.deepEqual(await differencesFromRecount(world.database.connection), []);
        await foldOnce(world);
        assert.deepEqual(await differencesFromRecount(world.database.connection), []);
      }),
      { numRuns: 25 },
    );
  });

  it('stay exact while writers and folds work at the same time on the same recipients', async () => {
    const keys = await testKeys(world);
    const sent = await acceptMail(world, keys, {
      to: ['a@x.example', 'b@x.example', 'c@y.example'],
      links,
      acceptedAt: new Date(startMs),
    });
    const writer = async (seed: number): Promise<void> => {
      for (let round = 0; round < 15; round++) {
        const order = seed % 2 === 0 ? sent.recipientIds : sent.recipientIds.toReversed();
        const by = opinions[(seed + round) % opinions.length] ?? person;
        await fetchMail(
          world,
          keys,
          order.map((recipientId) =>
            hitOf({ messageId: sent.messageId, recipientId, at: new Date(startMs + round), link: round % 3, by }),
          ),
        );
      }
    };
    const folder = async (): Promise<void> => {
      for (let round = 0; round < 25; round++) await foldOnce(world);
    };
    await Promise.all([writer(0), writer(1), writer(2), folder(), folder()]);
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
    const { deltas } = await folded(world);
    assert.equal(deltas, 0);
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
  });

  it('tell those behind a prefetch from those whom another machine fetched, in one batch and when judged again', async () => {
    const keys = await testKeys(world);
    const to = Array.from({ length: 12 }, (_, number) => `p${number}@x.example`);
    const sent = await acceptMail(world, keys, { to, links, acceptedAt: new Date(startMs) });
    const ids = sent.recipientIds;
    const hits = ids.flatMap((recipientId, number) => {
      const about = { messageId: sent.messageId, recipientId, at: new Date(startMs + number) };
      const click = hitOf({ ...about, link: 0, by: person });
      return [
        hitOf({ ...about, by: [machine, prefetch, person][number % 3] ?? person }),
        ...(number % 2 ? [click] : []),
      ];
    });
    const differences = () => differencesFromRecount(world.database.connection);
    const arrive = (some: readonly string[]) =>
      deliverMail(
        world,
        keys,
        some.map((id) => delivered(id, new Date(startMs))),
      );
    await arrive(ids.slice(0, 6));
    await fetchMail(world, keys, hits);
    assert.deepEqual(await differences(), []);
    await arrive(ids.slice(6));
    assert.deepEqual(await differences(), []);
    const rejudge = (by: Opinion) =>
      rejudgeMail(world, keys, ids, (hit) =>
        hit.kind === 'open' && hit.verdict.verdict === 'automated' ? verdictOf(by, hit.occurredAt) : hit.verdict,
      );
    assert.equal((await rejudge(prefetch)).revised, 4);
    assert.deepEqual(await differences(), []);
    assert.equal((await rejudge(machine)).revised, 8);
    assert.deepEqual(await differences(), []);
  });

  it('count what was stored before there were estimates and rulesets, when the database is brought up to date', async () => {
    await foldOnce(world);
    const client = new pg.Client(world.database.connection);
    await client.connect();
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM rollups WHERE grain ~ '-estimate$|^ruleset$'`,
    );
    assert.ok((rows[0]?.n ?? 0) >= 10, 'there is something to count');
    await client.query(`ALTER TABLE recipient_states DROP COLUMN prefetches; ALTER TABLE verdict_changes DROP COLUMN run_id;
      DROP TABLE rulesets; DELETE FROM rollups WHERE grain ~ '-estimate$|^ruleset$'`);
    await client.query(readMigrations().find(({ version }) => version === 6)?.sql ?? '');
    await client.end();
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
  });

  it('drop the cells that count nobody any more', async () => {
    const { zeroes } = await folded(world);
    assert.equal(zeroes, 0);
  });
});

async function folded(world: TestWorld): Promise<{ deltas: number; zeroes: number }> {
  await foldOnce(world);
  const client = new pg.Client(world.database.connection);
  await client.connect();
  const { rows } = await client.query<{ deltas: number; zeroes: number }>(
    'SELECT (SELECT count(*) FROM rollup_deltas)::int AS deltas, (SELECT count(*) FROM rollups WHERE n = 0)::int AS zeroes',
  );
  await client.end();
  return rows[0] ?? { deltas: -1, zeroes: -1 };
}
