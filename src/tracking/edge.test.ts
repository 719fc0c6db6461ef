import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type ClickContent, handleBytes, honeypotLink, type OpenContent, sealToken } from '../core/token.ts';
import { openVault } from '../platform/vault.ts';
import type { Listening } from '../platform/world.ts';
import { startEdgeServer } from './edge.ts';
import { isHit, type JournalEntry, type JournaledHit, type JournaledUnsubscription } from './hit.ts';
import type { HitState } from './hit-counter.ts';
import { tokenKeys, unsubscribeKeys } from './token-keys.ts';

const keys = tokenKeys(openVault(randomBytes(32)));
const unsubscribing = unsubscribeKeys(openVault(randomBytes(32)));
const accountId = randomUUID();
const subject = { level: 'identified', messageId: randomUUID(), recipientId: randomUUID() } as const;
const url = 'https://clinic.example/größe?a=1&b=%20#ü "quoted"';
const openContent: OpenContent = { kind: 'open', accountId, subject };
const clickContent: ClickContent = { kind: 'click', accountId, subject, linkIndex: 3, url };
const handle = randomBytes(handleBytes);
const openToken = sealToken(keys, handle, randomBytes(12), openContent);
const clickToken = sealToken(keys, handle, randomBytes(12), clickContent);
const gifSize = 42;

const hits: JournaledHit[] = [];
const unsubscriptions: JournaledUnsubscription[] = [];
const counted: HitState[] = [];
let edge: Listening;
const startEdge = (append: (entry: JournalEntry, done: (isKept: boolean) => void) => void): Promise<Listening> =>
  startEdgeServer({
    port: 0,
    host: '127.0.0.1',
    keys,
    unsubscribeKeys: unsubscribing,
    wordsOf: (id) => ({ organisation: id === accountId ? 'Clinic & Sons' : null, words: 'Call us <any> time.' }),
    journal: { append },
    clock: { now: () => new Date('2026-11-22T12:00:00Z') },
    count: (state) => void counted.push(state),
    trustedProxies: ['127.0.0.1'],
    newHitId: randomUUID,
  });
before(async () => {
  edge = await startEdge((entry, done) => {
    if (isHit(entry)) hits.push(entry);
    else unsubscriptions.push(entry);
    setImmediate(done, true);
  });
});
after(() => edge.close());
beforeEach(() => {
  hits.length = 0;
  unsubscriptions.length = 0;
  counted.length = 0;
});

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: edge.port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Bytes as they are, for what no client library would send. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(edge.port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

function assertPixel(reply: Reply): void {
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'image/gif');
  assert.equal(reply.headers['cache-control'], 'no-store, private');
  assert.equal(reply.body.length, gifSize);
  assert.equal(reply.body.toString('latin1', 0, 6), 'GIF89a');
  assert.deepEqual([reply.body.readUInt16LE(6), reply.body.readUInt16LE(8)], [1, 1]);
}

