/** Endpoints on a real HTTPS receiver: what they are told, in which order, and what they are not. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { ask, refusal } from '../../test/kit/api.ts';
import type { TestAccount } from '../../test/kit/mail.ts';
import { acceptMail, addDepartment, fetchMail, hitOf, machine, person, testKeys } from '../../test/kit/mail.ts';
import { until } from '../../test/kit/tracking.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import {
  acceptOne,
  addEndpoint,
  changeEndpoint,
  deliveriesOf,
  deliverOne,
  openWebhookStage,
  readEndpoint,
  sequencesOf,
  type TestEndpoint,
  telling,
  toldAt,
  untilTold,
  verify,
  type WebhookStage,
} from '../../test/kit/webhooks.ts';
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  listWebhookDeliveries,
  listWebhookEndpoints,
  replayWebhookDeliveries,
  rotateWebhookSecret,
  testWebhookEndpoint,
} from '../contract/webhooks.ts';
import { feedErased } from '../events/index.ts';
import { announceHits, settleOnce } from '../settling/index.ts';
import { webhookFeeder } from './index.ts';
import { forgetWebhooks } from './worker.ts';

tryStatementsHere(import.meta.filename);

const hourMs = 3_600_000;
let stage: WebhookStage;
let account: TestAccount;
let owner: pg.Client;

before(async () => {
  stage = await openWebhookStage();
  owner = new pg.Client(stage.world.database.connection);
  await owner.connect();
});
after(async () => {
  await owner.end();
  await stage.close();
});
beforeEach(async () => {
  account = await testKeys(stage.world);
  stage.receiver.answerWith(() => ({ status: 204 }));
  stage.world.clock.set(new Date());
});

const countOf = async (table: string): Promise<number> => {
  const { rows } = await owner.query(`SELECT count(*)::int AS n FROM ${table} WHERE account_id = $1`, [
    account.accountId,
  ]);
  return rows[0].n;
};

describe('an endpoint', () => {
  it('is told of what it chose, in order, numbered without gaps, signed as Standard Webhooks says', async () => {
    const endpoint = await addEndpoint(stage, account);
    const bouncing = await addEndpoint(stage, account, { eventTypes: ['message.bounced'] });
    const told = await telling(stage, async () => {
      for (let n = 0; n < 5; n++) await deliverOne(stage, account, await acceptOne(stage, account));
      return untilTold(stage, endpoint, 10);
    });
    assert.deepEqual(sequencesOf(told), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual(
      told.slice(0, 2).map(({ body }) => body.type),
      ['message.accepted', 'message.delivered'],
    );
    for (const one of told) verify(one, endpoint.secret);
    assert.throws(() => verify(told[0] as never, bouncing.secret));
    assert.match(told[0]?.headers['user-agent'] ?? '', /^Waxwing\//);
    assert.deepEqual(toldAt(stage, bouncing), []);
  });

  it('is told ids and kinds, and no address, subject, campaign or link', async () => {
    const endpoint = await addEndpoint(stage, account);
    const mail = await acceptOne(stage, account);
    const [one] = await telling(stage, () => untilTold(stage, endpoint, 1));
    assert.deepEqual(Object.keys(one?.body ?? {}), ['type', 'timestamp', 'sequence', 'data']);
    const { eventId, ...data } = one?.body.data ?? {};
    assert.equal(eventId, one?.headers['webhook-id']);
    assert.deepEqual(data, { messageId: mail.messageId, recipientId: mail.recipientIds[0] });
    assert.doesNotMatch(one?.text ?? '', /ana|private|example|Secret|secret/);
  });

  it('is told of erased messages', async () => {
    const endpoint = await addEndpoint(stage, account, { eventTypes: ['message.erased'] });
    const { messageId } = await acceptOne(stage, account);
    const at = stage.world.clock.now();
    await stage.world.db.asAccount(account.accountId, (tx) =>
      feedErased(tx, { id: crypto.randomUUID(), messageId, at }),
    );
    const [one] = await telling(stage, () => untilTold(stage, endpoint, 1));
    assert.deepEqual([one?.body.type, one?.body.data.messageId], ['message.erased', messageId]);
  });

  it('costs nothing where there is none: nothing is written', async () => {
    const mail = await acceptOne(stage, account);
    await deliverOne(stage, account, mail);
    await stage.world.db.asAccount(account.accountId, (tx) =>
      announceHits(tx, ['webhooks'], [aHit(mail, person)], [], stage.world.clock.now()),
    );
    assert.deepEqual([await countOf('event_feed'), await countOf('settling')], [0, 0]);
    const endpoint = await addEndpoint(stage, account);
    await ask204(endpoint.id);
    await acceptOne(stage, account);
    assert.equal(await countOf('event_feed'), 0);
  });

  const ask204 = async (id: string): Promise<void> => {
    const response = await fetch(`${stage.api.url}${deleteWebhookEndpoint.path.replace('{id}', id)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${account.apiKey}` },
    });
    assert.equal(response.status, 204);
  };

  it('of a department is told of its mail and of all below it', async () => {
    const heart = await addDepartment(stage.world, account, 'Heart');
    const valves = await addDepartment(stage.world, account, 'Valves', heart);
    const skin = await addDepartment(stage.world, account, 'Skin');
    const endpoint = await addEndpoint(stage, account, { departmentId: heart, eventTypes: ['message.accepted'] });
    const all = await addEndpoint(stage, account, { eventTypes: ['message.accepted'] });
    const mails = [];
    for (const one of [skin, heart, undefined, valves]) mails.push(await acceptOne(stage, account, one));
    const told = await telling(stage, async () => {
      await untilTold(stage, all, 4);
      return untilTold(stage, endpoint, 2);
    });
    assert.deepEqual(
      told.map(({ body }) => body.data.messageId),
      [mails[1]?.messageId, mails[3]?.messageId],
    );
    assert.deepEqual(sequencesOf(told), [1, 2], 'its numbers tell of no mail of others');
  });
});

const aHit = (
  { messageId, recipientIds }: { messageId: string; recipientIds: readonly string[] },
  by = person,
  link?: number,
) =>
  hitOf({
    messageId,
    recipientId: recipientIds[0] ?? '',
    at: stage.world.clock.now(),
    by,
    ...(link === undefined ? {} : { link }),
  });

describe('a hit', () => {
  const hits = async (eventTypes: readonly string[]) => {
    const endpoint = await addEndpoint(stage, account, { eventTypes });
    const mail = await acceptOne(stage, account);
    await deliverOne(stage, account, mail);
    const some = [aHit(mail, person), aHit(mail, machine), aHit(mail, person, 0), aHit(mail, machine, 0)];
    await fetchMail(stage.world, account, some);
    await stage.world.db.asAccount(account.accountId, (tx) =>
      announceHits(tx, ['webhooks'], some, [], stage.world.clock.now()),
    );
    return { endpoint, some };
  };

  it('by a person is told when its verdict has settled and not before; by a machine it is not told', async () => {
    const { endpoint, some } = await hits(['message.opened', 'message.clicked']);
    await telling(stage, async () => {
      await settleOnce(stage.world, webhookFeeder);
      assert.equal(await countOf('event_feed'), 0, 'provisional');
      stage.world.clock.advance(20 * 60_000);
      while ((await settleOnce(stage.world, webhookFeeder)) > 0);
      await untilTold(stage, endpoint, 2);
    });
    const told = toldAt(stage, endpoint);
    assert.deepEqual(
      told.map(({ body }) => [body.type, body.data.eventId, body.data.verdict, body.data.linkIndex]).sort(),
      [
        ['message.clicked', some[2]?.id, 'human', 0],
        ['message.opened', some[0]?.id, 'human', undefined],
      ],
    );
  });

  it('by a machine is told to who asks for it, with its verdict and who it was', async () => {
    const { endpoint, some } = await hits(['message.clicked.automated']);
    stage.world.clock.advance(20 * 60_000);
    while ((await settleOnce(stage.world, webhookFeeder)) > 0);
    const [one] = await telling(stage, () => untilTold(stage, endpoint, 1));
    const { eventId, verdict, strength, actor } = one?.body.data ?? {};
    assert.deepEqual([eventId, verdict, strength, typeof actor], [some[3]?.id, 'automated', 'certain', 'string']);
    assert.equal(toldAt(stage, endpoint).length, 1);
  });
});

describe('a receiver that fails', () => {
  const many = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await acceptOne(stage, account);
  };
  const accepted = { eventTypes: ['message.accepted'] };
  /** When it is tried next, once that lies ahead: what is due has a moment too. */
  const untilPaused = async ({ id }: TestEndpoint): Promise<Date> => {
    let next = new Date(0);
    await until(async () => {
      next = new Date((await readEndpoint(stage, account, id)).nextTryAt ?? 0);
      return next > stage.world.clock.now();
    }, 'a pause');
    return next;
  };

  it('is told again in order when it is back, and of nothing in between', async () => {
    const endpoint = await addEndpoint(stage, account, accepted);
    let isBack = false;
    stage.receiver.answerWith(() => ({ status: isBack ? 200 : 500, body: 'patient Ana' }));
    await many(6);
    await telling(stage, async () => {
      await untilTold(stage, endpoint, 2);
      await untilPaused(endpoint);
      assert.deepEqual(sequencesOf(toldAt(stage, endpoint)), [1, 2], 'after two failures it is left alone');
      isBack = true;
      stage.world.clock.advance(hourMs);
      await untilTold(stage, endpoint, 8);
    });
    assert.deepEqual(sequencesOf(toldAt(stage, endpoint)), [1, 2, 1, 2, 3, 4, 5, 6]);
    const [last] = (await deliveriesOf(stage, account, endpoint.id)).slice(-1);
    assert.deepEqual(
      last?.attempts.map(({ outcome, status }) => [outcome, status]),
      [
        ['delivered', 200],
        ['refused', 500],
      ],
    );
    assert.equal((await readEndpoint(stage, account, endpoint.id)).failingSince, null);
  });

  it('at one thing only gets the others meanwhile', async () => {
    const endpoint = await addEndpoint(stage, account, accepted);
    stage.receiver.answerWith(({ body }) => ({ status: body.sequence === 2 ? 422 : 200 }));
    await many(5);
    await telling(stage, () => untilTold(stage, endpoint, 5));
    assert.deepEqual(sequencesOf(toldAt(stage, endpoint)), [1, 2, 3, 4, 5]);
    const waiting = (await deliveriesOf(stage, account, endpoint.id)).filter(({ state }) => state === 'waiting');
    assert.deepEqual(
      waiting.map(({ sequence, tries }) => [sequence, tries]),
      [[2, 1]],
    );
  });

  it('with 410 is told nothing more, and somebody is told of that', async () => {
    const endpoint = await addEndpoint(stage, account, accepted);
    stage.receiver.answerWith(() => ({ status: 410 }));
    await many(3);
    await telling(stage, async () => {
      await until(async () => !(await readEndpoint(stage, account, endpoint.id)).isEnabled, 'switched off');
    });
    assert.equal(toldAt(stage, endpoint).length, 1);
    const { disabledBecause, nextTryAt } = await readEndpoint(stage, account, endpoint.id);
    assert.deepEqual([disabledBecause, nextTryAt], ['gone', null]);
    const { rows } = await owner.query('SELECT what FROM alerts WHERE account_id = $1', [account.accountId]);
    assert.deepEqual(rows, [{ what: 'webhook_disabled' }]);
    const entries = await owner.query(
      `SELECT action FROM audit_entries WHERE account_id = $1 AND action = 'webhook.disabled'`,
      [account.accountId],
    );
    assert.equal(entries.rowCount, 1);
  });

  it('for three days is switched off, and switched on again gets what it missed', async () => {
    const endpoint = await addEndpoint(stage, account, accepted);
    stage.receiver.answerWith(() => ({ status: 500 }));
    await many(2);
    await telling(stage, async () => {
      await untilTold(stage, endpoint, 2);
      for (let hours = 0; hours < 72; hours += 24) {
        await untilPaused(endpoint);
        const before = toldAt(stage, endpoint).length;
        stage.world.clock.advance(24 * hourMs);
        await untilTold(stage, endpoint, before + 1);
      }
      await until(async () => !(await readEndpoint(stage, account, endpoint.id)).isEnabled, 'switched off');
    });
    assert.equal((await readEndpoint(stage, account, endpoint.id)).disabledBecause, 'failing');
    await many(1);
    stage.receiver.answerWith(() => ({ status: 200 }));
    const before = toldAt(stage, endpoint).length;
    await changeEndpoint(stage, account, endpoint.id, { isEnabled: true });
    await telling(stage, () => untilTold(stage, endpoint, before + 3));
    assert.deepEqual(sequencesOf(toldAt(stage, endpoint).slice(before)), [1, 2, 3]);
  });

  for (const status of [429, 503])
    it(`with ${status} is left alone for as long as it asks, whatever comes`, async () => {
      const endpoint = await addEndpoint(stage, account, accepted);
      stage.receiver.answerWith(() => ({ status, headers: { 'retry-after': '1800' } }));
      await many(1);
      await telling(stage, async () => {
        await untilTold(stage, endpoint, 1);
        const nextTryAt = await untilPaused(endpoint);
        assert.equal(nextTryAt.getTime(), stage.world.clock.now().getTime() + 1_800_000);
        await many(1);
        await until(async () => (await countOf('event_feed')) === 0, 'numbered');
        assert.deepEqual(await untilPaused(endpoint), nextTryAt);
        stage.receiver.answerWith(() => ({ status: 200 }));
        stage.world.clock.advance(1_800_000);
        await untilTold(stage, endpoint, 3);
      });
      assert.deepEqual(sequencesOf(toldAt(stage, endpoint)), [1, 1, 2]);
    });

  it('and is slow delays no other', async () => {
    const slow = await addEndpoint(stage, account, accepted);
    const quick = await addEndpoint(stage, account, accepted);
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.receiver.answerWith(({ path }) => ({ status: 200, ...(path === slow.path ? { after: promise } : {}) }));
    await many(3);
    await telling(stage, async () => {
      await untilTold(stage, slow, 1);
      await untilTold(stage, quick, 3);
      await many(2);
      await untilTold(stage, quick, 5);
      assert.equal(toldAt(stage, slow).length, 1);
      resolve();
      await untilTold(stage, slow, 5);
    });
    assert.deepEqual(sequencesOf(toldAt(stage, slow)), [1, 2, 3, 4, 5]);
  });

  it('is not waited for longer than it may take, nor followed elsewhere', async () => {
    const endpoint = await addEndpoint(stage, account, accepted);
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.receiver.answerWith(({ body }) =>
      body.sequence === 1 ? { status: 200, after: promise } : { status: 307, headers: { location: '/elsewhere' } },
    );
    await many(2);
    await telling(stage, () => untilTold(stage, endpoint, 2), { timeoutMs: 1_500 });
    resolve();
    const outcomes = (await deliveriesOf(stage, account, endpoint.id)).map(({ attempts }) => attempts[0]?.outcome);
    assert.deepEqual(outcomes, ['redirected', 'timed_out']);
    assert.ok(!stage.receiver.told.some(({ path }) => path === '/elsewhere'));
  });

  it('is believed by its status, however long its answer is, and nothing of it is kept', async () => {
    const endpoint = await addEndpoint(stage, account, accepted);
    stage.receiver.answerWith(() => ({ status: 200, body: 'Zebrafish patient '.repeat(100_000) }));
    await many(3);
    await telling(stage, async () => {
      await untilTold(stage, endpoint, 3);
      await until(
        async () => (await deliveriesOf(stage, account, endpoint.id)).every(({ state }) => state === 'delivered'),
        'done',
      );
    });
    const { rows } = await owner.query('SELECT * FROM webhook_attempts WHERE account_id = $1', [account.accountId]);
    assert.equal(rows.length, 3);
    assert.doesNotMatch(JSON.stringify(rows), /Zebrafish/);
    assert.ok(stage.world.logLines.every((line) => !line.includes('Zebrafish')));
  });
});

