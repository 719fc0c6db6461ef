import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { buildNetworks, builtInNetworks, classOfAsn } from '@waxwing/verdict';
import { Registry } from 'prom-client';
import { appleCsv, gives, type Publisher, someNetworks, startPublisher } from '../../test/kit/publisher.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { openDatabase, sql } from '../platform/database.ts';
import type { Running } from '../platform/world.ts';
import { packagedAsTable } from './as-table.ts';
import { assembleNetworks } from './assemble-networks.ts';
import { forgetList } from './import-list.ts';
import type { ListName } from './lists.ts';
import { listOfFile, networksFromFiles } from './networks-from-files.ts';
import { type FollowedNetworks, followNetworks } from './networks-in-use.ts';
import { startRefreshing } from './worker.ts';

let world: TestWorld;
let publisher: Publisher;
const running: Running[] = [];
before(async () => {
  world = await testWorld();
  publisher = await startPublisher();
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});
after(async () => {
  await publisher.close();
  await world.close();
});

const dayMs = 86_400_000;
const follow = (usesAsTable = false): FollowedNetworks => {
  const inUse = followNetworks(world, { usesAsTable, lookMs: 20 });
  running.push(inUse);
  return inUse;
};
const namesOf = (inUse: Pick<FollowedNetworks, 'current'>, ip: string): string[] =>
  inUse
    .current()
    .lookup(ip)
    .map((match) => match.list);

function refreshFrom(urls: Partial<Record<ListName, string>>): void {
  running.push(
    startRefreshing({ ...world, metrics: new Registry() }, { urls, intervalMs: dayMs, firstAfterMs: 0, lookMs: 20 }),
  );
}

const dueNow = (): Promise<unknown> =>
  world.db.asWorker((tx) => tx.query(sql`UPDATE network_lists SET due_at = ${world.clock.now()}`));

describe('the networks in use', () => {
  it('are the facts of the ruleset as long as nothing else is there, or the database is away', async () => {
    const away = openDatabase({ connection: { host: '127.0.0.1', port: 9 } });
    const inUse = followNetworks({ db: away }, { usesAsTable: false });
    running.push(inUse, { close: () => away.close() });
    assert.equal(await inUse.look(), false);
    assert.deepEqual(
      namesOf(inUse, '40.94.0.1'),
      builtInNetworks.lookup('40.94.0.1').map((match) => match.list),
    );
  });

  it('follow what is stored, in every process, with the day it was given', async () => {
    const [one, other] = [follow(), follow()];
    publisher.behave('/apple', gives(appleCsv(someNetworks(700)), '"1"'));
    refreshFrom({ 'apple-egress': publisher.url('/apple') });
    await until(async () => namesOf(one, '17.0.2.1').includes('apple-egress'), 'one process has it');
    await until(async () => namesOf(other, '17.0.2.1').includes('apple-egress'), 'the other has it');
    assert.equal(one.current().lookup('17.0.2.1')[0]?.fetchedAtMs, world.clock.now().getTime());
    publisher.behave('/apple', gives(appleCsv(someNetworks(900)), '"2"'));
    await dueNow();
    await until(async () => namesOf(one, '17.6.200.1').includes('apple-egress'), 'the new one follows');
  });

  it('are there again after a restart, without asking anybody', async () => {
    publisher.asked.clear();
    const inUse = follow();
    await inUse.look();
    assert.deepEqual(namesOf(inUse, '17.6.200.1'), ['apple-egress']);
    assert.equal(publisher.asked.size, 0);
  });

  it('go back to the ruleset’s facts when a list is forgotten', async () => {
    const inUse = follow();
    await inUse.look();
    assert.deepEqual(namesOf(inUse, '172.224.226.1'), []);
    assert.equal(await forgetList(world, 'apple-egress'), true);
    await until(async () => namesOf(inUse, '172.224.226.1').includes('apple-egress'), 'the facts are back');
    assert.deepEqual(namesOf(inUse, '17.6.200.1'), []);
    const table = inUse.current();
    await inUse.look();
    assert.equal(inUse.current(), table, 'a list that stays forgotten is no reason to build the table again');
  });

  it('keep a prefix of Microsoft’s that is known to detonate and not published', async () => {
    const ips = ['40.92.0.0/15', '40.107.0.0/16', '52.100.0.0/14', '104.47.0.0/17'];
    const body = JSON.stringify([{ id: 9, serviceArea: 'Exchange', urls: ['*.protection.outlook.com'], ips }]);
    publisher.behave('/endpoints', gives(body));
    const inUse = follow();
    refreshFrom({ 'microsoft-mail': publisher.url('/endpoints') });
    await until(async () => inUse.lists().some((list) => list.name === 'microsoft-mail'), 'the list is in use');
    assert.ok(namesOf(inUse, '40.94.3.3').includes('microsoft-mail'));
    assert.ok(!namesOf(inUse, '52.238.78.88').includes('microsoft-mail'), 'what Microsoft withdraws is gone');
  });
});