describe('the edge', () => {
  it('answers a pixel with a 1 × 1 GIF that nobody may keep, and journals the open', async () => {
    const reply = await ask(`/o/${openToken}`, { headers: { 'user-agent': 'Mail/1', 'accept-language': 'de' } });
    assertPixel(reply);
    assert.equal(reply.headers['set-cookie'], undefined);
    assert.equal(reply.headers['referrer-policy'], 'no-referrer');
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    assert.match(String(reply.headers['x-robots-tag']), /noindex/);
    const [hit] = hits;
    assert.ok(hit);
    assert.deepEqual(
      { ...hit, id: '', headers: {} },
      {
        id: '',
        atMs: Date.parse('2026-11-22T12:00:00Z'),
        kind: 'open',
        token: 'valid',
        subject: { kind: 'recipient', accountId, messageId: subject.messageId, recipientId: subject.recipientId },
        linkIndex: null,
        isHoneypot: false,
        method: 'GET',
        ip: '127.0.0.1',
        isHttps: false,
        userAgent: 'Mail/1',
        headers: {},
      },
    );
    assert.equal(hit.headers['accept-language'], 'de');
  });

  it('redirects a click to the very bytes of its URL', async () => {
    const text = await raw(`GET /c/${clickToken} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 302 /);
    const location = /\r\nLocation: ([^\r]*)\r\n/.exec(text)?.[1] ?? '';
    assert.deepEqual(Buffer.from(location, 'latin1'), Buffer.from(url, 'utf8'));
    assert.match(text, /\r\nCache-Control: no-store, private\r\n/);
    assert.deepEqual([hits[0]?.kind, hits[0]?.linkIndex, hits[0]?.isHoneypot], ['click', 3, false]);
  });

  it('answers the link that nobody sees like any other, and journals that it was that one', async () => {
    const content = { ...clickContent, linkIndex: honeypotLink };
    const reply = await ask(`/c/${sealToken(keys, handle, randomBytes(12), content)}`);
    assert.equal(reply.status, 302);
    assert.equal(Buffer.from(reply.headers.location ?? '', 'latin1').toString(), url);
    const [hit] = hits;
    assert.deepEqual([hit?.kind, hit?.linkIndex, hit?.isHoneypot, hit?.token], ['click', null, true, 'valid']);
  });

  it('answers HEAD like GET without a body, and journals it', async () => {
    const pixel = await ask(`/o/${openToken}`, { method: 'HEAD' });
    assert.deepEqual([pixel.status, pixel.headers['content-length'], pixel.body.length], [200, String(gifSize), 0]);
    const click = await ask(`/c/${clickToken}`, { method: 'HEAD' });
    assert.equal(click.status, 302);
    assert.ok(click.headers.location);
    assert.deepEqual(
      hits.map((hit) => hit.method),
      ['HEAD', 'HEAD'],
    );
  });

  it('answers other methods quietly, never redirects them, and journals them', async () => {
    const options = await ask(`/c/${clickToken}`, { method: 'OPTIONS' });
    assert.deepEqual([options.status, options.headers.allow], [204, 'GET, HEAD, OPTIONS']);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      const body = 'x'.repeat(100_000);
      const reply = await ask(`/c/${clickToken}`, { method, body, headers: { 'content-length': '100000' } });
      assert.deepEqual([reply.status, reply.headers.allow], [405, 'GET, HEAD, OPTIONS'], method);
      assert.equal(reply.headers.location, undefined);
    }
    assert.deepEqual(
      hits.map((hit) => hit.method),
      ['OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'],
    );
  });

  it('answers a damaged token with a plain pixel or 404, and journals whose it was', async () => {
    const at = 40;
    const damage = (token: string): string =>
      token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    assertPixel(await ask(`/o/${damage(openToken)}`));
    for (const token of [damage(clickToken), clickToken.slice(0, -1), `${clickToken}A`, clickToken.slice(0, 20)]) {
      const reply = await ask(`/c/${token}`);
      assert.deepEqual([reply.status, reply.headers.location], [404, undefined]);
    }
    assert.deepEqual(
      hits.map((hit) => hit.token),
      Array(5).fill('damaged'),
    );
    for (const hit of hits) assert.equal(hit.subject.kind === 'derived' && hit.subject.handle, handle.toString('hex'));
  });

  it('never redirects a pixel’s token, nor opens a click’s as a pixel without saying so', async () => {
    assert.equal((await ask(`/c/${openToken}`)).status, 404);
    assertPixel(await ask(`/o/${clickToken}`));
    assert.deepEqual(
      hits.map((hit) => [hit.token, hit.subject.kind]),
      [
        ['damaged', 'recipient'],
        ['damaged', 'recipient'],
      ],
    );
  });

  it('answers what is no token at all, counts it, and keeps nothing', async () => {
    assertPixel(await ask('/o/x'));
    assert.equal((await ask('/c/x')).status, 404);
    assert.equal((await ask('/c/https:%2F%2Fevil.example')).status, 404);
    assert.equal(hits.length, 0);
    assert.deepEqual(counted, ['unattributed', 'unattributed', 'unattributed']);
  });

  it('reads the many spellings of one URL', async () => {
    const encoded = [...openToken].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
    const spellings = [
      `/o/${openToken}?utm_source=x&fbclid=y`,
      `/o/${openToken}/`,
      `//o//${openToken}`,
      `/o/${openToken}#part`,
      `/o/${encoded}`,
      `/o/${openToken}/extra/path`,
      `http://t.clinic.example/o/${openToken}`,
      `HTTPS://t.clinic.example:8443/o/${openToken}?q`,
    ];
    for (const spelling of spellings) assertPixel(await ask(spelling));
    assert.deepEqual(
      hits.map((hit) => hit.token),
      spellings.map(() => 'valid'),
    );
  });

  it('never throws on a broken percent-encoding', async () => {
    assertPixel(await ask(`/o/${openToken}%`));
    assertPixel(await ask(`/o/${openToken}%E0%A4%A`));
    assert.deepEqual(
      hits.map((hit) => hit.token),
      ['damaged', 'damaged'],
    );
  });

  it('has nothing else to show', async () => {
    for (const path of ['/', '/favicon.ico', '/o', '/o/', '/c/', '/admin', '/.env', '/metrics'])
      assert.equal((await ask(path)).status, 404, path);
    assert.equal((await ask('/healthz')).status, 200);
    assert.match((await ask('/robots.txt')).body.toString(), /Disallow: \//);
    const star = await raw('OPTIONS * HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n');
    assert.match(star, /^HTTP\/1\.1 204 /);
    assert.equal(hits.length, 0);
  });

  it('keeps only the headers that tell people from machines, cut short, and of a referer only its origin', async () => {
    await ask(`/o/${openToken}`, {
      headers: {
        cookie: 'session=secret',
        authorization: 'Bearer secret',
        referer: 'https://mail.example/inbox/ana@example.org?q=diagnosis',
        'user-agent': 'x'.repeat(5_000),
        via: 'y'.repeat(5_000),
        'sec-fetch-user': '?1',
      },
    });
    const [hit] = hits;
    const kept = JSON.stringify(hit);
    for (const canary of ['secret', 'diagnosis', 'ana@']) assert.ok(!kept.includes(canary), canary);
    assert.deepEqual([hit?.headers.referer, hit?.headers['sec-fetch-user']], ['https://mail.example', '?1']);
    assert.ok(kept.length < 2_000);
  });

  it('believes a trusted proxy about address and scheme', async () => {
    await ask(`/o/${openToken}`, {
      headers: { 'x-forwarded-for': '6.6.6.6, 198.51.100.7', 'x-forwarded-proto': 'https' },
    });
    assert.deepEqual([hits[0]?.ip, hits[0]?.isHttps], ['198.51.100.7', true]);
  });

  it('answers what is not HTTP with one line, and huge headers with 431', async () => {
    assert.match(await raw('\x16\x03\x01garbage\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\nConnection: close/);
    const huge = `GET /o/${openToken} HTTP/1.1\r\nHost: t\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`;
    assert.match(await raw(huge), /^HTTP\/1\.1 431 /);
    const smuggled = `GET /o/${openToken} HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    assert.match(await raw(smuggled), /^HTTP\/1\.1 400 /);
    assert.equal(hits.length, 0);
  });

  it('answers HTTP/1.0 and a request without a host', async () => {
    assert.match(await raw(`GET /o/${openToken} HTTP/1.0\r\n\r\n`), /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(await raw(`GET /o/${openToken} HTTP/1.1\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 200 OK\r\n/);
    assert.equal(hits.length, 2);
  });

  it('answers pipelined requests in their order', async () => {
    const request = (path: string, last = false): string =>
      `GET ${path} HTTP/1.1\r\nHost: t\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
    const text = await raw(request(`/o/${openToken}`) + request(`/c/${clickToken}`) + request('/healthz', true));
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 302', 'HTTP/1.1 200']);
  });
});

describe('an edge that ends', () => {
  it('answers what is under way and waits for nobody who asks nothing', async () => {
    const written = Promise.withResolvers<() => void>();
    const own = await startEdge((_hit, done) => written.resolve(() => done(true)));
    const request = `GET /o/${openToken} HTTP/1.1\r\nHost: t\r\n\r\n`;
    const socket = connect(own.port, '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    const ended = new Promise((resolve) => socket.once('close', resolve));
    const done = await written.promise;
    const startedMs = performance.now();
    const closed = own.close();
    done();
    await ended;
    await closed;
    assert.match(text, /^HTTP\/1\.1 200 OK/);
    assert.ok(performance.now() - startedMs < 2_000, 'it waited for a connection that nobody used any more');
  });

  it('gives its last answer over a kept connection as such', async () => {
    const pending: (() => void)[] = [];
    const arrived = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const own = await startEdge((_hit, done) => {
      pending.push(() => done(true));
      arrived[pending.length - 1]?.resolve();
    });
    const request = `GET /o/${openToken} HTTP/1.1\r\nHost: t\r\n\r\n`;
    const socket = connect(own.port, '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await arrived[0]?.promise;
    const closed = own.close();
    socket.write(request); // pipelined behind the first, as from a client that knows nothing of the end
    await arrived[1]?.promise;
    for (const done of pending) done();
    await ended;
    await closed;
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+|Connection: [a-z-]+/g), [
      'HTTP/1.1 200',
      'Connection: keep-alive',
      'HTTP/1.1 200',
      'Connection: close',
    ]);
  });
});
