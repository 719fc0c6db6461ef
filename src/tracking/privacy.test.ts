/** What becomes of the addresses and agents of hits, by each account's choice: through the edge, the drain and the API. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Observation } from '@waxwing/verdict';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, startApi, type TestApi } from '../../test/kit/api.ts';
import { keysOfMessage } from '../../test/kit/message-keys.ts';
import { sendTracked, startTracking, type TrackedCopy, type Tracking } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes, accountVault } from '../accounts/index.ts';
import { listMessageEvents } from '../contract/messages.ts';
import { changeOutboundSettings } from '../contract/settings.ts';
import type { AccountKeys } from '../events/index.ts';
import { openOfMessage } from '../platform/message-seal.ts';
import { reportRoutes } from '../reports/index.ts';
import { destroyRequestKeys } from './destroy-request-keys.ts';

const dayMs = 86_400_000;
const links = ['https://clinic.example/a', 'https://clinic.example/b', 'https://clinic.example/c'];
const corpus = new URL('../../packages/verdict/corpus/', import.meta.url);

let world: TestWorld;
let tracking: Tracking;
let api: TestApi;
let owner: pg.Client;

before(async () => {
  world = await testWorld('2026-03-10T09:00:00Z');
  tracking = await startTracking(world, ['127.0.0.1']);
  api = await startApi(world, (gate) => [
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
    ...reportRoutes(world),
  ]);
  owner = new pg.Client(world.database.connection);
  await owner.connect();
});
after(async () => {
  await owner.end();
  await api.close();
  await tracking.close();
  await world.close();
});

interface Account extends AccountKeys {
  readonly apiKey: string;
}

async function accountThatKeeps(keepRequestDays: number | null): Promise<Account> {
  const { accountId, apiKey } = await createTestAccount(world);
  const account = { accountId, apiKey, vault: await accountVault(world, accountId) };
  if (keepRequestDays !== null) await choose(account, keepRequestDays);
  return account;
}

const choose = ({ apiKey }: Account, keepRequestDays: number | null): Promise<unknown> =>
  ask(api, changeOutboundSettings, apiKey, { body: { keepRequestDays } });

const send = (account: Account, to: readonly string[], deliveredAt: Date | string): Promise<TrackedCopy[]> =>
  sendTracked(world, account, tracking.baseUrl, { campaign: 'c', links, to, acceptedAt: deliveredAt, deliveredAt });

/** Exactly these headers: no client library adds its own. */
const get = (url: string, headers: Record<string, string>, method = 'GET'): Promise<void> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (response) => response.resume().once('end', resolve));
    asked.once('error', reject);
    asked.end();
  });

const person = (n: number): Record<string, string> => ({
  'user-agent': `Mozilla/5.0 (X11; Canary x86_64; rv:141.0) Gecko/20100101 Firefox/141.0 unmistakable/${n}`,
  'x-forwarded-for': `203.0.113.${n}`,
  'accept-language': 'en',
  accept: '*/*',
});

async function requests({ apiKey }: Account, messageId: string) {
  await tracking.drained();
  const { events } = await ask(api, listMessageEvents, apiKey, { params: { id: messageId } });
  return events.flatMap(({ request: asked }) => (asked === undefined ? [] : [[asked.ip, asked.userAgent]]));
}

const kept = (n: number) => [`203.0.113.${n}`, person(n)['user-agent']];
const gone = [null, null];

const keysOf = async ({ accountId }: Account): Promise<{ day: string; keep_days: number | null }[]> =>
  (await owner.query('SELECT day::text, keep_days FROM request_keys WHERE account_id = $1 ORDER BY day', [accountId]))
    .rows;

const detailsOf = async ({ accountId }: Account): Promise<Buffer[]> =>
  (await owner.query('SELECT detail_sealed FROM events WHERE account_id = $1 ORDER BY id', [accountId])).rows.map(
    (row) => row.detail_sealed,
  );

