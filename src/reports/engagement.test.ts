import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  acceptMail,
  addDepartment,
  delivered,
  deliverMail,
  fetchMail,
  hitOf,
  machine,
  person,
  prefetch,
  probableMachine,
  suspect,
  type TestAccount,
  testKeys,
} from '../../test/kit/mail.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { EngagementQuery } from '../contract/reports.ts';
import type { View } from '../contract/values.ts';
import { dayOf } from '../core/report/days.ts';
import { estimateRow, estimateWithheld } from '../core/report/estimate.ts';
import { bitOf } from '../core/report/kinds.ts';
import { boundsOf } from '../core/report/range.ts';
import { humanBits, whoSaw } from '../core/report/view.ts';
import { foldOnce } from '../events/index.ts';
import { sql } from '../platform/database.ts';
import { readEngagementReport } from './read-engagement.ts';

const opinions = [person, suspect, probableMachine, machine];
const links = ['https://clinic.example/a', 'https://clinic.example/b'];

/** What the test knows of each recipient, beside the database. */
interface Known {
  readonly campaign: string;
  /** Empty: the account itself. */
  readonly department: string;
  readonly domain: string;
  readonly sender: string;
  readonly acceptedAt: Date;
  readonly isDelivered: boolean;
  opens: number;
  clicks: number;
  isPrefetched: boolean;
  readonly clicked: Map<string, number>;
}

/** Mail over six days around a change of clocks, every hour and a few minutes, in a fixed but mixed-up way. */
async function playMail(
  world: TestWorld,
  account: TestAccount,
  departments: readonly string[],
  timeZone: string,
  from: Date,
): Promise<Known[]> {
  await world.db.asAccount(account.accountId, (tx) =>
    tx.query(sql`UPDATE account_settings SET time_zone = ${timeZone} WHERE account_id = ${account.accountId}`),
  );
  const everyone: Known[] = [];
  for (let number = 0; number < 72; number++) {
    const acceptedAt = new Date(from.getTime() + number * 7_230_000);
    const about = { campaign: `c${number % 3}`, sender: `s${number % 2}@clinic.example` };
    const to = ['p', 'q', 'r', 's'].map((name, at) => `${name}@d${(number + 2 * at) % 5}.example`);
    const department = departments[number % 4] ?? '';
    const of = department === '' ? {} : { departmentId: department };
    const sent = await acceptMail(world, account, { ...about, ...of, to, links, acceptedAt, timeZone });
    const isDelivered = number % 7 !== 0;
    if (isDelivered)
      await deliverMail(
        world,
        account,
        sent.recipientIds.map((id) => delivered(id, acceptedAt)),
      );
    const known = to.map(
      (address): Known => ({
        ...about,
        department,
        domain: address.slice(2),
        acceptedAt,
        isDelivered,
        opens: 0,
        clicks: 0,
        isPrefetched: false,
        clicked: new Map(),
      }),
    );
    everyone.push(...known);
    const hits = known.flatMap((one, at) => hitsOf(one, number + at, sent.messageId, sent.recipientIds[at] ?? ''));
    await fetchMail(world, account, hits);
    if (number % 20 === 0) await foldOnce(world);
  }
  return everyone;
}

function hitsOf(one: Known, seed: number, messageId: string, recipientId: string) {
  const at = new Date(one.acceptedAt.getTime() + 60_000);
  const hits = [];
  if (seed % 3 !== 0) {
    const by = opinions[seed % 4] ?? person;
    one.opens |= bitOf(by);
    hits.push(hitOf({ messageId, recipientId, at, by }));
  }
  if (seed % 5 < 2) {
    one.opens |= bitOf(prefetch);
    one.isPrefetched = true;
    hits.push(hitOf({ messageId, recipientId, at, by: prefetch }));
  }
  if (seed % 4 !== 1) {
    const by = opinions[(seed >> 1) % 4] ?? person;
    const link = seed % 2;
    one.clicks |= bitOf(by);
    one.clicked.set(links[link] ?? '', bitOf(by));
    hits.push(hitOf({ messageId, recipientId, at, link, by }));
  }
  return hits;
}

