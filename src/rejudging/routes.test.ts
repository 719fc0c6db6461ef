import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rules } from '@waxwing/verdict';
import { type Asked, request, startApi, type TestApi } from '../../test/kit/api.ts';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { choose, rejudged, storeHistory } from '../../test/kit/rejudged.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes } from '../accounts/index.ts';
import { createApiKey } from '../contract/access.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { createDepartment } from '../contract/people.ts';
import {
  cancelRejudgement,
  type Flip,
  listFlips,
  listRejudgements,
  listRules,
  type RejudgementBody,
  readRejudgement,
  startRejudgement,
} from '../contract/rejudging.ts';
import { sql } from '../platform/database.ts';
import { rejudgingRoutes } from './index.ts';

let world: TestWorld;
let api: TestApi;
let account: TestAccount;
before(async () => {
  world = await testWorld();
  api = await startApi(world, (gate) => [
    ...rejudgingRoutes(world),
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
  ]);
  account = await testKeys(world);
  await storeHistory(world, account);
});
after(async () => {
  await api.close();
  await world.close();
});

/** Held against the contract. */
async function answer<T>(endpoint: Endpoint, asked: Asked = {}, apiKey = account.apiKey): Promise<T> {
  const response = await request(api, endpoint, apiKey, asked);
  const body = await response.json();
  assert.equal(response.status, endpoint.status, JSON.stringify(body));
  return endpoint.result.parse(body) as T;
}

async function refusal(endpoint: Endpoint, asked: Asked, apiKey = account.apiKey): Promise<[number, string, unknown]> {
  const response = await request(api, endpoint, apiKey, asked);
  const { code, errors } = (await response.json()) as { code: string; errors?: { field: string }[] };
  return [response.status, code, errors?.map(({ field }) => field)];
}

const start = (body: object) => answer<RejudgementBody>(startRejudgement, { body });

describe('asking for history to be judged again', () => {
  it('queues a run, one at a time for an account, and another once that is cancelled', async () => {
    const first = await start({ dryRun: true, since: '2026-11-01', disabledRules: ['click-burst'] });
    assert.equal(first.state, 'queued');
    assert.deepEqual(first.disabledRules, ['click-burst']);
    assert.equal(first.since, '2026-11-01T00:00:00.000Z');
    assert.ok(first.progress.of > 0);
    assert.deepEqual((await refusal(startRejudgement, { body: {} })).slice(0, 2), [409, 'rejudging.already_running']);
    const other = await testKeys(world);
    const theirs = await answer<RejudgementBody>(startRejudgement, { body: {} }, other.apiKey);
    assert.equal(theirs.state, 'queued', 'another account is not in the way');
    const cancelled = await answer<RejudgementBody>(cancelRejudgement, { params: { id: first.id } });
    assert.equal(cancelled.state, 'cancelled');
    assert.deepEqual((await refusal(cancelRejudgement, { params: { id: first.id } })).slice(0, 2), [
      409,
      'rejudging.ended',
    ]);
    const second = await start({});
    assert.equal(second.dryRun, false);
    await answer(cancelRejudgement, { params: { id: second.id } });
  });

  it('is refused with rejudging.rules_are_settings when a real run names rules', async () => {
    const refused = await refusal(startRejudgement, { body: { disabledRules: ['click-burst'] } });
    assert.deepEqual(refused.slice(0, 2), [400, 'rejudging.rules_are_settings']);
    const enabling = await refusal(startRejudgement, { body: { enabledRules: ['click-burst'] } });
    assert.deepEqual(enabling.slice(0, 2), [400, 'rejudging.rules_are_settings']);
  });

  it('is refused when a rule does not exist, and when the range is empty', async () => {
    const unknown = await refusal(startRejudgement, { body: { dryRun: true, disabledRules: ['click-burst', 'nope'] } });
    assert.deepEqual(unknown, [400, 'request.malformed', ['disabledRules.1']]);
    const misspelt = await refusal(startRejudgement, { body: { dryRun: true, enabledRules: ['nope'] } });
    assert.deepEqual(misspelt, [400, 'request.malformed', ['enabledRules.0']]);
    const empty = await refusal(startRejudgement, { body: { dryRun: true, since: '2026-11-20', until: '2026-11-10' } });
    assert.deepEqual(empty.slice(0, 2), [400, 'report.range_invalid']);
  });

  it('is audited, as are its end and the look at its flips', async () => {
    const { id } = await rejudged(world, account, { dryRun: true, disabledRules: ['method-not-get'] });
    await answer(listFlips, { params: { id } });
    const entries = await world.db.readAccount(account.accountId, (tx) =>
      tx.query<{ action: string; detail: object }>(
        sql`SELECT action, detail FROM audit_entries WHERE object_id = ${id} ORDER BY at, id`,
      ),
    );
    assert.deepEqual(entries.map(({ action }) => action).sort(), [
      'flips.listed',
      'rejudgement.asked',
      'rejudgement.ended',
    ]);
    const asked = entries.find(({ action }) => action === 'rejudgement.asked');
    assert.deepEqual(asked?.detail, { dryRun: true, since: null, until: null, disabledRules: ['method-not-get'] });
  });
});