/** All rows of the account in every table as text, and what the keys of the account and of its messages open of them. */
async function everythingOf(account: Account): Promise<string> {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace`,
  );
  const texts: string[] = [];
  for (const { name } of rows) {
    const found = await owner.query(`SELECT t::text AS text FROM ${name} t WHERE account_id = $1`, [account.accountId]);
    texts.push(...found.rows.map(({ text }) => text));
  }
  const { rows: details } = await owner.query<{ id: string; sealed: Buffer }>(
    'SELECT message_id AS id, detail_sealed AS sealed FROM events WHERE account_id = $1 AND detail_sealed IS NOT NULL',
    [account.accountId],
  );
  for (const [id, own] of Map.groupBy(details, (row) => row.id)) {
    const keys = await keysOfMessage(world, account.accountId, id);
    texts.push(...own.map(({ sealed }) => openOfMessage(keys, 'event.detail', sealed)?.toString() ?? ''));
  }
  return texts.join('\n');
}

const journalBytes = (): string =>
  readdirSync(tracking.journalDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('');

interface Visit {
  readonly case: string;
  readonly copy: string;
  readonly observation: Observation & { readonly at: string; readonly ip: string; readonly userAgent: string };
}

/** Every sixth case that says all that a request has. */
function visitsOfCorpus(): Visit[] {
  const cases = readdirSync(corpus)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(new URL(name, corpus), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as { case: string; observations: Visit['observation'][] });
  const whole = cases.filter(({ observations }) =>
    observations.every(({ at, ip, userAgent, providerSays }: Observation) => at && ip && userAgent && !providerSays),
  );
  return whole
    .filter((_, place) => place % 6 === 0)
    .flatMap(({ case: name, observations }) =>
      observations.map((observation, place) => {
        const { message, recipient } = observation;
        return { case: name, copy: `${name} ${message && recipient ? recipient : place}`, observation };
      }),
    )
    .sort((one, other) => Date.parse(one.observation.at) - Date.parse(other.observation.at));
}

function headersOf({ ip, userAgent, headers }: Visit['observation']): Record<string, string> {
  const said = Object.entries(headers ?? {}).filter(
    ([name]) => !/^(host|connection|content-.*|x-forwarded-.*)$/i.test(name),
  );
  return {
    ...Object.fromEntries(said.map(([name, value]) => [name, String(value)])),
    'user-agent': userAgent,
    'x-forwarded-for': ip,
  };
}

async function sendToBoth(full: Account, derived: Account, visits: readonly Visit[]) {
  const copies = new Map<string, readonly [TrackedCopy, TrackedCopy]>();
  for (const { copy, observation } of visits) {
    if (copies.has(copy)) continue;
    const deliveredAt = observation.deliveredAt ?? '2026-03-10T00:00:00Z';
    const [one] = await send(full, ['ana@example.org'], deliveredAt);
    const [other] = await send(derived, ['ana@example.org'], deliveredAt);
    copies.set(copy, [one ?? assert.fail(), other ?? assert.fail()]);
  }
  return copies;
}

function urlOf(copy: TrackedCopy, { kind, link = 0, honeypot }: Observation): string {
  const destination = links[link % links.length] ?? '';
  if (honeypot === true) return copy.honeypot(destination);
  return kind === 'open' ? copy.open() : copy.click(link % links.length, destination);
}

/** Without the reasons: hits that share a batch by chance give each other more of them, and no other opinion. */
const opinionsOn = async ({ recipientId }: TrackedCopy): Promise<unknown[]> =>
  (
    await owner.query(
      `SELECT e.occurred_at, e.type, e.link_index, v.verdict, v.strength, v.actor, v.unknowable FROM events e
         JOIN verdicts v ON v.event_id = e.id AND v.occurred_at = e.occurred_at
        WHERE e.recipient_id = $1 ORDER BY 1, 2, 3, 4, 5, 6, 7`,
      [recipientId],
    )
  ).rows;

/** As text, as a bytea is shown, and sealed into nothing but base64; what is too short to be anybody's is left out. */
const formsOf = ({ ip, userAgent }: Visit['observation']): string[] =>
  [ip, userAgent]
    .filter((secret) => secret.length > 6)
    .flatMap((secret) => {
      const bytes = Buffer.from(secret);
      return [secret, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)];
    });

describe('in privacy mode', () => {
  it('the same requests end in the same verdicts, and nothing of address or agent is anywhere', async () => {
    const [full, derived] = [await accountThatKeeps(null), await accountThatKeeps(0)];
    const visits = visitsOfCorpus();
    assert.ok(visits.length >= 60, `${visits.length}`);
    const copies = await sendToBoth(full, derived, visits);
    for (const { copy, observation } of visits) {
      world.clock.set(observation.at);
      for (const own of copies.get(copy) ?? [])
        await get(urlOf(own, observation), headersOf(observation), observation.method ?? 'GET');
    }
    await tracking.drained();
    for (const [copy, [whole, bare]] of copies) assert.deepEqual(await opinionsOn(bare), await opinionsOn(whole), copy);

    const [everything, journal] = [await everythingOf(derived), journalBytes()];
    assert.ok(everything.length > 10_000 && journal.length > 0);
    assert.ok(!everything.includes('"kept"'), 'not even sealed');
    for (const secret of new Set(visits.flatMap(({ observation }) => formsOf(observation))))
      assert.ok(!everything.includes(secret) && !journal.includes(secret), secret);
    assert.deepEqual(await keysOf(derived), []);
    assert.ok((await keysOf(full)).length > 0);
  });

  it('an address and an agent are readable for as many days as were chosen, and then no more', async () => {
    world.clock.set('2026-05-04T15:00:00Z');
    const account = await accountThatKeeps(2);
    const [copy] = await send(account, ['ana@example.org'], '2026-05-04T14:00:00Z');
    assert.ok(copy);
    await get(copy.open(), person(1));
    assert.deepEqual(await requests(account, copy.messageId), [kept(1)]);
    const before = await detailsOf(account);

    world.clock.advance(2 * dayMs - 1_000);
    await destroyRequestKeys(world);
    assert.deepEqual(await requests(account, copy.messageId), [kept(1)]);
    world.clock.advance(1_000);
    assert.deepEqual(await requests(account, copy.messageId), [gone], 'from that moment on');
    await destroyRequestKeys(world);
    assert.equal((await keysOf(account)).length, 1, 'other hits of the day may have hours left');

    world.clock.set('2026-05-07T00:00:00Z');
    await destroyRequestKeys(world);
    assert.deepEqual(await keysOf(account), []);
    assert.deepEqual(await requests(account, copy.messageId), [gone]);
    assert.deepEqual(await detailsOf(account), before, 'the event itself never changes');
    const audit = await owner.query(
      `SELECT detail FROM audit_entries WHERE account_id = $1 AND action = 'request_keys.destroyed'`,
      [account.accountId],
    );
    assert.deepEqual(audit.rows, [{ detail: { days: 1 } }]);
    assert.equal(await destroyRequestKeys(world), 0);
  });

  it('a shorter life holds for the past too, a longer one only for what comes', async () => {
    world.clock.set('2026-06-01T10:00:00Z');
    const account = await accountThatKeeps(null);
    const [copy] = await send(account, ['ana@example.org'], '2026-06-01T09:00:00Z');
    assert.ok(copy);
    await get(copy.open(), person(1));
    world.clock.set('2026-06-20T10:00:00Z');
    await get(copy.open(), person(2));
    assert.deepEqual(await requests(account, copy.messageId), [kept(1), kept(2)]);
    assert.deepEqual(await keysOf(account), [
      { day: '2026-06-01', keep_days: null },
      { day: '2026-06-20', keep_days: null },
    ]);

    await choose(account, 7);
    assert.deepEqual(await requests(account, copy.messageId), [gone, kept(2)], 'at once for whoever reads');
    await destroyRequestKeys(world);
    await choose(account, null);
    assert.deepEqual(await keysOf(account), [{ day: '2026-06-20', keep_days: 7 }]);
    assert.deepEqual(await requests(account, copy.messageId), [gone, kept(2)]);
    world.clock.set('2026-06-27T10:00:00Z');
    await get(copy.open(), person(3));
    assert.deepEqual(await requests(account, copy.messageId), [gone, gone, kept(3)], 'what was promised is kept');
  });

  it('dropping at once drops what was kept, and a key is never used again', async () => {
    world.clock.set('2026-07-01T10:00:00Z');
    const account = await accountThatKeeps(30);
    const [copy] = await send(account, ['ana@example.org'], '2026-07-01T09:00:00Z');
    assert.ok(copy);
    await get(copy.open(), person(1));
    assert.deepEqual(await requests(account, copy.messageId), [kept(1)]);
    await choose(account, 0);
    assert.deepEqual(await requests(account, copy.messageId), [gone]);
    await destroyRequestKeys(world);
    assert.deepEqual(await keysOf(account), []);
    await get(copy.open(), person(2));
    assert.deepEqual(await requests(account, copy.messageId), [gone, gone]);
    await choose(account, 30);
    await get(copy.open(), person(3));
    assert.deepEqual(await requests(account, copy.messageId), [gone, gone, kept(3)]);
    assert.equal((await keysOf(account)).length, 1);
  });

  it('a hit that comes to the database after its life is kept without its request', async () => {
    world.clock.set('2026-08-01T10:00:00Z');
    const account = await accountThatKeeps(1);
    const [copy] = await send(account, ['ana@example.org'], '2026-08-01T09:00:00Z');
    assert.ok(copy);
    await tracking.stopDrain();
    await get(copy.open(), person(1));
    world.clock.advance(2 * dayMs);
    tracking.startDrain();
    assert.deepEqual(await requests(account, copy.messageId), [gone]);
    assert.deepEqual(await keysOf(account), []);
  });

  it('one account’s choice is nothing to another, and the worker reads no key', async () => {
    world.clock.set('2026-09-01T10:00:00Z');
    const [short, long] = [await accountThatKeeps(1), await accountThatKeeps(null)];
    const copies = [
      (await send(short, ['a@example.org'], '2026-09-01T09:00:00Z'))[0],
      (await send(long, ['a@example.org'], '2026-09-01T09:00:00Z'))[0],
    ];
    for (const copy of copies) await get(copy?.open() ?? '', person(1));
    await tracking.drained();
    world.clock.advance(3 * dayMs);
    await destroyRequestKeys(world);
    assert.deepEqual(await requests(short, copies[0]?.messageId ?? ''), [gone]);
    assert.deepEqual(await requests(long, copies[1]?.messageId ?? ''), [kept(1)]);
    await owner.query('BEGIN; SET LOCAL ROLE waxwing_worker');
    await assert.rejects(owner.query('SELECT key_sealed FROM request_keys'), /permission denied/);
    await owner.query('ROLLBACK');
  });
});
