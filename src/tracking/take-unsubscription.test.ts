import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { unsubscribeUrl } from '../core/unsubscribing/unsubscribe-token.ts';
import { openVault } from '../platform/vault.ts';
import type { Listening } from '../platform/world.ts';
import { startEdgeServer } from './edge.ts';
import type { JournalEntry } from './hit.ts';
import { tokenKeys, unsubscribeKeys } from './token-keys.ts';

const vault = openVault(randomBytes(32));
const keys = unsubscribeKeys(vault);
const accountId = randomUUID();
const entries: JournalEntry[] = [];
let isDiskFull = false;
let nowMs = Date.parse('2026-11-22T12:00:00Z');
let edge: Listening;
let base: string;

before(async () => {
  edge = await startEdgeServer({
    ...{ port: 0, host: '127.0.0.1', keys: tokenKeys(vault), unsubscribeKeys: keys },
    wordsOf: (id) => ({
      organisation: id === accountId ? 'Heron & Sons <Clinic>' : null,
      words: 'Ask us: <b>any</b> time.',
    }),
    journal: {
      append(entry, done) {
        if (!isDiskFull) entries.push(entry);
        setImmediate(done, !isDiskFull);
      },
    },
    clock: { now: () => new Date(nowMs) },
    count: () => undefined,
    trustedProxies: [],
    newHitId: randomUUID,
  });
  base = `http://127.0.0.1:${edge.port}`;
});
after(() => edge.close());
beforeEach(() => {
  entries.length = 0;
  isDiskFull = false;
});

const subjectOf = () => ({ accountId, messageId: randomUUID(), recipientId: randomUUID() });
const linkTo = (subject = subjectOf()): string => unsubscribeUrl(keys, randomBytes(12), base, subject);
const post = (url: string, body: string, type = 'application/x-www-form-urlencoded'): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': type }, redirect: 'manual' });

