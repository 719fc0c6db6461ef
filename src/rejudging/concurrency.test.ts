/** What judging history again withstands: kill -9, hits that come meanwhile, other runners, being cancelled and let go of. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { builtInNetworks } from '@waxwing/verdict';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import { actor, choose, deliveredAt, people, rejudged, sendTo } from '../../test/kit/rejudged.ts';
import { agents, hitsOf, storeVisits, type Visit } from '../../test/kit/visits.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql } from '../platform/database.ts';
import { askRejudgement, cancelRejudgement, readRejudgement, runNext } from './index.ts';
import { holdOf } from './progress.ts';
import { runRejudgement } from './run-rejudgement.ts';
import { claimRun, selectRun } from './run-store.ts';

let world: TestWorld;
const folder = mkdtempSync(join(tmpdir(), 'waxwing-rejudging-'));
before(async () => {
  world = await testWorld(new Date().toISOString());
  writeFileSync(join(folder, 'master.key'), world.masterKey.toString('base64'), { mode: 0o600 });
});
after(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

const inWorld = () => ({ ...world, networks: { current: () => builtInNetworks } });
const never = new AbortController().signal;

/** Half of them read, half are behind a machine that asks with HEAD. */
async function storeMany(account: TestAccount, recipients: number) {
  const mail = await sendTo(
    world,
    account,
    Array.from({ length: recipients }, (_, number) => `r${number}@d${number % 9}.example`),
  );
  const head: Visit = { ...people.reader[1], ip: '203.0.113.80', method: 'HEAD' };
  const hits = mail.recipientIds.flatMap((id, number) => hitsOf(mail, id, number % 2 === 0 ? people.reader : [head]));
  for (let from = 0; from < hits.length; from += 1_500)
    await storeVisits(world, account, hits.slice(from, from + 1_500));
  return { mail, hits: hits.length, machines: Math.floor(recipients / 2) };
}

const flipsByEvent = (account: TestAccount, runId: string) =>
  world.db.readAccount(account.accountId, (tx) =>
    tx.query<{ event_id: string; n: number }>(
      sql`SELECT event_id, count(*) AS n FROM verdict_changes WHERE run_id = ${runId} GROUP BY 1`,
    ),
  );

const exact = async (): Promise<void> => assert.deepEqual(await differencesFromRecount(world.database.connection), []);

const command = (...words: string[]): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, '..', 'cli.ts'), 'rejudge', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DATABASE_URL: world.database.connectionUrl,
      WAXWING_DATA_DIR: folder,
      WAXWING_KEY_FILE: join(folder, 'master.key'),
      WAXWING_NETWORKS_REFRESH_HOURS: 'off',
    },
  });

async function output(child: ChildProcess): Promise<{ out: string; err: string; code: number | null }> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { out, err, code };
}

