import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  appleCsv,
  breaksOff,
  dribbles,
  fails,
  gives,
  hangs,
  type Publisher,
  redirects,
  someNetworks,
  startPublisher,
} from '../../test/kit/publisher.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { openDatabase, sql } from '../platform/database.ts';
import { type FetchLimits, usualLimits } from './fetch-list.ts';
import { importList } from './import-list.ts';
import { followNetworks } from './networks-in-use.ts';
import { type Refreshed, refreshDue } from './refresh-list.ts';
import { plan, readStates } from './store.ts';
import { startRefreshing } from './worker.ts';

let world: TestWorld;
let publisher: Publisher;
before(async () => {
  world = await testWorld();
  publisher = await startPublisher();
});
after(async () => {
  await publisher.close();
  await world.close();
});
beforeEach(async () => {
  publisher.asked.clear();
  await world.db.asWorker((tx) => tx.query(sql`UPDATE network_lists SET due_at = 'infinity'`));
});

const hourMs = 3_600_000;
const impatient: FetchLimits = { maxBytes: 100_000, totalMs: 600, silenceMs: 250, maxRedirects: 3 };
const never = new AbortController().signal;

/** Makes the list due and asks for it. */
async function refresh(
  name: 'apple-egress' | 'amazon' | 'autonomous-systems',
  path: string,
  limits = impatient,
): Promise<Refreshed> {
  const now = world.clock.now();
  await world.db.asWorker((tx) => plan(tx, name, publisher.url(path), now, now));
  await world.db.asWorker((tx) => tx.query(sql`UPDATE network_lists SET due_at = ${now} WHERE name = ${name}`));
  const options = { urls: { [name]: publisher.url(path) }, intervalMs: 24 * hourMs, limits };
  const done = await refreshDue(world, options, never);
  assert.ok(done, 'nobody asked');
  return done;
}

const stateOf = async (name: string) =>
  (await world.db.asWorker(readStates)).find((state) => state.name === name) ?? assert.fail('not stored');

async function classesOf(ip: string): Promise<string[]> {
  const inUse = followNetworks(world, { usesAsTable: false });
  assert.equal(await inUse.look(), true);
  await inUse.close();
  return inUse
    .current()
    .lookup(ip)
    .map((match) => `${match.list} ${match.class}`);
}

describe('a list', () => {
  it('is taken in, and used in the place of the built-in one', async () => {
    assert.deepEqual(await classesOf('172.224.226.1'), ['apple-egress apple-egress']);
    publisher.behave('/apple', gives(appleCsv(someNetworks(1000)), '"one"'));
    assert.equal((await refresh('apple-egress', '/apple')).outcome, 'changed');
    assert.deepEqual(await classesOf('17.0.2.9'), ['apple-egress apple-egress']);
    assert.deepEqual(await classesOf('172.224.226.1'), []);
    const { prefixes, source, fetchedAt } = await stateOf('apple-egress');
    assert.deepEqual([prefixes, source], [1000, publisher.url('/apple')]);
    assert.deepEqual(fetchedAt, world.clock.now());
  });

  it('is asked for with what it came with, and is as young as its publisher’s last word', async () => {
    world.clock.advance(3 * 24 * hourMs);
    assert.equal((await refresh('apple-egress', '/apple')).outcome, 'unchanged');
    assert.equal(publisher.asked.get('/apple')?.[0]?.['if-none-match'], '"one"');
    const { fetchedAt, prefixes } = await stateOf('apple-egress');
    assert.deepEqual([fetchedAt, prefixes], [world.clock.now(), 1000]);
  });

  it('is due again after its interval, give or take a tenth', async () => {
    const [row] = await world.db.asWorker((tx) =>
      tx.query<{ due_at: Date }>(sql`SELECT due_at FROM network_lists WHERE name = 'apple-egress'`),
    );
    assert.equal(row?.due_at instanceof Date, false, 'set to infinity before each test');
    await refresh('apple-egress', '/apple');
    const [next] = await world.db.asWorker((tx) =>
      tx.query<{ due_at: Date }>(sql`SELECT due_at FROM network_lists WHERE name = 'apple-egress'`),
    );
    const waitMs = (next?.due_at.getTime() ?? 0) - world.clock.now().getTime();
    assert.ok(waitMs >= 21.6 * hourMs && waitMs <= 26.4 * hourMs, `${waitMs} ms`);
  });
});