describe('secrets', () => {
  it('both sign until the overlap is over, and then the new one alone', async () => {
    const endpoint = await addEndpoint(stage, account, { eventTypes: ['message.accepted'] });
    const { secret, secondSecretEndsAt } = await ask(stage.api, rotateWebhookSecret, account.apiKey, {
      params: { id: endpoint.id },
      body: { overlapHours: 24 },
    });
    assert.ok(secret.startsWith('whsec_') && secret !== endpoint.secret && secondSecretEndsAt !== null);
    await acceptOne(stage, account);
    await telling(stage, () => untilTold(stage, endpoint, 1));
    const [both] = toldAt(stage, endpoint);
    verify(both as never, secret);
    verify(both as never, endpoint.secret);
    await owner.query(`UPDATE webhook_endpoints SET earlier_secret_ends_at = $2 WHERE id = $1`, [
      endpoint.id,
      stage.world.clock.now(),
    ]);
    await acceptOne(stage, account);
    const [, alone] = await telling(stage, () => untilTold(stage, endpoint, 2));
    verify(alone as never, secret);
    assert.throws(() => verify(alone as never, endpoint.secret));
    const listed = await ask(stage.api, listWebhookEndpoints, account.apiKey);
    assert.doesNotMatch(JSON.stringify(listed), /whsec_/);
  });
});

