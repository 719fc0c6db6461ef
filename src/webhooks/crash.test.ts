/** Processes that tell endpoints are killed, and run side by side: nothing is lost, nothing is numbered twice. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { testKeys } from '../../test/kit/mail.ts';
import { until } from '../../test/kit/tracking.ts';
import type { WebhookOrder } from '../../test/kit/webhook-child.ts';
import {
  acceptOne,
  addEndpoint,
  openWebhookStage,
  sequencesOf,
  toldAt,
  type WebhookStage,
} from '../../test/kit/webhooks.ts';

let stage: WebhookStage;
before(async () => {
  stage = await openWebhookStage();
});
after(() => stage.close());

const program = fileURLToPath(new URL('../../test/kit/webhook-child.ts', import.meta.url));

async function start(leaseMs: number): Promise<ChildProcess> {
  const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const order: WebhookOrder = {
    connectionUrl: stage.world.database.connectionUrl,
    masterKey: stage.world.masterKey.toString('hex'),
    trusted: stage.receiver.authority,
    leaseMs,
  };
  child.send(order);
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const idsBySequence = (told: ReturnType<typeof toldAt>): Map<number, Set<string>> => {
  const ids = new Map<number, Set<string>>();
  for (const { body, headers } of told)
    ids.set(body.sequence, (ids.get(body.sequence) ?? new Set()).add(headers['webhook-id'] ?? ''));
  return ids;
};

describe('kill -9 of a process that tells', () => {
  it('loses nothing, numbers nothing twice and tells twice at most what was under way', async () => {
    const account = await testKeys(stage.world);
    const endpoints = [await addEndpoint(stage, account), await addEndpoint(stage, account)];
    const count = 80;
    const accepting = (async () => {
      for (let n = 0; n < count; n++) await acceptOne(stage, account);
    })();
    const kills = 5;
    for (let n = 0; n < kills; n++) {
      const child = await start(1_000);
      await sleep(150 + Math.random() * 500);
      await kill(child);
    }
    await accepting;
    const last = await start(1_000);
    for (const endpoint of endpoints) {
      await until(async () => idsBySequence(toldAt(stage, endpoint)).size === count, 'everything told', 60_000);
      const ids = idsBySequence(toldAt(stage, endpoint));
      assert.deepEqual(
        [...ids.keys()].sort((one, other) => one - other),
        Array.from({ length: count }, (_, n) => n + 1),
      );
      for (const [sequence, some] of ids) assert.equal(some.size, 1, `number ${sequence} is one event's`);
      assert.equal(new Set([...ids.values()].flatMap((some) => [...some])).size, count);
      assert.ok(toldAt(stage, endpoint).length <= count + kills, String(toldAt(stage, endpoint).length));
    }
    await kill(last);
  });
});

describe('two processes', () => {
  it('tell each endpoint everything once, in order, and share the endpoints', async () => {
    const account = await testKeys(stage.world);
    const endpoints = [];
    for (let n = 0; n < 4; n++) endpoints.push(await addEndpoint(stage, account, { eventTypes: ['message.accepted'] }));
    const children = await Promise.all([start(60_000), start(60_000)]);
    const count = 60;
    for (let n = 0; n < count; n++) await acceptOne(stage, account);
    for (const endpoint of endpoints) {
      await until(async () => toldAt(stage, endpoint).length >= count, 'everything told', 60_000);
      assert.deepEqual(
        sequencesOf(toldAt(stage, endpoint)),
        Array.from({ length: count }, (_, n) => n + 1),
      );
    }
    await Promise.all(children.map(kill));
  });
});