describe('a re-judging that has ended', () => {
  let run: RejudgementBody;
  before(async () => {
    await choose(world, account, { disabledRules: ['method-not-get', 'click-burst', 'click-flurry'] });
    run = await rejudged(world, account);
  });

  it('tells every flip, page by page, each once', async () => {
    assert.ok(run.counts.flipped > 2);
    const all: Flip[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string | number> = cursor === null ? { limit: 2 } : { limit: 2, cursor };
      const page: { flips: Flip[]; nextCursor: string | null } = await answer(listFlips, {
        params: { id: run.id },
        query,
      });
      assert.ok(page.flips.length <= 2);
      all.push(...page.flips);
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.equal(new Set(all.map(({ eventId }) => eventId)).size, run.counts.flipped);
    assert.equal(all.length, run.counts.flipped);
    assert.ok(all.every(({ was, becomes }) => was.ruleset !== becomes.ruleset && becomes.ruleset === run.ruleset));
    assert.doesNotMatch(JSON.stringify(all), /Mozilla|203\.0|@|https?:/);
  });

  it('stands in the list, newest first, with who asked and what came of it', async () => {
    const first: { rejudgements: RejudgementBody[]; nextCursor: string } = await answer(listRejudgements, {
      query: { limit: 1 },
    });
    assert.equal(first.rejudgements[0]?.id, run.id);
    assert.equal(first.rejudgements[0]?.counts.flipped, run.counts.flipped);
    assert.deepEqual(first.rejudgements[0]?.askedBy, { kind: 'system', id: 'test' });
    const next: { rejudgements: RejudgementBody[] } = await answer(listRejudgements, {
      query: { limit: 1, cursor: first.nextCursor },
    });
    assert.notEqual(next.rejudgements[0]?.id, run.id);
  });

  it('is invisible to another account', async () => {
    const other = await testKeys(world);
    for (const endpoint of [readRejudgement, listFlips, cancelRejudgement]) {
      const refused = await refusal(endpoint, { params: { id: run.id } }, other.apiKey);
      assert.deepEqual(refused.slice(0, 2), [404, 'rejudging.not_found'], endpoint.name);
    }
    const theirs: { rejudgements: unknown[] } = await answer(listRejudgements, {}, other.apiKey);
    assert.deepEqual(theirs.rejudgements, []);
  });

  it('is of the whole account: a key narrowed to a department learns nothing of it', async () => {
    const { id: departmentId } = await answer<{ id: string }>(createDepartment, { body: { name: 'Heart' } });
    const narrowed = { name: 'Heart', departmentId };
    const { secret } = await answer<{ secret: string }>(createApiKey, { body: narrowed });
    const asked: [Endpoint, Asked][] = [
      [listRejudgements, {}],
      [readRejudgement, { params: { id: run.id } }],
      [listFlips, { params: { id: run.id } }],
    ];
    for (const [endpoint, what] of asked)
      assert.deepEqual((await refusal(endpoint, what, secret)).slice(0, 2), [403, 'auth.account_wide'], endpoint.name);
  });

  it('is not read on from a cursor that is none of ours', async () => {
    for (const [endpoint, asked] of [
      [listFlips, { params: { id: run.id }, query: { cursor: 'AAAA' } }],
      [listRejudgements, { query: { cursor: '!' } }],
    ] as const)
      assert.deepEqual((await refusal(endpoint, asked)).slice(0, 2), [400, 'request.bad_cursor']);
  });
});

describe('the rules', () => {
  it('are all told, with those that the account has switched off', async () => {
    await choose(world, account, { disabledRules: ['click-burst'] });
    const told: { rules: { id: string; enabled: boolean; text: string; source: string }[] } = await answer(listRules);
    assert.deepEqual(
      told.rules.map(({ id }) => id),
      rules.map(({ id }) => id),
    );
    assert.deepEqual(
      told.rules.filter(({ enabled }) => !enabled).map(({ id }) => id),
      ['click-burst'],
    );
    assert.ok(told.rules.every(({ text, source }) => text.length > 0 && source.length > 0));
  });
});