function recount(everyone: readonly Known[], query: EngagementQuery, view: View, timeZone: string) {
  const { since, until } = boundsOf(timeZone, query) ?? { since: null, until: null };
  const within = everyone.filter(
    (one) =>
      (query.campaign === undefined || one.campaign === query.campaign) &&
      (since === null || one.acceptedAt >= since) &&
      (until === null || one.acceptedAt < until),
  );
  const keysOf = (one: Known): (string | null)[] => {
    if (query.groupBy === 'link') return links;
    const keys = {
      campaign: one.campaign,
      day: dayOf(timeZone, one.acceptedAt),
      recipientDomain: one.domain,
      sender: one.sender,
      department: one.department === '' ? null : one.department,
    };
    return [keys[query.groupBy]];
  };
  const groups = new Map<string | null, Known[]>();
  for (const one of within) for (const key of keysOf(one)) groups.set(key, [...(groups.get(key) ?? []), one]);
  return [...groups].map(([key, members]) => {
    const seen = members.map((one) =>
      whoSaw(query.groupBy === 'link' ? { opens: 0, clicks: one.clicked.get(key ?? '') ?? 0 } : one, view),
    );
    const count = (what: 'opened' | 'clicked', who: 'people' | 'machines') =>
      seen.filter((one) => one[what] === who).length;
    const opens = (who: 'people' | 'machines') => (query.groupBy === 'link' ? null : count('opened', who));
    return {
      key,
      sent: members.length,
      delivered: members.filter((one) => one.isDelivered).length,
      people: { opened: opens('people'), clicked: count('clicked', 'people') },
      machines: { opened: opens('machines'), clicked: count('clicked', 'machines') },
      ...(query.groupBy === 'link' ? estimateWithheld('no-opens') : estimateOf(members, view)),
    };
  });
}

/** From each recipient's own history. */
function estimateOf(members: readonly Known[], view: View) {
  const seen = members.map((one) => ({ ...one, ...whoSaw(one, view), sawPixel: (one.opens & humanBits(view)) !== 0 }));
  const elsewhere = seen.filter((one) => !one.isPrefetched && one.sawPixel);
  const behind = seen.filter((one) => one.isPrefetched && one.isDelivered);
  const clickers = (some: readonly { clicked: unknown }[]) => some.filter((one) => one.clicked === 'people').length;
  return estimateRow(
    {
      delivered: members.filter((one) => one.isDelivered).length,
      openedByPeople: seen.filter((one) => one.opened === 'people').length,
    },
    {
      openers: elsewhere.length,
      clickersOfOpeners: clickers(elsewhere),
      prefetched: behind.length,
      knownOpeners: behind.filter((one) => one.opened === 'people').length,
      prefetchedClickers: clickers(behind),
    },
  );
}

const byKey = (a: { key: string | null }, b: { key: string | null }): number =>
  (a.key ?? '') < (b.key ?? '') ? -1 : 1;

