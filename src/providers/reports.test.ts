/** What each provider tells ends in the same honest numbers, however it comes: by real HTTP, twice, in any order. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ask, startApi, type TestApi } from '../../test/kit/api.ts';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes } from '../accounts/index.ts';
import { eraseMessage, listMessageEvents, listMessages, readMessage } from '../contract/messages.ts';
import { importProviderEvents, type TakenProviderEvents } from '../contract/providers.ts';
import { listReportRecipients, readEngagement } from '../contract/reports.ts';
import { changeOutboundSettings, setTrackingConsent } from '../contract/settings.ts';
import type { ProviderName } from '../core/providers/provider-event.ts';
import { reportRoutes } from '../reports/index.ts';
import { sendingRoutes } from '../sending/index.ts';
import { trackingRoutes } from '../tracking/index.ts';
import { campaign, links, sentAtMs, story, type Told, tell } from './fixtures/story.ts';
import { providerRoutes } from './index.ts';

const providers: ProviderName[] = ['sendgrid', 'mailgun', 'postmark', 'ses', 'sparkpost', 'resend', 'mandrill'];

/** Resend tells neither address nor agent of an open, so that Apple's cannot be known; the others tell both. */
const expected = (provider: ProviderName) => ({
  sent: 5,
  delivered: 4,
  bounced: 1,
  people: { opened: provider === 'resend' ? 2 : 1, clicked: 1 },
  machines: { opened: provider === 'resend' ? 0 : 1, clicked: 1 },
});

let world: TestWorld;
let api: TestApi;
before(async () => {
  world = await testWorld('2026-11-22T12:00:00Z');
  api = await startApi(world, (gate) => [
    ...providerRoutes(world, { publicUrl: 'http://127.0.0.1' }),
    ...reportRoutes(world),
    ...trackingRoutes(world),
    ...sendingRoutes(world, { trackingUrl: 'http://127.0.0.1' }),
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
  ]);
});
after(async () => {
  await api?.close();
  await world?.close();
});

const give = (account: TestAccount, provider: ProviderName, body: unknown): Promise<TakenProviderEvents> =>
  ask(api, importProviderEvents, account.apiKey, { query: { provider }, body });

async function engagement(account: TestAccount, groupBy = 'campaign') {
  const { rows } = await ask(api, readEngagement, account.apiKey, { query: { groupBy } });
  return rows;
}

async function numbers(account: TestAccount) {
  const [row] = await engagement(account);
  assert.equal(row?.key, campaign);
  const { sent, delivered, bounced, people, machines } = row;
  return { sent, delivered, bounced, people, machines };
}

const assertExact = async (): Promise<void> =>
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);

