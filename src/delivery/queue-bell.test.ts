import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { cuttableWorld } from '../../test/kit/cuttable-database.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { systemClock, type World } from '../platform/world.ts';
import { type Delivery, openQueueBell, startDelivery } from './index.ts';
import { hearQueueBell } from './queue-bell.ts';

let world: World & Pick<TestWorld, 'database' | 'close'>;
let accountId: string;
let sink: SmtpSink;

before(async () => {
  world = { ...(await testWorld()), clock: systemClock };
  accountId = (await createTestAccount(world)).accountId;
  sink = await startSmtpSink();
});
after(async () => {
  await sink.close();
  await world.close();
});

const anHourMs = 3_600_000;

/** It looks once an hour by itself: what comes sooner came because it was told, or knew the time. */
async function delivering(use: (delivery: Delivery) => Promise<void>, where: World = world): Promise<void> {
  const delivery = startDelivery(
    { ...where, metrics: new Registry() },
    {
      ...{ mxPort: 25, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: anHourMs },
      ...{ dnsServers: ['127.0.0.1:1'], smarthost: `smtp://127.0.0.1:${sink.port}` },
    },
  );
  try {
    await use(delivery);
  } finally {
    await delivery.close();
  }
}

const queue = (dueAt = world.clock.now()) =>
  queueMessage(world, { accountId, octets: 'Subject: x\r\n\r\nx\r\n', to: ['ana@example.org'], dueAt });

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never happened: ${what}`);
}

const listeners = (): Promise<number[]> =>
  asOwner(async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'waxwing listening'
          AND query ILIKE 'LISTEN%'`,
    );
    return rows.map(({ pid }) => pid);
  });

async function asOwner<T>(run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(world.database.connection);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

/** As a process that only accepts mail tells of it. */
const ring = (): void => openQueueBell(world.db).ring();

test('a process that delivers hears at once of mail that another process accepted', async () => {
  await delivering(async () => {
    await until('listening', async () => (await listeners()).length === 1);
    const before = sink.count();
    await queue();
    ring();
    await sink.waitFor(before + 1, 5_000);
  });
});

test('it hears again after its listening connection was lost', async () => {
  await delivering(async () => {
    await until('listening', async () => (await listeners()).length === 1);
    const [lost = 0] = await listeners();
    await asOwner((client) => client.query('SELECT pg_terminate_backend($1)', [lost]));
    await until('listening again', async () => (await listeners()).some((pid) => pid !== lost));
    const before = sink.count();
    await queue();
    ring();
    await sink.waitFor(before + 1, 5_000);
  });
});

test('mail planned for later goes at its time although nobody tells of it then', async () => {
  await delivering(async (delivery) => {
    const before = sink.count();
    const dueAt = new Date(Date.now() + 700);
    await queue(dueAt);
    delivery.nudge();
    await sink.waitFor(before + 1, 5_000);
    const late = (sink.received.at(-1)?.at.getTime() ?? 0) - dueAt.getTime();
    assert.ok(late > -50 && late < 2_000, `${late} ms after its time`);
  });
});

test('a process that delivers rings for the others, and one that is alone does not', async (t) => {
  let heard = 0;
  const ear = hearQueueBell(world.db, () => {
    heard += 1;
  });
  t.after(() => ear.close());
  await until('hearing', () => ear.isHearing());
  await delivering(async (first) => {
    // Each ear says one word to itself when it begins.
    await until('both ears hear', () => heard === 2);
    const alone = heard;
    for (let n = 0; n < 10; n += 1) first.nudge();
    const before = sink.count();
    await queue();
    first.nudge();
    await sink.waitFor(before + 1, 5_000);
    assert.equal(heard, alone);
    await delivering(async (second) => {
      await until('both listening', async () => (await listeners()).length === 3);
      const ringing = setInterval(() => second.nudge(), 50);
      const before = heard;
      await until('the newcomer knows of the other and rings', () => heard > before + 2).finally(() =>
        clearInterval(ringing),
      );
    });
  });
});

test('a thousand messages accepted at once are told of a few times', async (t) => {
  let heard = 0;
  const ear = hearQueueBell(world.db, () => {
    heard += 1;
  });
  t.after(() => ear.close());
  await until('hearing', () => ear.isHearing());
  const before = heard;
  const bell = openQueueBell(world.db, 20);
  for (let n = 0; n < 1_000; n += 1) bell.ring();
  await until('told', () => heard > before);
  bell.ring();
  await until('the last one told too', () => heard > before + 1);
  assert.ok(heard - before <= 4, `${heard - before} words`);
});

test('where words are not passed on, as behind a pooler, nothing is believed to be heard', async () => {
  const cuttable = await cuttableWorld(world as TestWorld);
  let heard = 0;
  const ear = cuttable.world.db.listen(
    'some_word',
    () => (heard += 1),
    async () => undefined,
  );
  await until('listening', async () => (await listeners()).length === 1);
  assert.equal(ear.isHearing(), false);
  await asOwner((client) => client.query('NOTIFY some_word'));
  await until('heard', () => ear.isHearing());
  cuttable.cut();
  await until('deaf', () => !ear.isHearing());
  cuttable.restore();
  await until('listening again', async () => (await listeners()).length === 1);
  await asOwner((client) => client.query('NOTIFY some_word'));
  await until('heard again', () => ear.isHearing());
  assert.ok(heard >= 2);
  await ear.close();
  await cuttable.close();
});

test('while nothing is heard the queue is looked at five times a second', async () => {
  const cuttable = await cuttableWorld(world as TestWorld);
  const db = { ...cuttable.world.db, listen: () => ({ isHearing: () => false, close: async () => undefined }) };
  const delivery = startDelivery(
    { ...cuttable.world, db, metrics: new Registry() },
    {
      ...{ mxPort: 25, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example' },
      ...{ dnsServers: ['127.0.0.1:1'], smarthost: `smtp://127.0.0.1:${sink.port}` },
    },
  );
  const before = sink.count();
  await queue();
  await sink.waitFor(before + 1, 1_800);
  await delivery.close();
  await cuttable.close();
});