describe('the engagement report', () => {
  let world: TestWorld;
  before(async () => {
    world = await testWorld();
  });
  after(() => world.close());

  for (const [timeZone, start] of [
    ['Asia/Kolkata', '2026-11-10T03:00:00Z'],
    ['Europe/Berlin', '2026-03-27T03:00:00Z'],
    ['Europe/Berlin', '2026-10-23T03:00:00Z'],
  ] as const) {
    it(`counts what a recount counts, for any range, grouping and view: ${timeZone} from ${start.slice(0, 10)}`, async () => {
      const account = await testKeys(world);
      const from = new Date(start);
      const house = await addDepartment(world, account, 'House');
      const ward = await addDepartment(world, account, 'Ward', house);
      const everyone = await playMail(world, account, [house, ward], timeZone, from);
      const below: Readonly<Record<string, readonly string[]>> = { [house]: [house, ward], [ward]: [ward] };
      const instant = fc
        .integer({ min: -5, max: 150 })
        .map((hour) => new Date(from.getTime() + hour * 3_600_000 + (hour % 4) * 900_000));
      const bound = fc.option(
        fc.oneof(
          instant.map((at) => at.toISOString()),
          instant.map((at) => dayOf(timeZone, at)),
        ),
        { nil: undefined },
      );
      const narrowings: (readonly string[])[] = [[house, ward], [ward], []];
      const question = fc.record({
        since: bound,
        until: bound,
        campaign: fc.option(fc.constantFrom('c0', 'c1', 'unknown'), { nil: undefined }),
        groupBy: fc.constantFrom('campaign', 'day', 'recipientDomain', 'link', 'sender', 'department'),
        departmentId: fc.option(fc.constantFrom(house, ward, randomUUID()), { nil: undefined }),
        narrowedTo: fc.option(fc.constantFrom(...narrowings), { nil: undefined }),
        view: fc.constantFrom('strict', 'balanced', 'lenient'),
      });
      const everything = {
        since: undefined,
        until: undefined,
        campaign: undefined,
        departmentId: undefined,
        narrowedTo: undefined,
      };
      const ofEverything = { ...everything, groupBy: 'sender' as const, view: 'lenient' as const };
      let estimates = 0;
      await fc.assert(
        fc.asyncProperty(question, async ({ narrowedTo, ...asked }) => {
          const query = { ...asked, automated: 'account', format: 'json' } as EngagementQuery;
          fc.pre(boundsOf(timeZone, query) !== null);
          const caller = { accountId: account.accountId, actor: { kind: 'system', id: 'test' } as const };
          const report = await readEngagementReport(world, { ...caller, departments: narrowedTo }, query);
          const isMeant = ({ department }: Known): boolean =>
            (narrowedTo?.includes(department) ?? true) &&
            (asked.departmentId === undefined || (below[asked.departmentId] ?? []).includes(department));
          const meant = everyone.filter(isMeant);
          const told = report.rows.map((row) => ({
            key: row.key,
            sent: row.sent,
            delivered: row.delivered,
            people: row.people,
            machines: row.machines,
            estimated: row.estimated,
            estimateWithheld: row.estimateWithheld,
          }));
          estimates += told.filter((row) => row.estimated !== null).length;
          assert.deepEqual(told.sort(byKey), recount(meant, query, asked.view as View, timeZone).sort(byKey));
        }),
        { numRuns: 120, examples: [[ofEverything]] },
      );
      assert.ok(estimates > 0, 'some rows have enough clickers for an estimate');
    });
  }

  it('tells no anonymous count where a range cuts a day, because none is kept of a part of one', async () => {
    const account = await testKeys(world);
    const { recipientIds } = await acceptMail(world, account, {
      campaign: 'c',
      to: ['a@x.example'],
      acceptedAt: '2026-11-20T10:00:00Z',
    });
    const hits = [person, machine].map((verdict) => ({
      recipientId: recipientIds[0] ?? '',
      kind: 'open' as const,
      verdict,
    }));
    await fetchMail(world, account, [], { anonymous: hits });
    const read = (more: Partial<EngagementQuery>) =>
      readEngagementReport(
        world,
        { accountId: account.accountId, actor: { kind: 'system', id: 'test' } },
        {
          groupBy: 'campaign',
          automated: 'account',
          view: 'account',
          format: 'json',
          ...more,
        },
      );
    const anonymousOf = async (more: Partial<EngagementQuery>) => (await read(more)).rows[0]?.anonymous;
    assert.deepEqual(await anonymousOf({}), { opens: 1, clicks: 0 });
    assert.deepEqual(await anonymousOf({ automated: 'include' }), { opens: 2, clicks: 0 });
    assert.deepEqual(await anonymousOf({ since: '2026-11-20', until: '2026-11-20' }), { opens: 1, clicks: 0 });
    assert.equal(await anonymousOf({ since: '2026-11-20T09:00:00Z' }), null);
    assert.equal(await anonymousOf({ groupBy: 'recipientDomain' }), null);
    assert.deepEqual((await read({})).rows[0]?.all, { opened: 0, clicked: 0 });
  });
});