/** The same sequence for every run: a shuffle that fails can be repeated. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  const drawn = all.map((one, place) => ({ one, by: Math.sin(seed * 7919 + place * 104_729) % 1 }));
  return drawn.sort((a, b) => a.by - b.by).map(({ one }) => one);
}

describe('the events of every provider', () => {
  for (const provider of providers) {
    it(`end in people and machines told apart: ${provider}`, async () => {
      const account = await testKeys(world);
      const payload = tell(provider);
      assert.deepEqual(await give(account, provider, payload), {
        accepted: 16,
        duplicates: 0,
        ignored: 0,
        refused: [],
      });
      assert.deepEqual(await numbers(account), expected(provider));
      assert.deepEqual(await give(account, provider, payload), {
        accepted: 0,
        duplicates: 16,
        ignored: 0,
        refused: [],
      });
      assert.deepEqual(await numbers(account), expected(provider));
    });

    it(`end in the same numbers in any order, one a call: ${provider}`, async () => {
      const account = await testKeys(world);
      for (const item of shuffled(tell(provider), providers.indexOf(provider) + 1)) await give(account, provider, item);
      assert.deepEqual(await numbers(account), expected(provider));
    });
  }

  it('end in the same verdicts in any order', async () => {
    const inOrder = await verdictsAfter(story.map((_, place) => place));
    for (const seed of [1, 2, 3, 4])
      assert.deepEqual(
        await verdictsAfter(
          shuffled(
            story.map((_, place) => place),
            seed,
          ),
        ),
        inOrder,
      );
    assert.ok(inOrder.some((line) => line.includes('human')) && inOrder.some((line) => line.includes('automated')));
  });

  it('leave roll-ups that equal what is stored', assertExact);
});

async function verdictsAfter(order: readonly number[]): Promise<string[]> {
  const account = await testKeys(world);
  for (const place of order) await give(account, 'sendgrid', tell('sendgrid', [story[place] as Told]));
  const { messages } = await ask(api, listMessages, account.apiKey);
  const lines: string[] = [];
  for (const { id } of messages) {
    const { recipients } = await ask(api, readMessage, account.apiKey, { params: { id } });
    const { events } = await ask(api, listMessageEvents, account.apiKey, { params: { id } });
    for (const { type, occurredAt, verdict, link } of events)
      if (verdict !== undefined)
        lines.push(
          [recipients[0]?.email, type, occurredAt, link?.url, verdict.verdict, verdict.strength, verdict.actor].join(
            ' ',
          ),
        );
  }
  return lines.sort();
}

describe('a message that another provider sent', () => {
  let account: TestAccount;
  before(async () => {
    account = await testKeys(world);
    await give(account, 'ses', shuffled(tell('ses'), 9));
  });

  it('has a page with its recipient, its sender and all its events', async () => {
    const { messages } = await ask(api, listMessages, account.apiKey);
    assert.equal(messages.length, 5);
    const pages = await Promise.all(
      messages.map(({ id }) => ask(api, readMessage, account.apiKey, { params: { id } })),
    );
    const ana = pages.find((page) => page.recipients[0]?.email === 'ana@hill.example');
    assert.ok(ana);
    assert.deepEqual([ana.subject, ana.from, ana.campaign], ['', 'care@clinic.example', campaign]);
    assert.equal(ana.acceptedAt, new Date(sentAtMs).toISOString());
    assert.deepEqual(
      [ana.recipients[0]?.status, ana.recipients[0]?.opened, ana.recipients[0]?.clicked],
      ['delivered', true, true],
    );
    assert.equal(ana.recipients[0]?.deliveredAt, new Date(sentAtMs + 3_000).toISOString());
    const { events } = await ask(api, listMessageEvents, account.apiKey, { params: { id: ana.id } });
    assert.deepEqual(events.map(({ type }) => type).sort(), ['accepted', 'clicked', 'delivered', 'opened']);
    const click = events.find(({ type }) => type === 'clicked');
    assert.deepEqual(click?.link, { index: 0, url: links[0] });
    assert.equal(click?.request?.ip, '198.51.100.7');
  });

  it('has its links in the report by link, with their addresses', async () => {
    const rows = await engagement(account, 'link');
    assert.deepEqual(rows.map((row) => row.key).sort(), [...links].sort());
    const book = rows.find((row) => row.key === links[0]);
    assert.deepEqual([book?.sent, book?.people.clicked, book?.machines.clicked], [2, 1, 1]);
  });

  it('is in the reports by domain and sender', async () => {
    const domains = await engagement(account, 'recipientDomain');
    assert.deepEqual(domains.map((row) => [row.key, row.sent]).sort(), [
      ['hill.example', 4],
      ['lake.example', 1],
    ]);
    const senders = await engagement(account, 'sender');
    assert.deepEqual(
      senders.map((row) => [row.key, row.sent]),
      [['care@clinic.example', 5]],
    );
    const { recipients } = await ask(api, listReportRecipients, account.apiKey, { query: { openedBy: 'people' } });
    assert.deepEqual(
      recipients.map((one) => one.email),
      ['ana@hill.example'],
    );
  });
});

describe('who may not be tracked', () => {
  it('is counted and not kept, once, and no link of theirs is', async () => {
    const account = await testKeys(world);
    await ask(api, setTrackingConsent, account.apiKey, {
      params: { email: 'Ana@Hill.example' },
      body: { level: 'off' },
    });
    await give(account, 'sendgrid', tell('sendgrid'));
    await give(account, 'sendgrid', tell('sendgrid'));
    const [row] = await engagement(account);
    assert.deepEqual(
      [row?.people, row?.machines],
      [
        { opened: 0, clicked: 0 },
        { opened: 1, clicked: 1 },
      ],
    );
    assert.deepEqual(row?.anonymous, { opens: 1, clicks: 1 });
    const { messages } = await ask(api, listMessages, account.apiKey);
    for (const { id } of messages) {
      const { events } = await ask(api, listMessageEvents, account.apiKey, { params: { id } });
      const { recipients } = await ask(api, readMessage, account.apiKey, { params: { id } });
      const hits = events.filter(({ type }) => type === 'opened' || type === 'clicked');
      if (recipients[0]?.email === 'ana@hill.example') assert.deepEqual(hits, []);
    }
    const rows = await engagement(account, 'link');
    assert.equal(rows.find((one) => one.key === links[0])?.sent, 1, 'the gateway’s click alone');
  });
});

describe('an open of one of several recipients', () => {
  it('is counted with its campaign and with nobody', async () => {
    const account = await testKeys(world);
    const [open] = tell(
      'ses',
      story.filter(({ who, kind }) => who === 'ana' && kind === 'open'),
    ) as [{ mail: { destination: string[] } }];
    open.mail.destination.push('bea@hill.example');
    await give(
      account,
      'ses',
      tell(
        'ses',
        story.filter(({ kind }) => kind === 'delivered'),
      ),
    );
    assert.equal((await give(account, 'ses', open)).accepted, 1);
    assert.equal((await give(account, 'ses', open)).duplicates, 1);
    const [row] = await engagement(account);
    assert.deepEqual([row?.key, row?.sent, row?.anonymous], [campaign, 4, { opens: 1, clicks: 0 }]);
  });
});

/** Ana's events as those of one of many. */
const personOf = (n: number) =>
  tell(
    'sendgrid',
    story.filter(({ who }) => who === 'ana'),
  ).map((item) => {
    const { sg_event_id } = item as { sg_event_id: string };
    return { ...item, email: `p${n}@hill.example`, sg_event_id: `${n} ${sg_event_id}` };
  });