describe('what cannot be a list is refused, and the one before stays in use:', () => {
  const refusals: Record<string, [path: string, code: string]> = {
    'an error of the server': ['/500', 'http_status'],
    silence: ['/silence', 'timeout'],
    'a byte now and then': ['/dribble', 'timeout'],
    'a body that breaks off': ['/broken', 'incomplete'],
    'a page instead of a list': ['/html', 'unreadable'],
    'a body that is too large': ['/large', 'too_large'],
    'a bomb': ['/bomb', 'too_large'],
    'a redirect that leads nowhere else': ['/loop', 'redirect_refused'],
    'a redirect to plain http elsewhere': ['/away', 'redirect_refused'],
    'a redirect without a target': ['/nowhere', 'redirect_refused'],
    'a list that has shrunk': ['/shrunk', 'shrunken'],
    'a list with the whole address space': ['/everything', 'too_wide'],
    'a list with private addresses': ['/private', 'not_public'],
    'a few lines': ['/few', 'too_few'],
    nothing: ['/empty', 'unreadable'],
    'an answer to a question nobody asked': ['/304', 'http_status'],
    'brackets without end': ['/brackets', 'unreadable'],
  };
  before(() => {
    const thousand = someNetworks(1000);
    publisher.behave('/500', fails(500));
    publisher.behave('/silence', hangs);
    publisher.behave('/dribble', dribbles);
    publisher.behave('/broken', breaksOff(appleCsv(thousand)));
    publisher.behave('/html', gives('<html>\n<body>We are sorry</body>\n</html>\n'));
    publisher.behave('/large', gives(appleCsv(someNetworks(4000))));
    publisher.behave('/bomb', gives(gzipSync(Buffer.alloc(300_000_000))));
    publisher.behave('/loop', redirects('/loop'));
    publisher.behave('/away', redirects('http://publisher.example/list'));
    publisher.behave('/nowhere', (response) => response.writeHead(302).end());
    publisher.behave('/shrunk', gives(appleCsv(someNetworks(600))));
    publisher.behave('/everything', gives(appleCsv([...thousand, '0.0.0.0/0'])));
    publisher.behave('/private', gives(appleCsv([...thousand, '192.168.0.0/24'])));
    publisher.behave('/few', gives(appleCsv(someNetworks(20))));
    publisher.behave('/empty', gives(''));
    publisher.behave('/304', fails(304));
    publisher.behave('/brackets', gives('['.repeat(90_000)));
  });

  for (const [what, [path, code]] of Object.entries(refusals))
    it(what, async () => {
      // As the source of the list in use, so that it is what this one is compared with.
      const source = publisher.url(path);
      await world.db.asWorker((tx) =>
        tx.query(sql`UPDATE network_lists SET source = ${source}, etag = NULL WHERE name = 'apple-egress'`),
      );
      if (path === '/304') await world.db.asWorker((tx) => tx.query(sql`UPDATE network_lists SET source = 'import'`));
      const before = await stateOf('apple-egress');
      const limits = path === '/bomb' ? { ...impatient, maxBytes: 1_000_000, totalMs: 5_000 } : impatient;
      const done = await refresh('apple-egress', path, limits);
      assert.equal(done.refusal?.code, code, String(done.refusal?.text));
      const after = await stateOf('apple-egress');
      assert.deepEqual([after.revision, after.fetchedAt], [before.revision, before.fetchedAt]);
      assert.deepEqual([after.refusal?.code, after.refusal?.at], [code, world.clock.now()]);
      assert.match(after.refusal?.text ?? '', /^[A-Z].*\.$/);
      assert.doesNotMatch(after.refusal?.text ?? '', /127\.0\.0\.1|<html>/);
      assert.deepEqual(await classesOf('17.0.2.9'), ['apple-egress apple-egress']);
    });

  it('and it is tried again sooner than usual, less and less often', async () => {
    const waitsMs: number[] = [];
    await world.db.asWorker((tx) => tx.query(sql`UPDATE network_lists SET failures = 0`));
    for (let tries = 0; tries < 4; tries += 1) {
      await refresh('apple-egress', '/500');
      const [row] = await world.db.asWorker((tx) =>
        tx.query<{ due_at: Date }>(sql`SELECT due_at FROM network_lists WHERE name = 'apple-egress'`),
      );
      waitsMs.push((row?.due_at.getTime() ?? 0) - world.clock.now().getTime());
    }
    const minutes = waitsMs.map((waitMs) => waitMs / 60_000);
    for (const [index, least] of [4, 8, 16, 32].entries()) {
      const found = minutes[index] ?? 0;
      assert.ok(found >= least && found <= least * 1.5, `${minutes}`);
    }
  });

  it('a good list ends it', async () => {
    publisher.behave('/apple', gives(appleCsv(someNetworks(1200)), '"two"'));
    assert.equal((await refresh('apple-egress', '/apple')).outcome, 'changed');
    assert.equal((await stateOf('apple-egress')).refusal, null);
  });
});

describe('a redirect within an own network', () => {
  it('is followed', async () => {
    publisher.behave('/moved', redirects('/apple'));
    assert.equal((await refresh('apple-egress', '/moved')).outcome, 'changed');
  });
});