describe('telling again', () => {
  it('repeats one thing or a time under the same ids and numbers', async () => {
    const endpoint = await addEndpoint(stage, account, { eventTypes: ['message.accepted'] });
    const replay = (body: object) =>
      ask(stage.api, replayWebhookDeliveries, account.apiKey, { params: { id: endpoint.id }, body });
    await telling(stage, async () => {
      for (let n = 0; n < 3; n++) {
        await acceptOne(stage, account);
        stage.world.clock.advance(1_000);
      }
      const first = await untilTold(stage, endpoint, 3);
      await until(
        async () => (await deliveriesOf(stage, account, endpoint.id)).every(({ state }) => state === 'delivered'),
        'done',
      );
      assert.deepEqual(await replay({ sequence: 2 }), { replayed: 1 });
      await untilTold(stage, endpoint, 4);
      await until(
        async () => (await deliveriesOf(stage, account, endpoint.id)).every(({ state }) => state === 'delivered'),
        'done',
      );
      const since = first[1]?.body.timestamp;
      assert.deepEqual(await replay({ since, until: stage.world.clock.now().toISOString() }), { replayed: 2 });
      await untilTold(stage, endpoint, 6);
    });
    const told = toldAt(stage, endpoint);
    assert.deepEqual(sequencesOf(told), [1, 2, 3, 2, 2, 3]);
    assert.equal(told[3]?.text, told[1]?.text);
    assert.equal(told[3]?.headers['webhook-id'], told[1]?.headers['webhook-id']);
    for (const one of told) verify(one, endpoint.secret);
  });

  it('tests an endpoint with webhook.test, under its next number', async () => {
    const endpoint = await addEndpoint(stage, account, { eventTypes: ['message.accepted'] });
    await acceptOne(stage, account);
    await telling(stage, async () => {
      await untilTold(stage, endpoint, 1);
      const { sequence } = await ask(stage.api, testWebhookEndpoint, account.apiKey, {
        params: { id: endpoint.id },
        body: {},
      });
      assert.equal(sequence, 2);
      await untilTold(stage, endpoint, 2);
    });
    const [, test] = toldAt(stage, endpoint);
    assert.deepEqual([test?.body.type, test?.body.sequence, test?.body.data], ['webhook.test', 2, {}]);
    verify(test as never, endpoint.secret);
  });

  it('forgets after 30 days; events that were never told leave a number free', async () => {
    const endpoint = await addEndpoint(stage, account, { eventTypes: ['message.accepted'] });
    await acceptOne(stage, account);
    await telling(stage, async () => {
      await untilTold(stage, endpoint, 1);
      await changeEndpoint(stage, account, endpoint.id, { isEnabled: false });
      await acceptOne(stage, account);
      await until(async () => (await countOf('event_feed')) === 0, 'numbered');
    });
    stage.world.clock.advance(31 * 24 * hourMs);
    await forgetWebhooks(stage.world);
    assert.deepEqual(
      [await countOf('webhook_events'), await countOf('webhook_messages'), await countOf('webhook_attempts')],
      [0, 0, 0],
    );
    await changeEndpoint(stage, account, endpoint.id, { isEnabled: true });
    await acceptMail(stage.world, account, { to: ['bo@clinic.example'], acceptedAt: stage.world.clock.now() });
    const told = await telling(stage, () => untilTold(stage, endpoint, 2));
    assert.deepEqual(sequencesOf(told), [1, 3]);
  });
});

