import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { openTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { endpoint } from '../contract/endpoint.ts';
import { DatabaseUnavailable, sql } from './database.ts';
import { startHttp } from './http.ts';
import { Answer, route, writesNothing } from './route.ts';
import { type Listening, systemClock } from './world.ts';

const shape = { area: 'test', params: z.object({}), query: z.object({}), status: 200, problems: [] } as const;
const nothing = z.undefined();
const echo = endpoint({
  ...shape,
  name: 'echo',
  method: 'POST',
  path: '/v1/echo',
  summary: '',
  body: z.object({ to: z.array(z.object({ email: z.string().max(5) })) }).strict(),
  result: z.object({ count: z.int() }),
});
const broken = endpoint({
  ...shape,
  name: 'broken',
  method: 'GET',
  path: '/v1/broken',
  summary: '',
  body: nothing,
  result: nothing,
});
const away = endpoint({ ...broken, name: 'away', path: '/v1/away' });
const counted = endpoint({ ...broken, name: 'counted', path: '/v1/counted' });
const unstorable = endpoint({ ...broken, name: 'unstorable', path: '/v1/unstorable' });
const csv = endpoint({ ...broken, name: 'csv', path: '/v1/csv', result: z.string() });
const gone = endpoint({ ...broken, name: 'gone', method: 'DELETE', path: '/v1/gone', status: 204 });

const logLines: string[] = [];
const checks = { isFine: true };
const asked = { count: 0 };
let database: TestDatabase;
let http: Listening;
let url: string;

before(async () => {
  database = await openTestDatabase();
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  http = await startHttp(
    { clock: systemClock, log, metrics: new Registry() },
    {
      host: '127.0.0.1',
      port: 0,
      routes: [
        route(echo, 'open', writesNothing('A test.'), async ({ body }) => ({ count: body.to.length })),
        route(broken, 'open', writesNothing('A test.'), async () => {
          throw new Error('canary@example.org is in this message');
        }),
        route(away, 'open', writesNothing('A test.'), async () => {
          throw new DatabaseUnavailable('canary');
        }),
        route(unstorable, 'open', writesNothing('A test.'), () =>
          database.db.asWorker(async (tx) => void (await tx.query(sql`SELECT ${'\0'}::text`))).then(() => undefined),
        ),
        route(counted, 'open', writesNothing('A test.'), async () => {
          asked.count += 1;
          return undefined;
        }),
        route(csv, 'open', writesNothing('A test.'), async () => new Answer('a,b\r\n', { 'content-type': 'text/csv' })),
        route(gone, 'open', writesNothing('A test.'), async () => undefined),
      ],
      identify: () => Promise.reject(new Error('no route asks')),
      checks: {
        database: async () => {
          if (!checks.isFine) throw new Error('away');
        },
      },
      trustedProxies: [],
      maxMessageBytes: 1_000_000,
      isPublicUrlHttps: true,
    },
  );
  url = `http://127.0.0.1:${http.port}`;
});
after(async () => {
  await http?.close();
  await database?.close();
});

const post = (
  body: string | Uint8Array<ArrayBuffer>,
  type = 'application/json',
  coding = 'identity',
): Promise<Response> =>
  fetch(`${url}/v1/echo`, { method: 'POST', headers: { 'content-type': type, 'content-encoding': coding }, body });

async function problemOf(response: Response): Promise<{ code: string; errors?: unknown; requestId: string }> {
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  return (await response.json()) as { code: string; errors?: unknown; requestId: string };
}

describe('a refusal is a problem document', () => {
  const refusals: [string, () => Promise<Response>, number, string][] = [
    ['no JSON', () => post('{"to":'), 400, 'request.invalid_json'],
    ['no UTF-8', () => post(new Uint8Array([0x22, 0xff, 0x22])), 400, 'request.invalid_json'],
    ['lists in lists without end', () => post(`{"to":${'['.repeat(65)}${']'.repeat(65)}}`), 400, 'request.malformed'],
    ['an empty body', () => post(''), 400, 'request.invalid_json'],
    [
      'another content type',
      () => post('to=x', 'application/x-www-form-urlencoded'),
      415,
      'request.unsupported_media_type',
    ],
    ['a body without a content type', () => post('x', ''), 415, 'request.unsupported_media_type'],
    ['a packed body', () => post('{"to":"x"}', 'application/json', 'gzip'), 415, 'request.unsupported_media_type'],
    ['lists in lists beyond any stack', () => post('['.repeat(4e5) + ']'.repeat(4e5)), 400, 'request.malformed'],
    ['too large a body', () => post(`"${'x'.repeat(1_100_000)}"`), 413, 'request.too_large'],
    ['an unknown path', () => fetch(`${url}/v1/nothing`), 404, 'route.not_found'],
    ['a path that cannot be decoded', () => fetch(`${url}/v1/%ff`), 404, 'route.not_found'],
    ['another method', () => fetch(`${url}/v1/echo`), 405, 'route.method_not_allowed'],
    [
      'another method on what operators ask',
      () => fetch(`${url}/healthz`, { method: 'POST' }),
      405,
      'route.method_not_allowed',
    ],
    [
      'OPTIONS, which no other site may ask for',
      () => fetch(`${url}/v1/echo`, { method: 'OPTIONS' }),
      405,
      'route.method_not_allowed',
    ],
    ['our own fault', () => fetch(`${url}/v1/broken`), 500, 'server.error'],
    ['U+0000 in a query', () => fetch(`${url}/v1/csv?x=%00`), 400, 'request.malformed'],
    ['text that PostgreSQL cannot keep', () => fetch(`${url}/v1/unstorable`), 400, 'request.malformed'],
    ['a database that is away', () => fetch(`${url}/v1/away`), 503, 'server.unavailable'],
  ];
  for (const [name, ask, status, code] of refusals)
    it(`of ${name}`, async () => {
      const response = await ask();
      assert.equal(response.status, status);
      const problem = await problemOf(response);
      assert.equal(problem.code, code);
      assert.equal(problem.requestId, response.headers.get('x-request-id'));
    });

  it('that names the fields which are wrong, and none of their values', async () => {
    const response = await post(
      JSON.stringify({ to: [{ email: 'ok' }, { email: 'canary@example.org' }], bcc: 'canary' }),
    );
    const problem = await problemOf(response);
    assert.equal(problem.code, 'request.malformed');
    assert.deepEqual((problem.errors as { field: string }[]).map((error) => error.field).sort(), [
      'bcc',
      'to[1].email',
    ]);
    assert.doesNotMatch(JSON.stringify(problem), /canary/);
  });

  it('that says which methods there are', async () => {
    assert.equal((await fetch(`${url}/v1/echo`)).headers.get('allow'), 'POST');
  });
});

describe('an answer', () => {
  it('is JSON of the result, never kept by a cache', async () => {
    const response = await post('{"to":[{"email":"a"}]}');
    assert.deepEqual(await response.json(), { count: 1 });
    assert.equal(response.headers.get('cache-control'), 'no-store');
  });

  it('may have another content type', async () => {
    const response = await fetch(`${url}/v1/csv`);
    assert.equal(response.headers.get('content-type'), 'text/csv');
    assert.equal(await response.text(), 'a,b\r\n');
  });

  it('may have no body', async () => {
    const response = await fetch(`${url}/v1/gone`, { method: 'DELETE' });
    assert.equal(response.status, 204);
    assert.equal(await response.text(), '');
  });

  it('asks browsers for TLS where the public address has it', async () => {
    assert.match((await fetch(`${url}/healthz`)).headers.get('strict-transport-security') ?? '', /max-age=\d{7,}/);
  });
});

describe('status', () => {
  it('is alive whatever is away, and ready only when everything works', async () => {
    assert.deepEqual(await (await fetch(`${url}/readyz`)).json(), { status: 'ready', checks: { database: 'ok' } });
    checks.isFine = false;
    const response = await fetch(`${url}/readyz`);
    assert.equal(response.status, 503);
    assert.deepEqual(await response.json(), { status: 'not ready', checks: { database: 'failing' } });
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });

  it('counts requests by the name of their route, never by their path', async () => {
    await fetch(`${url}/v1/canary-path?x=canary`);
    const text = await (await fetch(`${url}/metrics`)).text();
    assert.match(text, /waxwing_http_request_duration_seconds_count\{route="echo",status="200"\} [1-9]/);
    assert.doesNotMatch(text, /canary/);
  });
});

it('logs of its own faults where they are, and not what they say', () => {
  const [line = ''] = logLines.filter((text) => text.includes('a request failed'));
  assert.match(line, /http\.test\.ts/);
  for (const text of logLines) assert.doesNotMatch(text, /canary/);
});

async function answerTo(bytes: string): Promise<string> {
  const socket = connect(http.port, '127.0.0.1');
  socket.write(bytes);
  const said: string[] = [];
  for await (const chunk of socket) said.push(String(chunk));
  return said.join('');
}

it('answers something that is not HTTP by hanging up', async () => {
  assert.match(await answerTo('EHLO there\r\n\r\n'), /^HTTP\/1\.1 400 /);
});

it('refuses a request to two hosts', async () => {
  const said = await answerTo('GET /v1/csv HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n');
  assert.match(said, /^HTTP\/1\.1 400 .*request\.malformed/s);
});

it('does nothing for a request that turns out to be none, and calls it no fault of its own', async () => {
  const before = asked.count;
  for (let n = 0; n < 10; n++) {
    const head = 'GET /v1/counted HTTP/1.1\r\nHost: a\r\n\r\n';
    assert.match(await answerTo(`${head}GARBAGE\0\r\n\r\n`), /HTTP\/1\.1 400 /);
  }
  assert.equal(asked.count, before);
});

it('refuses what comes while it ends, with a code of ours, and begins none of it', async () => {
  const started = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  let begun = 0;
  const options = {
    host: '127.0.0.1',
    port: 0,
    trustedProxies: [],
    maxMessageBytes: 1_000_000,
    isPublicUrlHttps: false,
  };
  const ending = await startHttp(
    { clock: systemClock, log: pino({ level: 'silent' }), metrics: new Registry() },
    {
      ...options,
      routes: [
        route(csv, 'open', writesNothing('A test.'), async () => {
          begun += 1;
          started.resolve();
          await mayEnd.promise;
          return new Answer('a,b\r\n', { 'content-type': 'text/csv' });
        }),
      ],
      identify: () => Promise.reject(new Error('no route asks')),
      checks: {},
    },
  );
  const socket = connect(ending.port, '127.0.0.1');
  const request = 'GET /v1/csv HTTP/1.1\r\nHost: a\r\n\r\n';
  socket.write(request);
  await started.promise;
  const ended = ending.close();
  socket.write(request);
  setImmediate(() => mayEnd.resolve());
  const said: string[] = [];
  for await (const chunk of socket) said.push(String(chunk));
  await ended;
  const [first = '', second = ''] = said.join('').split(/(?=HTTP\/1\.1 )/);
  assert.match(first, /^HTTP\/1\.1 200 /);
  assert.match(second, /^HTTP\/1\.1 503 .*application\/problem\+json.*"code":"server\.unavailable"/s);
  assert.equal(begun, 1);
});