describe('Google', () => {
  const fetchedAt = new Date('2026-11-22T00:00:00Z');
  const google = { name: 'google', content: { google: ['34.0.0.0/9', '66.249.64.0/19'] }, fetchedAt } as const;
  const cloud = { name: 'google-cloud', content: { 'data-centre': ['34.4.0.0/16'] }, fetchedAt } as const;
  const classesOf = (ip: string, ...loaded: Parameters<typeof assembleNetworks>[0]): string[] =>
    assembleNetworks(loaded)
      .lookup(ip)
      .map((match) => match.class);

  it('does not mean the customers of its cloud', () => {
    assert.deepEqual(classesOf('34.4.1.1', google, cloud).includes('google'), false);
    assert.deepEqual(classesOf('34.5.1.1', google, cloud).includes('google'), true);
    assert.deepEqual(classesOf('66.249.84.1', google, cloud).includes('google'), true);
  });

  it('is what the ruleset knows of it until the cloud’s list is there', () => {
    assert.deepEqual(classesOf('34.5.1.1', google).includes('google'), false);
    assert.deepEqual(classesOf('66.249.84.1', google).includes('google'), true);
  });

  it('is not the cloud by its AS number either', () => {
    const table = { name: 'autonomous-systems', content: { google: ['34.0.0.0/9'] }, fetchedAt } as const;
    assert.deepEqual(classesOf('34.4.1.1', table, cloud).includes('google'), false);
    assert.deepEqual(classesOf('34.5.1.1', table, cloud).includes('google'), true);
  });
});

describe('the table of autonomous systems that comes with the program', () => {
  it('knows the networks of the systems that mean something, and its own day', () => {
    const { content, fetchedAt, prefixes } = packagedAsTable();
    assert.ok(prefixes > 3_000, String(prefixes));
    assert.ok(fetchedAt > new Date('2025-01-01') && fetchedAt < new Date('2026-11-22'), fetchedAt.toISOString());
    assert.deepEqual(
      Object.keys(content).sort(),
      ['cisco', 'data-centre', 'google', 'microsoft', 'mimecast', 'proofpoint'].sort(),
    );
    const networks = assembleNetworks([{ name: 'autonomous-systems', content, fetchedAt }]);
    const classes = (ip: string): string[] => networks.lookup(ip).map((match) => `${match.list} ${match.class}`);
    assert.ok(classes('67.231.144.9').includes('autonomous-systems proofpoint'));
    assert.ok(classes('20.190.130.1').includes('autonomous-systems microsoft'));
    assert.ok(classes('3.5.140.1').includes('autonomous-systems data-centre'));
    assert.ok(classes('2a01:4f8::1').includes('autonomous-systems data-centre'));
    assert.deepEqual(classes('193.0.6.139'), [], 'RIPE NCC’s own means nothing');
  });

  it('agrees with the ruleset on which systems those are', () => {
    assert.equal(classOfAsn(22843), 'proofpoint');
    assert.ok(
      follow(true)
        .lists()
        .some((list) => list.name === 'autonomous-systems'),
    );
  });
});