describe('refusals', () => {
  const wish = { description: 'One', eventTypes: ['message.accepted'] };
  it('of addresses that are no endpoints', async () => {
    for (const url of [
      'http://clinic.example/',
      'ftp://clinic.example/',
      'https://me:secret@clinic.example/',
      'https://clinic.example:25/',
      'https://clinic.example/#a',
      'nonsense',
    ])
      assert.equal(
        await refusal(stage.api, createWebhookEndpoint, account.apiKey, { body: { ...wish, url } }),
        'webhook.url_refused',
        url,
      );
  });
  it('of departments of nobody, types that are none, and of more than 50', async () => {
    const url = 'https://clinic.example/';
    const body = { ...wish, url, departmentId: crypto.randomUUID() };
    assert.equal(await refusal(stage.api, createWebhookEndpoint, account.apiKey, { body }), 'department.unknown');
    const odd = { ...wish, url, eventTypes: ['message.guessed'] };
    assert.equal(await refusal(stage.api, createWebhookEndpoint, account.apiKey, { body: odd }), 'request.malformed');
    for (let n = 0; n < 50; n++)
      await ask(stage.api, createWebhookEndpoint, account.apiKey, { body: { ...wish, url } });
    assert.equal(
      await refusal(stage.api, createWebhookEndpoint, account.apiKey, { body: { ...wish, url } }),
      'webhook.too_many_endpoints',
    );
  });
  it('of what is not there, switched off, or too much', async () => {
    const { id } = await addEndpoint(stage, account);
    const params = { id };
    const nowhere = { params: { id: crypto.randomUUID() } };
    assert.equal(
      await refusal(stage.api, testWebhookEndpoint, account.apiKey, { ...nowhere, body: {} }),
      'webhook.not_found',
    );
    assert.equal(await refusal(stage.api, listWebhookDeliveries, account.apiKey, nowhere), 'webhook.not_found');
    assert.equal(
      await refusal(stage.api, listWebhookDeliveries, account.apiKey, { params, query: { cursor: 'x' } }),
      'request.bad_cursor',
    );
    const replay = (body: object) => refusal(stage.api, replayWebhookDeliveries, account.apiKey, { params, body });
    assert.equal(await replay({ sequence: 1 }), 'webhook.delivery_not_found');
    await owner.query(
      `INSERT INTO webhook_messages (account_id, endpoint_id, sequence, event_id, type, data, state, occurred_at, made_at, due_at)
       SELECT $1, $2, n, gen_random_uuid(), 'message.accepted', '{}', 'delivered', now(), now(), now() FROM generate_series(1, 100001) n`,
      [account.accountId, id],
    );
    assert.equal(
      await replay({ since: '2020-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' }),
      'webhook.range_too_large',
    );
    await changeEndpoint(stage, account, id, { isEnabled: false });
    assert.equal(
      await refusal(stage.api, testWebhookEndpoint, account.apiKey, { params, body: {} }),
      'webhook.disabled',
    );
    assert.equal(await replay({ sequence: 1 }), 'webhook.disabled');
  });
});

it('no log line has an address of anybody', () => {
  for (const line of stage.world.logLines) assert.doesNotMatch(line, /ana|clinic\.example|whsec/);
});
