import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { accountRoutes } from '../../src/accounts/index.ts';
import type { Endpoint } from '../../src/contract/endpoint.ts';
import { listMessageEvents, listMessages, readMessage } from '../../src/contract/messages.ts';
import { type EngagementRow, listReportRecipients, readActivity, readEngagement } from '../../src/contract/reports.ts';
import { changeOutboundSettings } from '../../src/contract/settings.ts';
import { foldOnce } from '../../src/events/index.ts';
import { reportRoutes } from '../../src/reports/index.ts';
import { type Asked, ask, refusal, request, startApi, type TestApi } from '../kit/api.ts';
import {
  acceptMail,
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
  type TestAccount,
  testKeys,
  verdictOf,
} from '../kit/mail.ts';
import { type TestWorld, testWorld } from '../kit/world.ts';

const first = 'https://clinic.example/book';
const second = 'https://clinic.example/about?a=1&b=2';

describe('a report is read', () => {
  let world: TestWorld;
  let api: TestApi;
  let account: TestAccount;
  let spring: SentMail;
  let autumn: SentMail;

  before(async () => {
    world = await testWorld('2026-11-22T12:00:00Z');
    api = await startApi(world, (gate) => [
      ...reportRoutes(world),
      ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
    ]);
    account = await testKeys(world);
    ({ spring, autumn } = await playCampaigns(world, account));
  });
  after(async () => {
    await api.close();
    await world.close();
  });

  const engagement = (query: NonNullable<Asked['query']> = {}) => ask(api, readEngagement, account.apiKey, { query });

  it('counts people, machines and all of each campaign, the newest first', async () => {
    const report = await engagement();
    assert.deepEqual(
      report.rows.map((row) => row.key),
      ['autumn', '=spring, "2026"'],
    );
    const row = report.rows[1];
    assert.deepEqual(pick(row), {
      sent: 6,
      delivered: 5,
      bounced: 1,
      deferred: 0,
      people: { opened: 3, clicked: 2 },
      machines: { opened: 1, clicked: 1 },
      all: { opened: 4, clicked: 3 },
      opened: 3,
      clicked: 2,
      openRate: 0.6,
      clickRate: 0.4,
      clickToOpenRate: 2 / 3,
    });
    assert.deepEqual([report.automatedEvents, report.view, row?.estimated], ['excluded', 'balanced', null]);
    assert.equal(row?.estimateWithheld?.code, 'no-prefetch');
    assert.deepEqual(row?.anonymous, { opens: 1, clicks: 0 });
    assert.deepEqual([report.totals.sent, report.totals.people.opened, report.totals.machines.opened], [8, 3, 2]);
  });

  it('changes at once with the setting, back again, and without touching what is stored', async () => {
    const stored = await checksums(world);
    const before = await engagement();
    await ask(api, changeOutboundSettings, account.apiKey, { body: { suppressAutomatedEvents: false } });
    const included = await engagement();
    assert.deepEqual(
      [included.automatedEvents, included.rows[1]?.opened, included.rows[1]?.clicked],
      ['included', 4, 3],
    );
    assert.equal(included.rows[1]?.openRate, 0.8);
    assert.deepEqual(included.rows[1]?.people, before.rows[1]?.people);
    assert.deepEqual(openedBy(await ask(api, readMessage, account.apiKey, { params: { id: spring.messageId } })), [
      true,
      false,
      true,
      true,
      false,
      true,
    ]);
    await ask(api, changeOutboundSettings, account.apiKey, { body: { suppressAutomatedEvents: true } });
    assert.deepEqual(await engagement(), before);
    assert.deepEqual(openedBy(await ask(api, readMessage, account.apiKey, { params: { id: spring.messageId } })), [
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
    assert.deepEqual(await checksums(world), stored);
  });

  it('obeys an override of one report and leaves the setting as it is', async () => {
    const included = await engagement({ automated: 'include' });
    assert.deepEqual([included.automatedEvents, included.rows[1]?.opened], ['included', 4]);
    assert.equal((await engagement()).automatedEvents, 'excluded');
    assert.equal((await engagement({ automated: 'exclude' })).rows[1]?.opened, 3);
  });

  it('tells the same mail by domain, link, day and sender', async () => {
    const campaign = '=spring, "2026"';
    const domains = await engagement({ groupBy: 'recipientDomain', campaign });
    assert.deepEqual(
      domains.rows.map((row) => [row.key, row.sent, row.delivered, row.people.opened, row.machines.opened]),
      [
        ['one.example', 4, 4, 2, 1],
        ['two.example', 2, 1, 1, 0],
      ],
    );
    const links = await engagement({ groupBy: 'link', campaign });
    assert.deepEqual(
      links.rows.map((row) => [
        row.key,
        row.sent,
        row.delivered,
        row.opened,
        row.people.clicked,
        row.machines.clicked,
        row.clickRate,
      ]),
      [
        [first, 6, 5, null, 2, 1, 0.4],
        [second, 6, 5, null, 0, 1, 0],
      ],
    );
    assert.deepEqual(
      links.rows.map((row) => [row.openRate, row.clickToOpenRate, row.all.opened]),
      [
        [null, null, null],
        [null, null, null],
      ],
    );
    assert.deepEqual([links.totals.sent, links.totals.people.clicked, links.totals.opened], [6, 2, 3]);
    assert.deepEqual(
      (await engagement({ groupBy: 'day' })).rows.map((row) => [row.key, row.sent]),
      [
        ['2026-11-20', 6],
        ['2026-11-21', 2],
      ],
    );
    assert.deepEqual(
      (await engagement({ groupBy: 'sender' })).rows.map((row) => [row.key, row.sent]),
      [
        ['care@clinic.example', 6],
        ['news@clinic.example', 2],
      ],
    );
  });

  it('lets a reader believe more or fewer signals', async () => {
    const people = async (view: string) => (await engagement({ view })).rows[1]?.people.opened;
    assert.deepEqual([await people('strict'), await people('balanced'), await people('lenient')], [2, 3, 4]);
  });

  it('writes a CSV that a spreadsheet opens and does not run', async () => {
    const response = await request(api, readEngagement, account.apiKey, { query: { format: 'csv' } });
    assert.match(response.headers.get('content-type') ?? '', /^text\/csv; charset=utf-8/);
    assert.match(
      response.headers.get('content-disposition') ?? '',
      /^attachment; filename="engagement-by-campaign-.*\.csv"$/,
    );
    const lines = (await response.text()).split('\r\n');
    assert.match(lines[0] ?? '', /^key,sent,delivered,bounced,/);
    assert.match(lines[2] ?? '', /^"'=spring, ""2026""",6,5,1,/);
  });

  it('estimates what Apple’s prefetch hides, as an interval with its assumption, and says why it does not', async () => {
    const clinic = await testKeys(world, 'Apple Clinic');
    await playApple(world, clinic);
    const read = (query: NonNullable<Asked['query']> = {}) => ask(api, readEngagement, clinic.apiKey, { query });
    const { rows, totals } = await read();
    const { estimated } = rows[0] ?? {};
    assert.deepEqual(
      [rows[0]?.delivered, rows[0]?.people, rows[0]?.openRate],
      [200, { opened: 81, clicked: 60 }, 0.405],
    );
    assert.equal(rows[0]?.estimateWithheld, null);
    // 30 clicked behind the prefetch; of the 50 whose opens are seen elsewhere 30 did: about 50 opened, and 31 are known to.
    assert.equal(estimated?.apple.recipients, 100);
    near(estimated?.apple.openRate, (30 * 51) / 31 / 100);
    near(estimated?.openRate, (50 + (30 * 51) / 31) / 200);
    assert.ok(estimated !== undefined && estimated !== null && estimated.low >= 0.405);
    assert.ok(estimated.low < estimated.openRate && estimated.openRate < estimated.high);
    near(estimated.low, (50 + 100 * estimated.apple.low) / 200);
    near(estimated.high, (50 + 100 * estimated.apple.high) / 200);
    assert.match(estimated.assumption, /clicked as often as/);
    assert.match(estimated.method, /95 %/);
    assert.deepEqual(totals.estimated, estimated);
    assert.deepEqual((await read({ automated: 'include' })).rows[0]?.estimated, estimated);
    const by = async (query: NonNullable<Asked['query']>) =>
      (await read(query)).rows.map((row) => row.estimateWithheld?.code ?? 'told').sort();
    assert.deepEqual(await by({ groupBy: 'day' }), ['told']);
    assert.deepEqual(await by({ groupBy: 'link' }), ['no-opens']);
    assert.deepEqual(await by({ groupBy: 'recipientDomain' }), ['no-prefetch', 'too-few-clickers']);
    assert.deepEqual(await by({ view: 'strict' }), ['told']);
    const csv = await (await request(api, readEngagement, clinic.apiKey, { query: { format: 'csv' } })).text();
    const [head = '', line = ''] = csv.split('\r\n');
    const cell = (name: string) => line.split(',')[head.split(',').indexOf(name)];
    assert.equal(cell('estimatedOpenRate'), String(estimated.openRate));
    assert.equal(cell('appleEstimatedHigh'), String(estimated.apple.high));
    assert.deepEqual([cell('appleRecipients'), cell('estimateWithheld')], ['100', '']);
  });

  it('says by which rulesets its hits were judged, and follows when they are judged again', async () => {
    const clinic = await testKeys(world, 'Judged Clinic');
    const sent = await acceptMail(world, clinic, {
      campaign: 'judged',
      to: ['a@one.example', 'b@one.example'],
      acceptedAt: '2026-11-20T09:00:00Z',
    });
    const [a = '', b = ''] = sent.recipientIds;
    const open = (recipientId: string, ruleset: string) =>
      hitOf({ messageId: sent.messageId, recipientId, at: '2026-11-20T10:00:00Z', by: { ...person, ruleset } });
    await fetchMail(world, clinic, [open(a, 'older'), open(b, 'older'), open(b, 'newer without two-places')]);
    const rulesets = async (query: NonNullable<Asked['query']> = {}) =>
      (await ask(api, readEngagement, clinic.apiKey, { query })).rulesets.map(({ ruleset, hits }) => [ruleset, hits]);
    const both = [
      ['older', 2],
      ['newer without two-places', 1],
    ];
    assert.deepEqual(await rulesets(), both);
    assert.deepEqual(await rulesets({ campaign: 'judged', since: '2026-11-20', until: '2026-11-20' }), both);
    assert.deepEqual(await rulesets({ since: '2026-11-20T08:00:00Z' }), both);
    for (const query of [{ campaign: 'other' }, { since: '2026-11-21' }, { until: '2026-11-19' }])
      assert.deepEqual(await rulesets(query), []);
    const again = (ids: string[]) =>
      rejudgeMail(world, clinic, ids, ({ occurredAt }) => verdictOf({ ...person, ruleset: 'newest' }, occurredAt));
    await again([b]);
    assert.deepEqual(await rulesets(), [
      ['newest', 2],
      ['older', 1],
    ]);
    await foldOnce(world);
    await again([a]);
    assert.deepEqual(await rulesets(), [['newest', 3]]);
  });

  it('draws activity by when things happened', async () => {
    const { points } = await ask(api, readActivity, account.apiKey, { query: { campaign: '=spring, "2026"' } });
    assert.deepEqual(
      points.map((point) => [
        point.at,
        point.people.opens + point.people.clicks,
        point.machines.opens + point.machines.clicks,
      ]),
      [
        ['2026-11-20T10:00:00.000Z', 0, 4],
        ['2026-11-20T11:00:00.000Z', 4, 0],
      ],
    );
    const byDay = await ask(api, readActivity, account.apiKey, { query: { by: 'day' } });
    assert.deepEqual(
      byDay.points.map((point) => point.at),
      ['2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z'],
    );
    const later = await ask(api, readActivity, account.apiKey, {
      query: { since: '2026-11-20T11:00:00Z', until: '2026-11-20' },
    });
    assert.equal(later.points.length, 1);
  });

  it('opens a number down to its recipients, and those to their events with reasons', async () => {
    const { recipients } = await ask(api, listReportRecipients, account.apiKey, { query: { clickedBy: 'machines' } });
    assert.deepEqual(
      recipients.map((one) => [one.email, one.openedBy, one.clickedBy, one.clicks]),
      [['b@one.example', null, 'machines', 2]],
    );
    const recipientId = recipients[0]?.id ?? '';
    const { events } = await ask(api, listMessageEvents, account.apiKey, {
      params: { id: spring.messageId },
      query: { recipientId },
    });
    assert.deepEqual(
      events.map((event) => event.type),
      ['accepted', 'delivered', 'clicked', 'clicked'],
    );
    const click = events[2];
    assert.deepEqual(click?.link, { index: 0, url: first });
    assert.deepEqual(click?.verdict?.reasons, [{ rule: 'test.rule', text: 'Because the test says so.' }]);
    assert.deepEqual(
      [click?.verdict?.provisional, click?.request?.ip, events[1]?.delivery?.host],
      [false, '192.0.2.7', 'mx.example.net'],
    );
  });

  it('finds the recipients of every number that it shows', async () => {
    const { totals } = await engagement();
    const count = async (query: NonNullable<Asked['query']>) =>
      (await ask(api, listReportRecipients, account.apiKey, { query })).recipients.length;
    assert.equal(await count({}), totals.sent);
    assert.equal(await count({ openedBy: 'people' }), totals.people.opened);
    assert.equal(await count({ openedBy: 'machines' }), totals.machines.opened);
    assert.equal(await count({ openedBy: 'nobody' }), totals.sent - (totals.all.opened ?? 0));
    assert.equal(await count({ clickedBy: 'nobody' }), totals.sent - totals.all.clicked);
    assert.equal(await count({ status: 'bounced' }), totals.bounced);
    assert.equal(await count({ recipientDomain: 'TWO.example', campaign: '=spring, "2026"' }), 2);
  });

  it('lists messages newest first, page by page', async () => {
    const page = await ask(api, listMessages, account.apiKey, { query: { limit: 1 } });
    assert.deepEqual(
      page.messages.map((one) => [one.id, one.campaign, one.subject, one.recipients]),
      [[autumn.messageId, 'autumn', 'Your results', 2]],
    );
    const rest = await ask(api, listMessages, account.apiKey, { query: { limit: 1, cursor: page.nextCursor ?? '' } });
    assert.deepEqual(
      rest.messages.map((one) => [one.id, one.delivered, one.opened, one.clicked]),
      [[spring.messageId, 5, 3, 2]],
    );
    assert.equal(rest.nextCursor, null);
  });

  it('is refused without a key, and shows an account nothing of another', async () => {
    const other = await testKeys(world, 'Other Clinic');
    const theirs: readonly [Endpoint, Asked, string | null][] = [
      [readMessage, { params: { id: spring.messageId } }, 'message.not_found'],
      [listMessageEvents, { params: { id: spring.messageId } }, 'message.not_found'],
      [listMessages, {}, null],
      [readEngagement, { query: { campaign: 'autumn' } }, null],
      [readActivity, {}, null],
      [listReportRecipients, {}, null],
    ];
    for (const [endpoint, asked, code] of theirs) {
      assert.equal(await refusal(api, endpoint, undefined, asked), 'auth.missing');
      assert.equal(await refusal(api, endpoint, 'wrong', asked), 'auth.invalid');
      if (code !== null) assert.equal(await refusal(api, endpoint, other.apiKey, asked), code);
      else
        assert.doesNotMatch(await (await request(api, endpoint, other.apiKey, asked)).text(), /autumn|spring|example/);
    }
    const mine = await ask(api, listMessages, account.apiKey, { query: { limit: 1 } });
    assert.equal(
      await refusal(api, listMessages, other.apiKey, { query: { limit: 1, cursor: mine.nextCursor ?? '' } }),
      'request.bad_cursor',
    );
    for (const cursor of ['AAAA', `${mine.nextCursor?.slice(0, -2)}xx`]) {
      assert.equal(await refusal(api, listMessages, account.apiKey, { query: { cursor } }), 'request.bad_cursor');
    }
  });

  it('refuses a range that is empty or reversed', async () => {
    for (const endpoint of [readEngagement, readActivity, listReportRecipients]) {
      assert.equal(
        await refusal(api, endpoint, account.apiKey, { query: { since: '2026-11-22', until: '2026-11-20' } }),
        'report.range_invalid',
      );
    }
  });

  it('leaves an entry of each look, without what was looked at', async () => {
    const looks = async () =>
      (await rows(world, `SELECT action, detail::text FROM audit_entries WHERE actor_kind = 'api-key' ORDER BY id`))
        .length;
    const before = await looks();
    await engagement({ campaign: 'autumn' });
    await ask(api, readMessage, account.apiKey, { params: { id: autumn.messageId } });
    await ask(api, listMessageEvents, account.apiKey, { params: { id: autumn.messageId } });
    await ask(api, listReportRecipients, account.apiKey);
    assert.equal((await looks()) - before, 4);
    assert.equal((await rows(world, `SELECT 1 FROM audit_entries WHERE detail::text ~ 'autumn|example'`)).length, 0);
  });
});

const near = (told: number | undefined, expected: number): void =>
  assert.ok(Math.abs((told ?? Number.NaN) - expected) < 1e-9, `${told} is not ${expected}`);

/**
 * A hundred behind the prefetch, thirty of whom click and one of whom opens elsewhere too; a hundred others, fifty of whom
 * open and thirty of those click. Their domains each have one kind.
 */
async function playApple(world: TestWorld, account: TestAccount): Promise<void> {
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  const isApple = (number: number): boolean => number < 100;
  const sent = await acceptMail(world, account, {
    campaign: 'apple',
    to: numbers.map((number) => `p${number}@${isApple(number) ? 'apple' : 'other'}.example`),
    links: [first],
    acceptedAt: '2026-11-20T09:00:00Z',
  });
  const idOf = (number: number): string => sent.recipientIds[number] ?? '';
  await deliverMail(
    world,
    account,
    sent.recipientIds.map((id) => delivered(id, '2026-11-20T09:01:00Z')),
  );
  const hit = (number: number, by: Opinion, link?: number) =>
    hitOf({
      messageId: sent.messageId,
      recipientId: idOf(number),
      at: '2026-11-20T11:00:00Z',
      by,
      ...(link === undefined ? {} : { link }),
    });
  const hits = numbers.flatMap((number) => {
    if (isApple(number)) return [hit(number, prefetch), ...(number < 30 ? [hit(number, person, 0)] : [])];
    return number < 150 ? [hit(number, person), ...(number < 130 ? [hit(number, person, 0)] : [])] : [];
  });
  await fetchMail(world, account, [...hits, hit(99, person)]);
}

const openedBy = (message: { recipients: { opened: boolean }[] }): boolean[] =>
  message.recipients.map(({ opened }) => opened);

function pick(row: EngagementRow | undefined) {
  if (row === undefined) return undefined;
  const {
    sent,
    delivered,
    bounced,
    deferred,
    people,
    machines,
    all,
    opened,
    clicked,
    openRate,
    clickRate,
    clickToOpenRate,
  } = row;
  return {
    sent,
    delivered,
    bounced,
    deferred,
    people,
    machines,
    all,
    opened,
    clicked,
    openRate,
    clickRate,
    clickToOpenRate,
  };
}

/**
 * Six recipients of spring: a person who opens and clicks, a scanner that clicks both links, a prefetch alone, a person
 * who clicks with images off, a bounce, and a suspect. Two of autumn, one fetched by a machine.
 */
async function playCampaigns(world: TestWorld, account: TestAccount): Promise<{ spring: SentMail; autumn: SentMail }> {
  const spring = await acceptMail(world, account, {
    campaign: '=spring, "2026"',
    to: ['a@one.example', 'b@one.example', 'c@one.example', 'd@two.example', 'e@two.example', 'f@one.example'],
    links: [first, second],
    acceptedAt: '2026-11-20T09:00:00Z',
  });
  const [a = '', b = '', c = '', d = '', e = '', f = ''] = spring.recipientIds;
  const bounce = { ...delivered(e, '2026-11-20T09:30:00Z'), kind: 'bounced' as const };
  await deliverMail(world, account, [...[a, b, c, d, f].map((id) => delivered(id, '2026-11-20T09:30:00Z')), bounce]);
  const { messageId } = spring;
  const early = '2026-11-20T10:15:00Z';
  const late = '2026-11-20T11:20:00Z';
  await fetchMail(
    world,
    account,
    [
      hitOf({ messageId, recipientId: a, at: late, by: person }),
      hitOf({ messageId, recipientId: a, at: late, link: 0, by: person }),
      hitOf({ messageId, recipientId: b, at: early, link: 0, by: machine }),
      hitOf({ messageId, recipientId: b, at: '2026-11-20T10:15:01Z', link: 1, by: machine }),
      hitOf({ messageId, recipientId: c, at: early, by: probableMachine }),
      hitOf({ messageId, recipientId: a, at: early, by: machine }),
      hitOf({ messageId, recipientId: d, at: late, link: 0, by: person }),
      hitOf({ messageId, recipientId: f, at: late, by: suspect }),
    ],
    { anonymous: [{ recipientId: e, kind: 'open', verdict: person }] },
  );
  const autumn = await acceptMail(world, account, {
    campaign: 'autumn',
    sender: 'news@clinic.example',
    to: ['g@one.example', 'h@two.example'],
    links: [first],
    acceptedAt: '2026-11-21T09:00:00Z',
  });
  const [g = ''] = autumn.recipientIds;
  await deliverMail(
    world,
    account,
    autumn.recipientIds.map((id) => delivered(id, '2026-11-21T09:01:00Z')),
  );
  await fetchMail(world, account, [
    hitOf({ messageId: autumn.messageId, recipientId: g, at: '2026-11-21T09:02:00Z', by: machine }),
  ]);
  return { spring, autumn };
}

async function rows(world: TestWorld, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(world.database.connection);
  await client.connect();
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}

/** Of every stored event, verdict, state and count. */
async function checksums(world: TestWorld): Promise<unknown> {
  const tables = [
    'events',
    'verdicts',
    'verdict_changes',
    'recipient_states',
    'link_states',
    'rollups',
    'rollup_deltas',
  ];
  const sums = tables.map(
    (table) => `(SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM ${table} t) AS ${table}`,
  );
  return rows(world, `SELECT ${sums.join(', ')}`);
}