describe('a publisher that cannot be reached', () => {
  it('is told by a code, without its name', async () => {
    const now = world.clock.now();
    const url = 'https://nobody.invalid/list';
    await world.db.asWorker((tx) => plan(tx, 'amazon', url, now, now));
    const options = { urls: { amazon: url }, intervalMs: hourMs, limits: usualLimits };
    const done = await refreshDue(world, options, never);
    assert.deepEqual([done?.outcome, done?.refusal?.code], ['unreachable', 'unreachable']);
    assert.doesNotMatch(done?.refusal?.text ?? '', /nobody/);
  });
});

describe('a table of autonomous systems', () => {
  it('gives the networks of the systems that mean something, each to its class', async () => {
    const ordinary = Array.from(
      { length: 100_000 },
      (_, n) => `18.${n >> 16}.${(n >> 8) & 255}.${n & 255}\t18.${n >> 16}.${(n >> 8) & 255}.${n & 255}\t3\tUS\tMIT`,
    );
    const table = [
      ...ordinary,
      '19.4.0.0\t19.4.1.255\t22843\tUS\tPROOFPOINT',
      '19.6.0.0\t19.6.0.255\t8075\tUS\tMICROSOFT',
    ];
    publisher.behave('/asn', gives(gzipSync(table.join('\n'))));
    const done = await refresh('autonomous-systems', '/asn', { ...usualLimits });
    assert.deepEqual([done.outcome, done.prefixes], ['changed', 2]);
    assert.deepEqual(await classesOf('19.4.1.7'), ['autonomous-systems proofpoint']);
    assert.deepEqual(await classesOf('19.6.0.7'), ['autonomous-systems microsoft']);
  });
});

describe('an import', () => {
  const order = { name: 'amazon', fetchedAt: new Date('2026-11-20T00:00:00Z'), nextCheckMs: hourMs } as const;
  const json = (networks: readonly string[]): Buffer =>
    Buffer.from(JSON.stringify({ prefixes: networks.map((ip_prefix) => ({ ip_prefix })), ipv6_prefixes: [] }));

  it('takes a publisher’s file, with its own date', async () => {
    const made = await importList(world, { ...order, bytes: json(someNetworks(500, 2000)), isForced: false });
    assert.equal(made.kind, 'compiled');
    const { source, fetchedAt } = await stateOf('amazon');
    assert.deepEqual([source, fetchedAt], ['import', order.fetchedAt]);
  });

  it('refuses what has shrunk, unless somebody says that it is right', async () => {
    const bytes = json(someNetworks(120, 2000));
    const refused = await importList(world, { ...order, bytes, isForced: false });
    assert.equal(refused.kind === 'refused' && refused.code, 'shrunken');
    assert.equal((await importList(world, { ...order, bytes, isForced: true })).kind, 'compiled');
  });

  it('refuses what would call everybody a machine, whatever anybody says', async () => {
    const refused = await importList(world, { ...order, bytes: json(['0.0.0.0/0']), isForced: true });
    assert.equal(refused.kind === 'refused' && refused.code, 'too_wide');
  });
});

describe('several processes', () => {
  it('ask a publisher once', async () => {
    publisher.behave('/slow', (response) => void setTimeout(() => response.end(appleCsv(someNetworks(1300))), 150));
    const now = world.clock.now();
    await world.db.asWorker((tx) => plan(tx, 'apple-egress', publisher.url('/slow'), now, now));
    await world.db.asWorker((tx) =>
      tx.query(sql`UPDATE network_lists SET due_at = ${now} WHERE name = 'apple-egress'`),
    );
    const options = { urls: { 'apple-egress': publisher.url('/slow') }, intervalMs: hourMs, limits: usualLimits };
    const others = [1, 2, 3].map(() => openDatabase({ connection: world.database.connection }));
    const done = await Promise.all(others.map((db) => refreshDue({ ...world, db }, options, never)));
    for (const db of others) await db.close();
    assert.equal(publisher.asked.get('/slow')?.length, 1);
    assert.equal(done.filter((one) => one?.outcome === 'changed').length, 1);
  });

  it('leave a list to others when they are interrupted', async () => {
    publisher.behave('/silence', hangs);
    const now = world.clock.now();
    const urls = { 'apple-egress': publisher.url('/silence') };
    await world.db.asWorker((tx) => plan(tx, 'apple-egress', urls['apple-egress'], now, now));
    const running = startRefreshing(world, { urls, intervalMs: hourMs, lookMs: 10 });
    await until(async () => publisher.asked.has('/silence'), 'it asks');
    await running.close();
    const [row] = await world.db.asWorker((tx) =>
      tx.query<{ claimed_until: Date | null }>(
        sql`SELECT claimed_until FROM network_lists WHERE name = 'apple-egress'`,
      ),
    );
    assert.equal(row?.claimed_until, null);
  });
});
