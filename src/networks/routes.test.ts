import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { ask, refusal, startApi, type TestApi } from '../../test/kit/api.ts';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { fails, gives, type Publisher, startPublisher } from '../../test/kit/publisher.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { readNetworks, refreshNetworks } from '../contract/networks.ts';
import { sql } from '../platform/database.ts';
import type { Running } from '../platform/world.ts';
import { measureNetworks } from './metrics.ts';
import { type FollowedNetworks, followNetworks } from './networks-in-use.ts';
import { networkRoutes } from './routes.ts';
import { startRefreshing } from './worker.ts';

let world: TestWorld;
let keys: TestAccount;
let publisher: Publisher;
let inUse: FollowedNetworks;
let worker: Running;
let api: TestApi;
let apiWithoutRefresh: TestApi;
before(async () => {
  world = await testWorld();
  keys = await testKeys(world);
  publisher = await startPublisher();
  publisher.behave(
    '/google',
    gives(
      JSON.stringify({ prefixes: [...Array(30).keys()].map((n) => ({ ipv4Prefix: `17.0.${2 * n}.0/24` })) }),
      '"1"',
    ),
  );
  publisher.behave('/amazon', fails(503));
  const refresh = {
    urls: { 'google-cloud': `${publisher.url('/google')}?key=secret`, amazon: publisher.url('/amazon') },
    intervalMs: 12 * 3_600_000,
  };
  inUse = followNetworks(world, { usesAsTable: true, lookMs: 20 });
  measureNetworks(world, inUse);
  worker = startRefreshing(world, { ...refresh, firstAfterMs: 3_600_000, lookMs: 20 });
  api = await startApi(world, () => networkRoutes(world, inUse, refresh));
  apiWithoutRefresh = await startApi({ ...world, metrics: new Registry() }, () => networkRoutes(world, inUse, null));
});
after(async () => {
  await api.close();
  await apiWithoutRefresh.close();
  await worker.close();
  await inUse.close();
  await publisher.close();
  await world.close();
});

const listNamed = async (name: string) => {
  const { lists } = await ask(api, readNetworks, keys.apiKey);
  return lists.find((list) => list.name === name) ?? assert.fail(`${name} is not told`);
};

describe('the lists in use', () => {
  it('are told before anything was fetched: the ruleset’s facts and the program’s own table', async () => {
    const { refreshHours, lists } = await ask(api, readNetworks, keys.apiKey);
    assert.equal(refreshHours, 12);
    const origins = new Map(lists.map((list) => [list.name, list.origin]));
    assert.deepEqual([origins.get('apple-egress'), origins.get('autonomous-systems')], ['ruleset', 'package']);
    assert.ok(lists.every((list) => list.prefixes > 0 || list.origin === 'ruleset'));
    const table = await listNamed('autonomous-systems');
    assert.deepEqual([table.class, table.isStale, table.sourceUrl], ['several', true, null]);
  });

  it('are asked for when somebody wishes it, once a minute at most', async () => {
    await until(
      async () => (await world.db.asWorker((tx) => tx.query(sql`SELECT FROM network_lists`))).length === 2,
      'both are planned',
    );
    assert.deepEqual(await ask(api, refreshNetworks, keys.apiKey), { due: 2 });
    await until(async () => (await listNamed('google-cloud')).origin === 'publisher', 'one was given');
    await until(async () => (await listNamed('amazon')).lastRefusal !== null, 'one was not');
    assert.deepEqual(await ask(api, refreshNetworks, keys.apiKey), { due: 0 });
    world.clock.advance(61_000);
    assert.deepEqual(await ask(api, refreshNetworks, keys.apiKey), { due: 2 });
    await until(async () => /google-cloud",outcome="unchanged"/.test(await world.metrics.metrics()), 'asked again');
    publisher.behave('/google', fails(500));
  });

  it('come with their age, their source without its query, and why the last try failed', async () => {
    const given = await listNamed('google-cloud');
    assert.deepEqual(
      [given.class, given.prefixes, given.sourceUrl, given.ageDays, given.isStale, given.lastRefusal],
      ['data-centre', 30, publisher.url('/google'), 0, false, null],
    );
    const refused = await listNamed('amazon');
    assert.equal(refused.lastRefusal?.code, 'http_status');
    assert.match(refused.lastRefusal?.text ?? '', /status 503/);
    assert.ok(refused.checkedAt !== null && refused.fetchedAt === null);
  });

  it('are stale after fourteen days', async () => {
    world.clock.advance(14 * 86_400_000);
    assert.deepEqual(
      [(await listNamed('google-cloud')).isStale, (await listNamed('google-cloud')).ageDays],
      [false, 14],
    );
    world.clock.advance(3_600_000);
    assert.equal((await listNamed('google-cloud')).isStale, true);
  });

  it('are measured', async () => {
    const text = await world.metrics.metrics();
    assert.match(text, /waxwing_network_list_age_seconds\{list="google-cloud"\} 12132\d\d/);
    assert.match(text, /waxwing_network_list_prefixes\{list="google-cloud"\} 30/);
    assert.match(text, /waxwing_network_refresh_total\{list="google-cloud",outcome="changed"\} 1/);
    assert.match(text, /waxwing_network_refresh_total\{list="google-cloud",outcome="unchanged"\} 1/);
    assert.match(text, /waxwing_network_refresh_total\{list="amazon",outcome="refused"\} [23]\n/);
  });
});

describe('asking for lists', () => {
  it('is recorded with who asked', async () => {
    const rows = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<{ actor_kind: string; detail: { due: number } }>(sql`
        SELECT actor_kind, detail FROM audit_entries WHERE action = 'networks.refresh_asked' ORDER BY (detail->>'due')::int`),
    );
    assert.deepEqual(
      rows.map((row) => [row.actor_kind, row.detail.due]),
      [
        ['api-key', 0],
        ['api-key', 2],
        ['api-key', 2],
      ],
    );
  });

  it('is refused where nobody is asked', async () => {
    assert.equal(await refusal(apiWithoutRefresh, refreshNetworks, keys.apiKey), 'networks.refresh_off');
    assert.equal((await ask(apiWithoutRefresh, readNetworks, keys.apiKey)).refreshHours, null);
  });

  it('leaves no address and no URL in the log', () => {
    assert.ok(world.logLines.some((line) => line.includes('google-cloud')));
    for (const line of world.logLines) assert.doesNotMatch(line, /127\.0\.0\.1|17\.0\.|https?:|secret/);
  });
});