describe('list files', () => {
  it('are known by their names', () => {
    const known = [
      'apple-egress.csv',
      'Google.json',
      'google-cloud.json',
      'google-ipv4.txt',
      'apple-proxy-ipv6.txt',
      'autonomous-systems.tsv.gz',
    ];
    assert.deepEqual(known.map(listOfFile), [
      'apple-egress',
      'google',
      'google-cloud',
      'google',
      'apple-egress',
      'autonomous-systems',
    ]);
    assert.deepEqual(['README.md', 'googles.txt', 'apple.csv', ''].map(listOfFile), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('of one list are taken together, and what is no list is named', () => {
    const file = (fileName: string, text: string) => ({ fileName, bytes: Buffer.from(text), fetchedAt: new Date() });
    const read = networksFromFiles([file('amazon-a.txt', '17.0.0.0/24'), file('amazon-b.txt', '17.0.2.0/24')]);
    assert.ok(read.kind === 'read');
    for (const ip of ['17.0.0.1', '17.0.2.1']) assert.equal(read.networks.lookup(ip)[0]?.list, 'amazon');
    const refused = networksFromFiles([file('amazon.txt', '<html>')]);
    assert.deepEqual(refused.kind === 'refused' && refused.fileName, 'amazon.txt');
  });
});

/** Full lists of one day, for whoever has them at hand. */
const snapshots =
  process.env.WAXWING_TEST_NETWORKS ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'networks');
const isAtHand = existsSync(join(snapshots, 'apple-proxy-ipv6.txt'));

describe('full lists, in their publishers’ formats', {
  skip: isAtHand ? false : 'set WAXWING_TEST_NETWORKS to a folder of lists',
}, () => {
  const read = (name: string): string[] =>
    readFileSync(join(snapshots, `${name}.txt`), 'utf8')
      .trim()
      .split('\n');
  const google = (networks: readonly string[]): string =>
    JSON.stringify({
      prefixes: networks.map((one) => (one.includes(':') ? { ipv6Prefix: one } : { ipv4Prefix: one })),
    });

  it('are fetched, stored and found again to the last prefix', async () => {
    const apple = [...read('apple-proxy-ipv4'), ...read('apple-proxy-ipv6')];
    const cloud = ['34.4.0.0/16', '8.34.208.0/20', ...someNetworks(20)];
    const amazon = { v4: read('amazon-ipv4'), v6: read('amazon-ipv6') };
    const microsoft = [...read('microsoft-ipv4'), ...read('microsoft-ipv6')];
    publisher.behave('/full/apple', gives(appleCsv(apple), '"a"'));
    publisher.behave('/full/google', gives(google([...read('google-ipv4'), ...read('google-ipv6')]), '"g"'));
    publisher.behave('/full/cloud', gives(google(cloud), '"c"'));
    publisher.behave(
      '/full/microsoft',
      gives(JSON.stringify({ values: [{ name: 'AzureCloud', properties: { addressPrefixes: microsoft } }] })),
    );
    publisher.behave(
      '/full/amazon',
      gives(
        JSON.stringify({
          prefixes: amazon.v4.map((one) => ({ ip_prefix: one })),
          ipv6_prefixes: amazon.v6.map((one) => ({ ipv6_prefix: one })),
        }),
      ),
    );
    const inUse = follow();
    refreshFrom({
      'apple-egress': publisher.url('/full/apple'),
      google: publisher.url('/full/google'),
      'google-cloud': publisher.url('/full/cloud'),
      microsoft: publisher.url('/full/microsoft'),
      amazon: publisher.url('/full/amazon'),
    });
    await dueNow();
    const names = ['apple-egress', 'google', 'google-cloud', 'microsoft', 'amazon'];
    await until(
      async () => names.every((name) => inUse.lists().some((list) => list.name === name && list.prefixes > 20)),
      'all are in use',
    );
    await until(
      async () => (inUse.lists().find((list) => list.name === 'apple-egress')?.prefixes ?? 0) > 10_000,
      'Apple’s is the full one',
    );
    const wanted: [string, readonly string[]][] = [
      ['apple-egress', apple],
      ['microsoft', microsoft],
      ['amazon', [...amazon.v4, ...amazon.v6]],
      ['google-cloud', cloud],
    ];
    for (const [name, networks] of wanted)
      for (const network of networks)
        assert.ok(namesOf(inUse, network.split('/')[0] ?? '').includes(name), `${name} ${network}`);
    const alone = buildNetworks([{ name: 'cloud', class: 'data-centre', prefixes: cloud }]);
    for (const network of read('google-ipv4')) {
      const ip = network.split('/')[0] ?? '';
      const isCloud = alone.lookup(ip).length > 0;
      assert.equal(
        inUse
          .current()
          .lookup(ip)
          .some((match) => match.class === 'google'),
        !isCloud,
        network,
      );
    }
  });
});
