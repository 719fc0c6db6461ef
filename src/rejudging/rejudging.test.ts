import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildNetworks, builtInLists, RULESET } from '@waxwing/verdict';
import pg from 'pg';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import {
  actor,
  choose,
  deliveredAt,
  machines,
  opinions,
  people,
  rejudged,
  type StoredOpinion,
  sendTo,
  storeHistory,
} from '../../test/kit/rejudged.ts';
import { agents, hitsOf, storeVisits } from '../../test/kit/visits.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql } from '../platform/database.ts';
import { readEngagementReport } from '../reports/index.ts';
import { askRejudgement, readRejudgement, runNext } from './index.ts';

let world: TestWorld;
before(async () => {
  world = await testWorld();
});
after(() => world.close());

const hitCount = [...Object.values(people), ...Object.values(machines)].flat().length;

const exact = async (): Promise<void> => {
  const differences = await differencesFromRecount(world.database.connection);
  assert.deepEqual(differences, []);
};

const peopleOf = async (account: TestAccount): Promise<{ opened: number | null; clicked: number }> => {
  const query = { groupBy: 'campaign', automated: 'account', view: 'account', format: 'json' } as const;
  const report = await readEngagementReport(world, { accountId: account.accountId, actor }, query);
  return report.totals.people;
};

const flipsOf = (account: TestAccount, runId: string) =>
  world.db.readAccount(account.accountId, (tx) =>
    tx.query<{ event_id: string; was: StoredOpinion; became: StoredOpinion }>(
      sql`SELECT event_id, was, became FROM verdict_changes WHERE run_id = ${runId}`,
    ),
  );