describe('many events', () => {
  it('are taken in one call, quickly, and exactly once when two calls bring them at the same time', async () => {
    const account = await testKeys(world);
    const many = Array.from({ length: 500 }, (_, n) => personOf(n)).flat();
    assert.equal(many.length, 2_000);
    const [one, other] = await Promise.all([give(account, 'sendgrid', many), give(account, 'sendgrid', many)]);
    assert.equal(one.accepted + other.accepted, 2_000);
    assert.equal(one.duplicates + other.duplicates, 2_000);
    const [row] = await engagement(account);
    assert.deepEqual([row?.sent, row?.delivered, row?.all.opened, row?.all.clicked], [500, 500, 500, 500]);
    await assertExact();
  });
});

describe('calls that meet crosswise', () => {
  it('take each event once, though they lock the same recipients and one source reaches them all', async () => {
    const account = await testKeys(world);
    const pool = Array.from({ length: 40 }, (_, n) => personOf(n)).flat();
    const calls = Array.from({ length: 6 }, (_, seed) => shuffled(pool, seed + 11).slice(0, 100));
    const results = await Promise.all(calls.map((call) => give(account, 'sendgrid', call)));
    const distinct = new Set(calls.flat().map((item) => item.sg_event_id));
    assert.equal(
      results.reduce((sum, { accepted }) => sum + accepted, 0),
      distinct.size,
    );
    await assertExact();
  });
});

