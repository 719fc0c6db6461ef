import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { endpoint } from '../contract/endpoint.ts';
import { Problem } from '../contract/problem.ts';
import { openTurns } from './at-once.ts';
import { startHttp } from './http.ts';
import { route, writesNothing } from './route.ts';
import { systemClock } from './world.ts';

const limits = { most: 2, mostOfAccount: 1, waiting: 3, waitingOfAccount: 2, waitMs: 60_000 };
const stays = new AbortController().signal;
const isBusy = (error: unknown): boolean => error instanceof Problem && error.code === 'server.busy';

test('no account has more than its share, and who waits begins as soon as a turn of theirs is free', async () => {
  const turns = openTurns(limits);
  const began: string[] = [];
  const take = async (accountId: string): Promise<() => void> => {
    const end = await turns.take(accountId, stays);
    began.push(accountId);
    return end;
  };
  const first = await take('a');
  const second = take('a');
  const other = await take('b');
  const third = take('c');
  await Promise.resolve();
  assert.deepEqual(began, ['a', 'b']);
  other();
  other();
  (await third)();
  assert.deepEqual(began, ['a', 'b', 'c'], 'the second of a waits for its own');
  first();
  (await second)();
  (await take('a'))();
});

test('a full line refuses, of one account before that of all', async () => {
  const turns = openTurns(limits);
  const ends = [await turns.take('a', stays), await turns.take('b', stays)];
  const waiting = [turns.take('a', stays), turns.take('a', stays)];
  await assert.rejects(turns.take('a', stays), isBusy);
  waiting.push(turns.take('c', stays));
  await assert.rejects(turns.take('d', stays), isBusy);
  for (const end of ends) end();
  for (const one of waiting) (await one)();
});

test('who waits too long is refused, and who leaves makes room', async () => {
  const turns = openTurns({ ...limits, most: 1, waiting: 1, waitMs: 30 });
  const end = await turns.take('a', stays);
  await assert.rejects(turns.take('b', stays), isBusy);
  const leaving = new AbortController();
  const left = turns.take('b', leaving.signal);
  leaving.abort();
  await assert.rejects(left, isBusy);
  const next = turns.take('c', stays);
  end();
  (await next)();
});

const slow = endpoint({
  ...{ name: 'slow', method: 'POST', path: '/v1/slow', summary: '', area: 'test', status: 200, problems: [] },
  ...{ params: z.object({}), query: z.object({}), body: z.object({ n: z.int() }), result: z.object({ n: z.int() }) },
  atOnce: { ...limits, most: 1, waiting: 1, waitMs: 30 },
});

async function startSlow() {
  const work = { free: Promise.withResolvers<void>(), began: Promise.withResolvers<void>() };
  const http = await startHttp(
    { clock: systemClock, log: pino({ level: 'silent' }), metrics: new Registry() },
    {
      ...{ host: '127.0.0.1', port: 0, checks: {}, trustedProxies: [], maxMessageBytes: 1_000_000 },
      isPublicUrlHttps: false,
      identify: async ({ headers }) => ({ accountId: headers.host ?? '', actor: { kind: 'system', id: 'test' } }),
      routes: [
        route(slow, 'messages.send', writesNothing('A test.'), async ({ body }) => {
          work.began.resolve();
          await work.free.promise;
          return body;
        }),
      ],
    },
  );
  const ask = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${http.port}/v1/slow`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"n":1}',
    });
  return { http, work, ask };
}

const begin = (port: number): Socket => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('POST /v1/slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{');
  return socket;
};

test('over HTTP the turn begins before the body is read, and the answer beyond says when to come again', async () => {
  const { http, work, ask } = await startSlow();
  try {
    const taking = ask();
    await work.began.promise;
    const refused = await ask();
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '5');
    assert.equal(((await refused.json()) as { code: string }).code, 'server.busy');
    work.free.resolve();
    assert.equal((await taking).status, 200);
    assert.equal((await ask()).status, 200);
  } finally {
    await http.close();
  }
});

test('a client that goes away in the middle of its body gives its turn back', async () => {
  const { http, work, ask } = await startSlow();
  try {
    work.free.resolve();
    const half = begin(http.port);
    const isTaken = async (): Promise<boolean> => (await ask()).status === 503;
    const deadline = performance.now() + 10_000;
    while (!(await isTaken())) assert.ok(performance.now() < deadline, 'the half body takes the turn');
    half.destroy();
    while (await isTaken()) assert.ok(performance.now() < deadline, 'the turn comes back');
  } finally {
    await http.close();
  }
});