/** Bytes as they are, for what no client library would send. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(edge.port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (text === '' ? reject(error) : resolve(text)));
    socket.on('close', () => resolve(text));
  });
}

describe('a POST to an unsubscribe link', () => {
  it('acts as Gmail and Yahoo send it, in one answer without a cookie or a redirect', async () => {
    const subject = subjectOf();
    const path = new URL(linkTo(subject)).pathname;
    const request = (body: string, ...head: readonly string[]): string =>
      [
        `POST ${path} HTTP/1.1`,
        'Host: t.clinic.example',
        ...head,
        `Content-Length: ${body.length}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n');
    const urlencoded = request(
      'List-Unsubscribe=One-Click',
      'User-Agent: Mozilla/5.0 (via ggpht.com GoogleImageProxy)',
      'Content-Type: application/x-www-form-urlencoded',
    );
    const boundary = '0f8c1a';
    const multipart = request(
      `--${boundary}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--${boundary}--\r\n`,
      'User-Agent: YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
      `Content-Type: multipart/form-data; boundary=${boundary}`,
    );
    for (const bytes of [urlencoded, multipart]) {
      const answer = await raw(bytes);
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
      assert.doesNotMatch(answer, /set-cookie|location:/i);
    }
    assert.deepEqual(
      entries.map((entry) => ({ ...entry, id: '' })),
      [1, 2].map(() => ({
        ...{ kind: 'unsubscribe', id: '', atMs: nowMs, will: 'one-click' },
        subject: { kind: 'recipient', ...subject },
      })),
    );
  });

  it('acts for the page’s own button, and says so', async () => {
    const answer = await post(linkTo(), 'List-Unsubscribe=One-Click&Waxwing-Page=confirmed');
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /You are unsubscribed/);
    assert.equal(entries[0]?.kind === 'unsubscribe' && entries[0].will, 'page');
  });

  it('does nothing without the pair that says what it wants', async () => {
    for (const [body, type] of [
      ['', undefined],
      ['a=b', undefined],
      ['List-Unsubscribe=One-Click', 'text/plain'],
      ['{}', 'application/json'],
    ] as const) {
      const answer = await post(`${linkTo()}?List-Unsubscribe=One-Click`, body, type);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /Nothing was changed/);
    }
    assert.deepEqual(entries, []);
  });

  it('is refused when the body is larger than any will, read or only announced, and does not act', async () => {
    const path = new URL(linkTo()).pathname;
    const announced = await raw(
      `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Length: 10485760\r\n\r\nList-Unsubscribe=One-Click`,
    );
    assert.match(announced, /^HTTP\/1\.1 413 /);
    const chunk = `4000\r\n${'List-Unsubscribe=One-Click&'.padEnd(0x4000, 'x')}\r\n`;
    const sent = await raw(
      `POST ${path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(640)}`,
    );
    assert.match(sent, /^HTTP\/1\.1 413 /);
    assert.deepEqual(entries, []);
  });

  it('is told that it was not kept when the disk refuses it', async () => {
    isDiskFull = true;
    const answer = await post(linkTo(), 'List-Unsubscribe=One-Click');
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '60']);
  });

  it('is told so however often it is tried, and is kept once the disk takes it again', async () => {
    isDiskFull = true;
    const url = linkTo();
    for (let n = 0; n < 30; n++) assert.equal((await post(url, 'List-Unsubscribe=One-Click')).status, 503);
    isDiskFull = false;
    assert.equal((await post(url, 'List-Unsubscribe=One-Click')).status, 200);
    assert.equal(entries.length, 1);
  });

  it('said a thousand times fills no disk, and said anew later is kept anew', async () => {
    const url = linkTo();
    for (let n = 0; n < 1_000; n++) {
      const answer = await post(url, 'List-Unsubscribe=One-Click');
      assert.equal(answer.status, 200);
      await answer.arrayBuffer();
    }
    assert.equal(entries.length, 10);
    nowMs += 61_000;
    await post(url, 'List-Unsubscribe=One-Click');
    assert.equal(entries.length, 11);
  });
});

describe('looking at an unsubscribe link', () => {
  it('never acts, by GET or HEAD or anything but POST, however often a scanner does it', async () => {
    const url = linkTo();
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])
      for (let n = 0; n < 20; n++) {
        const answer = await fetch(`${url}?List-Unsubscribe=One-Click`, { method, redirect: 'manual' });
        const expected = method === 'GET' || method === 'HEAD' ? 200 : method === 'OPTIONS' ? 204 : 405;
        assert.equal(answer.status, expected, method);
        await answer.arrayBuffer();
      }
    const body = 'List-Unsubscribe=One-Click';
    const path = new URL(url).pathname;
    await raw(
      `GET ${path} HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    assert.deepEqual(entries, []);
  });

  it('shows a page that names the organisation and nobody else, needs no script and fetches nothing', async () => {
    const answer = await fetch(linkTo());
    const html = await answer.text();
    assert.match(html, /<h1>Unsubscribe from mail of Heron &amp; Sons &lt;Clinic&gt;\?<\/h1>/);
    assert.match(html, /Ask us: &lt;b&gt;any&lt;\/b&gt; time\./);
    assert.equal(html.match(/<button/g)?.length, 1);
    assert.match(html, /<form method="post">/);
    assert.doesNotMatch(html, /<script|<img|<link|https?:|@import|url\(/i);
    const policy = answer.headers.get('content-security-policy') ?? '';
    assert.match(
      policy,
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    assert.equal(answer.headers.get('cache-control'), 'no-store, private');
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(answer.headers.get('set-cookie'), null);
  });

  it('has a quiet 404 for a token that is none of ours, asked in any way', async () => {
    const url = linkTo();
    for (const broken of [
      `${url.slice(0, -1)}${url.endsWith('A') ? 'B' : 'A'}`,
      url.slice(0, -3),
      `${base}/u/x`,
      `${url}A`,
      `${base}/u/${'%00'.repeat(40)}`,
    ])
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(broken, {
          method,
          ...(method === 'POST' ? { body: 'List-Unsubscribe=One-Click' } : {}),
        });
        assert.deepEqual([answer.status, await answer.text()], [404, 'Not found\n'], `${method} ${broken}`);
      }
    assert.equal((await fetch(`${base}/u`)).status, 404);
    assert.deepEqual(entries, []);
  });
});