describe('the day of acceptance', () => {
  it('is the first that is told of, also when it is told late', async () => {
    const evening = Date.parse('2026-11-20T23:59:58Z');
    const told = (who: string, kind: Told['kind'], atMs: number): Told => {
      const hit = kind === 'click' ? { ip: '198.51.100.9', agent: 'Mozilla/5.0 (X11)', url: links[0] as string } : {};
      return { who, kind, atMs, ...hit };
    };
    const order = [told('ana', 'delivered', evening + 4_000), told('ana', 'accepted', evening)];
    for (const calls of [order, order.toReversed()]) {
      const account = await testKeys(world);
      for (const one of calls) await give(account, 'sendgrid', tell('sendgrid', [one]));
      const days = await engagement(account, 'day');
      assert.deepEqual(
        days.map((row) => [row.key, row.sent, row.delivered]),
        [['2026-11-20', 1, 1]],
      );
    }
    const account = await testKeys(world);
    await give(account, 'sendgrid', tell('sendgrid', [told('bo', 'click', evening + 4_000)]));
    await give(account, 'sendgrid', tell('sendgrid', [told('bo', 'accepted', evening)]));
    const { messages } = await ask(api, listMessages, account.apiKey);
    assert.equal(messages[0]?.acceptedAt, '2026-11-21T00:00:00.000Z', 'who was hit keeps the day on which that counts');
    await assertExact();
  });
});

describe('a bounce', () => {
  it('ends the matter, whatever is told after it', async () => {
    const of = (kind: Told['kind']): Told => ({
      who: 'di',
      kind,
      atMs: sentAtMs + (kind === 'bounced' ? 9_000 : 1_000),
    });
    for (const order of [
      ['accepted', 'delivered', 'bounced'],
      ['bounced', 'delivered', 'accepted'],
      ['delivered', 'bounced', 'accepted'],
    ] as const) {
      const account = await testKeys(world);
      for (const kind of order) await give(account, 'mandrill', tell('mandrill', [of(kind)]));
      const [row] = await engagement(account);
      assert.deepEqual([row?.sent, row?.delivered, row?.bounced], [1, 0, 1], order.join());
    }
    await assertExact();
  });
});

describe('a message that was erased', () => {
  it('stays so: what is told of it afterwards counts, and names nobody', async () => {
    const account = await testKeys(world);
    const ofAna = story.filter(({ who }) => who === 'ana');
    const [sent, delivered, ...hits] = ofAna.map((told) => tell('mandrill', [told])[0] as object);
    await give(account, 'mandrill', [sent, delivered]);
    const { messages } = await ask(api, listMessages, account.apiKey);
    const params = { id: messages[0]?.id ?? '' };
    await ask(api, eraseMessage, account.apiKey, { params });
    const bounce = tell('mandrill', [{ who: 'ana', kind: 'bounced', atMs: sentAtMs + 60_000 }]);
    assert.equal((await give(account, 'mandrill', [...hits, ...bounce])).accepted, 3);
    const [row] = await engagement(account);
    assert.deepEqual([row?.sent, row?.bounced, row?.all], [1, 1, { opened: 1, clicked: 1 }]);
    const { events } = await ask(api, listMessageEvents, account.apiKey, { params });
    assert.equal(events.find(({ type }) => type === 'bounced')?.delivery?.reply, null);
    assert.equal(events.find(({ type }) => type === 'clicked')?.request?.ip, null);
    assert.deepEqual((await engagement(account, 'link')).length, 0);
    const page = await ask(api, readMessage, account.apiKey, { params });
    assert.equal(page.recipients[0]?.email, '');
  });
});

describe('an account that keeps no addresses of readers', () => {
  it('has the same verdicts, and no address or agent', async () => {
    const account = await testKeys(world);
    await ask(api, changeOutboundSettings, account.apiKey, { body: { keepRequestDays: 0 } });
    await give(account, 'sparkpost', tell('sparkpost'));
    assert.deepEqual(await numbers(account), expected('sparkpost'));
    const { messages } = await ask(api, listMessages, account.apiKey);
    for (const { id } of messages) {
      const { events } = await ask(api, listMessageEvents, account.apiKey, { params: { id } });
      for (const { request } of events)
        assert.deepEqual([request?.ip ?? null, request?.userAgent ?? null], [null, null]);
    }
  });
});