/** Every row of every table but those that a dry run may write: its own, and the audit log. */
async function contents(): Promise<string> {
  const client = new pg.Client(world.database.connection);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
          AND relname !~ '^(rejudgement|audit_)' ORDER BY 1`,
    );
    const hashes = [];
    for (const { name } of rows) {
      const hash = await client.query(`SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS hash FROM ${name} t`);
      hashes.push(`${name} ${hash.rows[0].hash}`);
    }
    return hashes.join('\n');
  } finally {
    await client.end();
  }
}

describe('a dry run', () => {
  let account: TestAccount;
  before(async () => {
    account = await testKeys(world);
    await storeHistory(world, account);
  });

  it('tells which verdicts would flip, by class and by rule, with examples, and how reports would move', async () => {
    const run = await rejudged(world, account, { dryRun: true, disabledRules: ['click-burst', 'click-flurry'] });
    assert.equal(run.state, 'done');
    assert.equal(run.ruleset, `${RULESET} without click-burst, click-flurry`);
    assert.deepEqual(run.counts, {
      recipients: 5,
      judged: hitCount,
      flipped: 3,
      restated: hitCount - 3,
      unreadable: 0,
    });
    assert.deepEqual(run.byClass, [{ from: 'automated-certain', to: 'human', hits: 3 }]);
    const burst = run.byRule.find(({ rule }) => rule === 'click-burst');
    assert.deepEqual([burst?.newly, burst?.noLonger, burst?.otherwise], [0, 3, 0]);
    assert.equal(burst?.examples.length, 3);
    const [example] = burst?.examples ?? [];
    assert.equal(example?.kind, 'click');
    assert.deepEqual([example?.was.verdict, example?.becomes.verdict], ['automated', 'human']);
    assert.ok(example?.was.reasons.some(({ rule }) => rule === 'click-burst'));
    assert.deepEqual(run.report.people, { opened: { before: 2, after: 3 }, clicked: { before: 1, after: 2 } });
    assert.deepEqual(await peopleOf(account), { opened: 2, clicked: 1 });
    assert.deepEqual(run.rulesets, [{ ruleset: RULESET, hits: hitCount }]);
    assert.deepEqual(run.progress, { judged: hitCount, of: hitCount, share: 1 });
  });

  it('writes nothing but its own row', async () => {
    const asItWas = await contents();
    const run = await rejudged(world, account, { dryRun: true, disabledRules: ['click-burst', 'method-not-get'] });
    assert.ok(run.counts.flipped > 0);
    assert.equal(await contents(), asItWas);
  });

  it('says nothing of an address, an agent or a link', async () => {
    const run = await rejudged(world, account, { dryRun: true, disabledRules: ['apple-prefetch', 'method-not-get'] });
    assert.ok(run.byRule.length > 0);
    assert.doesNotMatch(JSON.stringify(run), /Mozilla|104\.28|203\.0|198\.51|@|https?:/);
  });

  it('looks only at mail that was accepted in its range', async () => {
    const later = await rejudged(world, account, { dryRun: true, since: '2026-11-21' });
    assert.equal(later.counts.judged, 0);
    const earlier = await rejudged(world, account, { dryRun: true, until: '2026-11-20T10:00:00Z' });
    assert.equal(earlier.counts.judged, 0);
    const theDay = await rejudged(world, account, { dryRun: true, since: '2026-11-20', until: '2026-11-20' });
    assert.equal(theDay.counts.judged, hitCount);
  });
});

describe('a dry run of switching a rule on again', () => {
  it('tells what the rule would find once more, and leaves the setting and the verdicts alone', async () => {
    const account = await testKeys(world);
    await storeHistory(world, account);
    await choose(world, account, { disabledRules: ['method-not-get', 'click-flurry'] });
    await rejudged(world, account);
    const before = await opinions(world, account);
    const run = await rejudged(world, account, { dryRun: true, enabledRules: ['method-not-get'] });
    assert.deepEqual([run.state, run.disabledRules, run.counts.flipped], ['done', ['click-flurry'], 1]);
    assert.deepEqual(
      run.byRule.filter(({ newly }) => newly > 0).map(({ rule }) => rule),
      ['method-not-get'],
    );
    assert.deepEqual(await opinions(world, account), before);
  });
});

describe('a run', () => {
  it('flips what a rule that was switched off had judged, and everything that counts follows exactly', async () => {
    const account = await testKeys(world);
    await storeHistory(world, account);
    await choose(world, account, { disabledRules: ['click-flurry', 'click-burst'] });
    const run = await rejudged(world, account);
    assert.equal(run.state, 'done');
    assert.deepEqual([run.counts.flipped, run.counts.restated], [3, hitCount - 3]);
    const stored = await opinions(world, account);
    assert.ok(stored.every(({ ruleset }) => ruleset === run.ruleset));
    assert.ok(stored.every(({ rules }) => !/click-(burst|flurry)/.test(rules ?? '')));
    const flips = await flipsOf(account, run.id);
    assert.equal(flips.length, 3);
    assert.ok(flips.every(({ was, became }) => was.verdict === 'automated' && became.verdict === 'human'));
    assert.deepEqual(await peopleOf(account), { opened: 3, clicked: 2 });
    assert.deepEqual(run.report.people, { opened: { before: 2, after: 3 }, clicked: { before: 1, after: 2 } });
    await exact();
  });

  it('brings every opinion back when the rule is on again', async () => {
    const account = await testKeys(world);
    await storeHistory(world, account);
    await storeOffice(account);
    const asTheyWere = await opinions(world, account);
    assert.ok(asTheyWere.some(({ rules }) => rules?.includes('shared-source-minutes')));
    await choose(world, account, { disabledRules: ['method-not-get', 'shared-source-minutes'] });
    assert.ok((await rejudged(world, account)).counts.flipped > 0);
    await choose(world, account, { disabledRules: [] });
    await rejudged(world, account);
    const restored = await opinions(world, account);
    // Of the office, those who came first did not know of the others when they came: now all are told.
    const isOffice = ({ rules }: StoredOpinion): boolean => /^(no-machine-signs|shared-source-minutes)$/.test(rules);
    const others = (all: readonly StoredOpinion[]) => all.filter((one) => !isOffice(one));
    assert.deepEqual(others(restored), others(asTheyWere));
    assert.equal(restored.filter(({ rules }) => rules === 'shared-source-minutes').length, 25);
    await exact();
  });

  it('flips nothing when nothing has changed, nor a second time when something has', async () => {
    const account = await testKeys(world);
    await storeHistory(world, account);
    const first = await rejudged(world, account);
    assert.deepEqual([first.counts.judged, first.counts.flipped, first.counts.restated], [hitCount, 0, 0]);
    await choose(world, account, { disabledRules: ['bare-agent-open', 'apple-prefetch'] });
    assert.ok((await rejudged(world, account)).counts.flipped > 0);
    const again = await rejudged(world, account);
    assert.deepEqual([again.counts.flipped, again.counts.restated], [0, 0]);
  });

  it('finds the machine in what was a person, once a list names its network; what a list said before stands', async () => {
    const account = await testKeys(world);
    await storeHistory(world, account);
    const list = {
      name: 'gateways',
      class: 'barracuda',
      prefixes: ['203.0.113.7/32'],
      fetchedAt: '2026-11-21T00:00:00Z',
    };
    const networks = buildNetworks([...builtInLists, list as (typeof builtInLists)[number]]);
    const run = await rejudged(world, account, { networks });
    assert.equal(run.counts.flipped, 3);
    assert.ok(run.byRule.some(({ rule, newly }) => rule === 'scanner-network-click' && newly === 1));
    await exact();
    const withoutList = await rejudged(world, account);
    assert.ok(withoutList.counts.flipped > 0, 'the list is not beside the hit: only its opinion was');

    const other = await testKeys(world);
    await storeHistory(world, other, networks);
    assert.equal((await rejudged(world, other)).counts.flipped, 0, 'it was true when the hit came');
  });

  it('judges on what is kept where addresses and agents are not, and comes to the same', async () => {
    const full = await testKeys(world);
    const sparing = await testKeys(world);
    await choose(world, sparing, { keepRequestDays: 0 });
    for (const account of [full, sparing]) await storeHistory(world, account);
    assert.equal((await rejudged(world, sparing)).counts.flipped, 0);
    for (const account of [full, sparing]) await choose(world, account, { disabledRules: ['apple-prefetch'] });
    const [one, other] = [await rejudged(world, full), await rejudged(world, sparing)];
    assert.ok(one.counts.flipped > 0);
    assert.deepEqual(other.counts, one.counts);
    assert.deepEqual(other.byClass, one.byClass);
  });

  it('keeps to its account', async () => {
    const [mine, theirs] = [await testKeys(world), await testKeys(world)];
    for (const account of [mine, theirs]) await storeHistory(world, account);
    const before = await opinions(world, theirs);
    await choose(world, mine, { disabledRules: ['click-burst', 'click-flurry'] });
    const run = await rejudged(world, mine);
    assert.equal(run.counts.judged, hitCount);
    assert.deepEqual(await opinions(world, theirs), before);
    assert.deepEqual(await flipsOf(theirs, run.id), []);
    await exact();
  });

  it('leaves a copy as it is of which a hit does not open, and says how many hits those are', async () => {
    const account = await testKeys(world);
    const { recipientIds } = await storeHistory(world, account);
    const owner = new pg.Client(world.database.connection);
    await owner.connect();
    await owner.query(`UPDATE events SET detail_sealed = '\\x01' WHERE recipient_id = $1 AND link_index = 1`, [
      recipientIds[0],
    ]);
    await owner.end();
    await choose(world, account, { disabledRules: ['method-not-get'] });
    const run = await rejudged(world, account);
    const lost = people.reader.length;
    assert.deepEqual([run.state, run.counts.judged, run.counts.unreadable], ['done', hitCount - lost, lost]);
    assert.equal(run.counts.flipped, 1);
    await exact();
  });

  it('judges a recipient with more hits than are read at once', async () => {
    const account = await testKeys(world);
    const mail = await sendTo(world, account, ['flood@x.example', 'calm@x.example']);
    const [flooded = '', calm = ''] = mail.recipientIds;
    const flood = Array.from({ length: 10_400 }, (_, number) => ({
      kind: 'click' as const,
      atMs: deliveredAt.getTime() + 60_000 + number * 3_000,
      link: number % 3,
      ip: '203.0.113.80',
      userAgent: agents.chrome,
      ...(number % 2 === 0 ? { method: 'HEAD' } : {}),
    }));
    const hits = hitsOf(mail, flooded, flood);
    for (let from = 0; from < hits.length; from += 1_500)
      await storeVisits(world, account, hits.slice(from, from + 1_500));
    await storeVisits(world, account, hitsOf(mail, calm, people.reader));
    await choose(world, account, { disabledRules: ['method-not-get'] });
    const run = await rejudged(world, account);
    assert.deepEqual([run.counts.recipients, run.counts.judged], [2, 10_403]);
    assert.ok(run.counts.flipped >= 5_000);
    assert.equal((await flipsOf(account, run.id)).length, run.counts.flipped);
    assert.equal((await rejudged(world, account)).counts.flipped, 0);
    await exact();
  });

  it('ends as failed when the rules change while it goes on, with what it changed recorded', async () => {
    const account = await testKeys(world);
    await storeHistory(world, account);
    const { id } = await askRejudgement(world, { accountId: account.accountId, actor }, { dryRun: false });
    await choose(world, account, { disabledRules: ['click-burst'] });
    await runNext(inWorld(), new AbortController().signal);
    const run = await readRejudgement(world, account.accountId, id);
    assert.deepEqual([run.state, run.why], ['failed', 'rejudging.rules_changed']);
    await exact();
  });

  it('is given up when it comes no further in several attempts', async () => {
    const account = await testKeys(world);
    await storeHistory(world, account);
    const { id } = await askRejudgement(world, { accountId: account.accountId, actor }, { dryRun: false });
    await world.db.asAccount(account.accountId, (tx) =>
      tx.query(sql`UPDATE rejudgements SET claims = 5 WHERE id = ${id}`),
    );
    await runNext(inWorld(), new AbortController().signal);
    const run = await readRejudgement(world, account.accountId, id);
    assert.deepEqual([run.state, run.why], ['failed', 'rejudging.failed']);
  });
});

const inWorld = () => ({ ...world, networks: { current: () => buildNetworks(builtInLists) } });

/** Twenty-five colleagues behind one address, who open within ten minutes: weak, and told in reasons alone. */
async function storeOffice(account: TestAccount): Promise<void> {
  const mail = await sendTo(
    world,
    account,
    Array.from({ length: 25 }, (_, number) => `c${number}@office.example`),
  );
  for (const [number, recipientId] of mail.recipientIds.entries()) {
    const atMs = deliveredAt.getTime() + 3_600_000 + number * 7_000;
    await storeVisits(
      world,
      account,
      hitsOf(mail, recipientId, [{ kind: 'open', atMs, ip: '192.0.2.50', userAgent: agents.chrome }]),
    );
  }
}