async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within a minute: ${what}`);
    await delay(2);
  }
}

describe('judging history again', () => {
  it('is gone on with after kill -9, and no flip is recorded twice', async () => {
    const account = await testKeys(world);
    const stored = await storeMany(account, 9_000);
    await choose(world, account, { disabledRules: ['method-not-get'] });
    const child = command('--account', account.accountId);
    const gone = output(child);
    const id = await until(async () => {
      const [row] = await world.db.readAccount(account.accountId, (tx) =>
        tx.query<{ id: string }>(sql`SELECT id FROM rejudgements WHERE place IS NOT NULL`),
      );
      return row?.id;
    }, 'the run has come somewhere');
    child.kill('SIGKILL');
    await gone;
    const killed = await readRejudgement(world, account.accountId, id);
    assert.equal(killed.state, 'running', 'it was killed before its end');
    assert.ok(killed.counts.judged > 0 && killed.counts.judged < stored.hits);
    assert.equal(await runNext(inWorld(), never), false, 'its lease still runs');
    world.clock.set(new Date(Date.now() + 120_000));
    assert.equal(await runNext(inWorld(), never), true);
    const run = await readRejudgement(world, account.accountId, id);
    assert.deepEqual([run.state, run.counts.judged, run.counts.flipped], ['done', stored.hits, stored.machines]);
    assert.equal(run.counts.recipients, 9_000);
    const flips = await flipsByEvent(account, id);
    assert.equal(flips.length, stored.machines);
    assert.ok(flips.every(({ n }) => n === 1));
    assert.equal((await rejudged(world, account)).counts.flipped, 0);
    await exact();
    world.clock.set(new Date());
  });

  it('stays exact while the drain stores hits of the same copies', async () => {
    const account = await testKeys(world);
    const { mail } = await storeMany(account, 3_000);
    await choose(world, account, { disabledRules: ['method-not-get'] });
    const { id } = await askRejudgement(world, { accountId: account.accountId, actor }, { dryRun: false });
    let isOver = false;
    const running = runNext(inWorld(), never).finally(() => {
      isOver = true;
    });
    let stored = 0;
    for (let round = 0; !isOver || round < 3; round++) {
      const some = mail.recipientIds.filter((_, number) => number % 40 === round % 40);
      const visit: Visit = {
        kind: 'click',
        atMs: deliveredAt.getTime() + 7_000_000 + round * 1_000,
        link: round % 3,
        ip: '203.0.113.81',
        userAgent: agents.chrome,
        ...(round % 2 === 0 ? { method: 'HEAD' } : {}),
      };
      await storeVisits(
        world,
        account,
        some.flatMap((recipientId) => hitsOf(mail, recipientId, [visit])),
      );
      stored += some.length;
    }
    assert.equal(await running, true);
    assert.ok(stored > 0);
    const run = await readRejudgement(world, account.accountId, id);
    assert.equal(run.state, 'done');
    assert.ok((await flipsByEvent(account, id)).every(({ n }) => n === 1));
    assert.equal((await rejudged(world, account)).counts.flipped, 0, 'nothing was left behind');
    await exact();
  });

  it('is one runner’s at a time: who has lost it writes nothing more', async () => {
    const account = await testKeys(world);
    await storeMany(account, 50);
    await choose(world, account, { disabledRules: ['method-not-get'] });
    const { id } = await askRejudgement(world, { accountId: account.accountId, actor }, { dryRun: false });
    const { accountId } = account;
    const [first, second] = [randomUUID(), randomUUID()];
    const claim = (runner: string, now: Date) =>
      world.db.asAccount(accountId, (tx) => claimRun(tx, accountId, id, { ...holdOf(runner, world), now }));
    assert.equal(await claim(first, world.clock.now()), true);
    const asClaimed = await world.db.readAccount(accountId, (tx) => selectRun(tx, accountId, id, world.clock.now()));
    assert.ok(asClaimed);
    assert.equal(await claim(second, world.clock.now()), false, 'the lease holds');
    assert.equal(await claim(second, new Date(world.clock.now().getTime() + 61_000)), true);
    const needs = { db: world.db, vault: world.vault, clock: world.clock, networks: builtInNetworks };
    assert.equal(await runRejudgement(needs, asClaimed, { id: first, signal: never }), 'lost');
    assert.deepEqual(await flipsByEvent(account, id), []);
    assert.equal(await runRejudgement(needs, asClaimed, { id: second, signal: never }), 'done');
    assert.equal((await flipsByEvent(account, id)).length, 25);
    await exact();
  });

  it('changes nothing more once it is cancelled', async () => {
    const account = await testKeys(world);
    await storeMany(account, 50);
    await choose(world, account, { disabledRules: ['method-not-get'] });
    const { accountId } = account;
    const { id } = await askRejudgement(world, { accountId, actor }, { dryRun: false });
    const runner = randomUUID();
    await world.db.asAccount(accountId, (tx) => claimRun(tx, accountId, id, holdOf(runner, world)));
    const run = await world.db.readAccount(accountId, (tx) => selectRun(tx, accountId, id, world.clock.now()));
    assert.ok(run);
    await cancelRejudgement(world, { accountId, actor }, id);
    const needs = { db: world.db, vault: world.vault, clock: world.clock, networks: builtInNetworks };
    assert.equal(await runRejudgement(needs, run, { id: runner, signal: never }), 'lost');
    assert.deepEqual(await flipsByEvent(account, id), []);
  });

  it('is let go of when its process ends, and another goes on at once', async () => {
    const account = await testKeys(world);
    const stored = await storeMany(account, 4_000);
    const { id } = await askRejudgement(world, { accountId: account.accountId, actor }, { dryRun: true });
    const stopped = new AbortController();
    const stopping = runNext(inWorld(), stopped.signal);
    stopped.abort();
    await stopping;
    assert.equal((await readRejudgement(world, account.accountId, id)).state, 'running');
    assert.equal(await runNext(inWorld(), never), true);
    const run = await readRejudgement(world, account.accountId, id);
    assert.deepEqual([run.state, run.counts.judged], ['done', stored.hits]);
  });
});

describe('waxwing rejudge', () => {
  it('prints the result as JSON, and a table with the flips by rule and an example', async () => {
    const account = await testKeys(world, 'Table Clinic');
    await storeMany(account, 20);
    const words = ['--account', account.accountId, '--dry-run', '--disable-rule', 'method-not-get'];
    const asJson = await output(command(...words, '--json'));
    assert.equal(asJson.code, 0, asJson.err);
    const result = JSON.parse(asJson.out) as { counts: { flipped: number }; askedBy: object; dryRun: boolean };
    assert.deepEqual([result.counts.flipped, result.dryRun], [10, true]);
    assert.deepEqual(result.askedBy, { kind: 'system', id: 'command-line' });
    const asTable = await output(command(...words));
    assert.match(asTable.out, /Table Clinic: dry run/);
    assert.match(asTable.out, /10 verdicts would flip/);
    assert.match(asTable.out, /method-not-get +0 +10 +0/);
    assert.match(asTable.out, /was +automated, certain/);
    assert.doesNotMatch(asTable.out, /203\.0|Mozilla|@/);
  });

  it('ends with 3 while another re-judging of the account is under way, and with 1 for what does not exist', async () => {
    const account = await testKeys(world);
    const { id } = await askRejudgement(world, { accountId: account.accountId, actor }, { dryRun: false });
    const { accountId } = account;
    world.clock.set(new Date()); // the program's clock is the wall's
    await world.db.asAccount(accountId, (tx) => claimRun(tx, accountId, id, holdOf(randomUUID(), world)));
    const busy = await output(command('--account', accountId));
    assert.deepEqual([busy.code, /already_running/.test(busy.err)], [3, true]);
    await cancelRejudgement(world, { accountId, actor }, id);
    const noRule = await output(command('--account', accountId, '--dry-run', '--disable-rule', 'no-such-rule'));
    assert.deepEqual([noRule.code, /no such rule/.test(noRule.err)], [1, true]);
    const noAccount = await output(command('--account', randomUUID()));
    assert.deepEqual([noAccount.code, /no such account/.test(noAccount.err)], [1, true]);
  });
});
