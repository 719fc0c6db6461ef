/**
 * A backup is restored after every copy of messages' keys has ended: of an account that keeps its first key, and of one that
 * has destroyed it. Every page answers, counts and times are the same, and every loop goes on.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import PostalMime from 'postal-mime';
import { keyProvider, readConfig } from '../../src/config.ts';
import { endpoints } from '../../src/contract/endpoints.ts';
import { type Program, startProgram } from '../../src/main.ts';
import { openDatabase, sql } from '../../src/platform/database.ts';
import { openMasterKey } from '../../src/platform/master-key.ts';
import { openVault } from '../../src/platform/vault.ts';
import { systemClock, type World } from '../../src/platform/world.ts';
import { takeReturn } from '../../src/returns/take-return.ts';
import { makeBackup } from '../../src/upkeep/index.ts';
import { type Restored, restoreBackup } from '../../src/upkeep/restore.ts';
import { retireOlderKeys, runRotation, startRotation } from '../../src/upkeep/rotate-keys.ts';
import { type Answer, askAt, type Body } from '../kit/answer.ts';
import { createTestDatabase, openTestDatabase } from '../kit/database.ts';
import { calledElsewhere, routeCalls } from '../kit/route-calls.ts';
import { openStage, type Stage } from '../kit/route-stage.ts';
import { startSmtpSink } from '../kit/smtp-sink.ts';
import { browser, until } from '../kit/tracking.ts';

const actor = { kind: 'system', id: 'test' } as const;
const eightDaysMs = 8 * 86_400_000;
const word = 'Qzvxwaxrestored';
const submission = {
  from: 'Clinic <care@clinic.example>',
  subject: `Results ${word}`,
  html: `<p>${word} <a href="https://clinic.example/results">See</a></p>`,
};

type Ask = () => Promise<Answer>;

interface Sent {
  readonly messageId: string;
  readonly plannedId: string;
  readonly openUrl: string;
  readonly clickUrl: string;
}

/** Somebody opens and clicks, somebody is not there, somebody's server is busy, and some mail waits for its time. */
async function sendAndMeet(stage: Stage, sink: Awaited<ReturnType<typeof startSmtpSink>>): Promise<Sent> {
  sink.answerWith(({ stage: at, address }) => {
    if (at !== 'rcpt') return undefined;
    if (address.startsWith('gone')) return { code: 550, text: `5.1.1 ${word}` };
    return address.startsWith('busy') ? { code: 451, text: `4.2.1 ${word}` } : undefined;
  });
  const to = ['ana', 'gone', 'busy'].map((name) => `${name}.${word}@annaberg.example`);
  const { id: messageId } = await stage.make('POST', '/v1/messages', { ...submission, to, campaign: 'spring' });
  const recipients = [{ email: `bo.${word}@annaberg.example`, data: { word } }];
  const batch = { ...submission, html: '<p>Dear {{ word }}</p>', recipients };
  await stage.make('POST', '/v1/batches', batch);
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { id: plannedId } = await stage.make('POST', '/v1/batches', { ...batch, campaign: 'later', sendAt });
  const statuses = async () =>
    (await stage.make('GET', `/v1/messages/${messageId}`)).recipients.map((one: Body) => one.status).join();
  await until(async () => (await statuses()) === 'delivered,bounced,deferred', 'the mail is out');
  await stage.make('POST', '/v1/queue/hold', { destination: 'annaberg.example' }); // nobody tries again meanwhile
  await sink.waitFor(2);
  const { html = '' } = await PostalMime.parse(sink.of(to[0] ?? '')[0]?.bytes ?? '');
  const openUrl = /<img[^>]+src="([^"]+)"/.exec(html)?.[1] ?? assert.fail(html);
  const clickUrl = /<a[^>]+href="([^"]+)"/.exec(html)?.[1] ?? assert.fail(html);
  await fetch(openUrl, { headers: browser(7) });
  await fetch(clickUrl, { headers: browser(7), redirect: 'manual' });
  await until(async () => (await hitsOf(stage, messageId)) === 2, 'both hits are there');
  return { messageId, plannedId, openUrl, clickUrl };
}

const dueIn = async ({ program, accountId }: Stage): Promise<number> => {
  const [row] = await program.world.db.readAccount(accountId, (tx) =>
    tx.query<{ due: number }>(sql`
      SELECT count(*)::int AS due FROM deliveries
       WHERE account_id = current_account() AND held_because IS NULL AND (is_leased OR due_at <= now())`),
  );
  return row?.due ?? 0;
};

const hitsOf = async (stage: Stage, messageId: string): Promise<number> =>
  (await stage.make('GET', `/v1/messages/${messageId}/events`)).events.filter((one: Body) =>
    ['opened', 'clicked'].includes(one.type.replace('message.', '')),
  ).length;

/** A call of each route that reads, and of those about the mail that was really sent. */
async function readings(stage: Stage, { messageId, plannedId }: Sent): Promise<Map<string, Ask>> {
  const asks = new Map<string, Ask>();
  const byKey =
    (path: string): Ask =>
    () =>
      askAt(stage.url + path, 'GET', undefined, { authorization: `Bearer ${stage.key}` });
  for (const { name, method, path } of endpoints.filter(
    (one) => one.method === 'GET' && !(one.name in calledElsewhere),
  )) {
    const { by, params = {}, query = '' } = (await routeCalls[name]?.(stage)) ?? assert.fail(name);
    const full = path.replaceAll(/\{(\w+)\}/g, (_, key) => params[key] ?? assert.fail(`${name} ${key}`)) + query;
    asks.set(name, by === undefined ? byKey(full) : () => by.ask(method, full));
  }
  const message = await stage.make('GET', `/v1/messages/${messageId}`);
  for (const { id } of message.recipients)
    asks.set(`receipt ${id}`, byKey(`/v1/messages/${messageId}/recipients/${id}/receipt`));
  for (const path of [
    ...[`/v1/messages/${messageId}`, `/v1/messages/${messageId}/events`, `/v1/messages/${plannedId}`],
    ...[`/v1/batches/${plannedId}`, `/v1/queue/recipients?messageId=${messageId}`, '/v1/messages', '/v1/scheduled'],
    ...['/v1/queue/recipients?destination=annaberg.example', '/v1/queue', '/v1/suppressions', '/v1/suppression-export'],
    ...['sent', 'delivered', 'opened', 'clicked', 'bounced'].map((of) => `/v1/reports/recipients?of=${of}`),
    ...['campaign', 'link', 'recipientDomain', 'day', 'sender'].map((by) => `/v1/reports/engagement?groupBy=${by}`),
  ])
    asks.set(path, byKey(path));
  return asks;
}

/** Said by what is sealed with the message, or of the asking itself. */
/** A verdict settles by itself a while after its hit. */
const notCounted = ['erased', 'provisional', 'link', 'asked', 'mtaSts', 'route', 'tries', 'lastUsedAt', 'issuedAt'];

/** Numbers, times and truths, wherever they stand. */
function countsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(countsIn);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]) => (notCounted.includes(name) ? [] : [[name, countsIn(inner)]])),
    );
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? value : null;
}

/** Reading it is what the pages of it tell of, and what goes on by itself. */
const moving = /audit|doctor|safety|session|security|activity|alert|emergency|queue|networks|readOwn|sender/i;

const bounce = Buffer.from(
  [
    'From: MAILER-DAEMON@mx.annaberg.example',
    'Subject: Undelivered mail',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    ...['--b', 'Content-Type: text/plain', '', 'no mailbox of that name'],
    ...['--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.annaberg.example', ''],
    `Final-Recipient: rfc822; ana.${word}@annaberg.example`,
    ...['Action: failed', 'Status: 5.1.1', 'Diagnostic-Code: smtp; 550 5.1.1', '', '--b--', ''],
  ].join('\r\n'),
);

interface Place {
  readonly program: Program;
  readonly logged: () => readonly string[];
  readonly done: Restored;
  close(): Promise<void>;
}

/** Eight days later, at the same ports: whoever had an address, a key or a session has it still. */
async function restoreAside(stage: Stage, settings: Record<string, string>, folder: string): Promise<Place> {
  const place = await createTestDatabase(false);
  const { http, tracking } = stage.program.ports;
  const { config } = readConfig({
    ...settings,
    DATABASE_URL: place.connectionUrl,
    WAXWING_DATA_DIR: join(folder, 'restored'),
    WAXWING_HTTP_PORT: String(http),
    WAXWING_TRACKING_PORT: String(tracking),
  });
  const vault = openVault(await openMasterKey(config.keyFile, keyProvider(config)));
  const db = openDatabase({ connection: place.connection, onIdleError: () => undefined });
  const clock = { now: () => new Date(Date.now() + eightDaysMs) };
  const needs = { db, vault, clock, connection: place.connection };
  const done = await restoreBackup(needs, { dir: join(folder, 'backups'), withoutKeys: true });
  await db.close();
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const program = await startProgram(config, { clock: systemClock, log });
  await program.ready;
  const close = async (): Promise<void> => {
    await program.close();
    await place.drop();
  };
  return { program, logged: () => lines, done, close };
}

async function rotate(world: World, accountId: string): Promise<void> {
  const { id } = await startRotation(world, { accountId, actor, graceMs: 0 });
  await runRotation(world, accountId, id, { sleep: (ms) => sleep(ms), settleMs: 0 });
}

/** What comes later to mail whose key is gone: hits, a report of it, another judgement, its own time, an end. */
async function goOn(stage: Stage, program: Program, sent: Sent): Promise<void> {
  const { messageId, plannedId } = sent;
  await fetch(sent.openUrl, { headers: browser(9) });
  assert.equal((await fetch(sent.clickUrl, { headers: browser(9), redirect: 'manual' })).status, 302);
  await until(async () => (await hitsOf(stage, messageId)) === 4, 'the late hits are there');
  const [row] = await program.world.db.readAccount(stage.accountId, (tx) =>
    tx.query<{ handle: Buffer }>(sql`SELECT handle FROM recipients WHERE message_id = ${messageId} ORDER BY position`),
  );
  assert.equal(await takeReturn(program.world, row?.handle ?? Buffer.alloc(0), bounce), 'taken');
  const { id } = await stage.make('POST', '/v1/rejudgements', { dryRun: false });
  const state = async () => (await stage.make('GET', `/v1/rejudgements/${id}`)).state;
  await until(async () => !['queued', 'running'].includes(await state()), 'history is judged again');
  assert.equal(await state(), 'done');
  await stage.make('POST', '/v1/queue/release', { destination: 'annaberg.example' });
  await stage.make('PATCH', `/v1/messages/${plannedId}`, { sendAt: null });
  const waiting = async () => (await stage.make('GET', `/v1/queue/recipients?messageId=${plannedId}`)).recipients[0];
  await until(async () => (await waiting()).state === 'held', 'what was planned is held');
  assert.deepEqual([(await waiting()).email, (await waiting()).domain], [null, 'annaberg.example']);
  await rotate(program.world, stage.accountId);
  assert.ok((await stage.make('DELETE', `/v1/messages/${plannedId}`)).certificate.signature);
}

for (const isRotated of [false, true])
  describe(isRotated ? 'an account that destroyed its first key' : 'an account with its first key', () => {
    it('is restored without the keys of its messages: every page answers, and every loop goes on', async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'waxwing-restored-'));
      const sink = await startSmtpSink();
      const database = await openTestDatabase();
      const settings = {
        DATABASE_URL: database.connectionUrl,
        WAXWING_DATA_DIR: join(folder, 'data'),
        WAXWING_KEY_FILE: join(folder, 'master.key'),
        WAXWING_SMARTHOST: `smtp://127.0.0.1:${sink.port}`,
        WAXWING_SMTP_PORT: '0',
        WAXWING_PUBLIC_URL: 'http://127.0.0.1',
        WAXWING_TRUSTED_PROXIES: '127.0.0.1/32,::1/128',
        WAXWING_NETWORKS_REFRESH_HOURS: 'off',
      };
      const stage = await openStage(settings);
      let place: Place | undefined;
      t.after(async () => {
        await place?.close();
        await stage.close();
        await database.close();
        await sink.close();
        rmSync(folder, { recursive: true, force: true });
      });
      const sent = await sendAndMeet(stage, sink);
      const asks = await readings(stage, sent);
      if (isRotated) {
        await rotate(stage.program.world, stage.accountId);
        assert.equal(await retireOlderKeys(stage.program.world, stage.accountId, actor), 2);
      }
      await until(async () => (await dueIn(stage)) === 0, 'what the calls sent is out');
      const before = new Map<string, Answer>();
      for (const [name, ask] of asks) before.set(name, await ask());
      const { world } = stage.program;
      await makeBackup({ ...world, connection: database.connection }, join(folder, 'backups'));
      await stage.program.close();

      place = await restoreAside(stage, settings, folder);
      assert.deepEqual([place.done.keysOf, place.done.keys], [null, 0]);
      assert.ok(place.done.messagesWithoutKey >= 3);
      for (const [name, ask] of asks) {
        const [then, now] = [before.get(name) ?? assert.fail(name), await ask()];
        assert.equal(now.status, then.status, `${name}: ${now.text}`);
        assert.ok(then.status < 300 || then.status === 404, `${name}: ${then.text}`);
        assert.ok(!now.text.includes(word), name);
        if (!moving.test(name)) assert.deepEqual(countsIn(now.body), countsIn(then.body), name);
      }
      await goOn(stage, place.program, sent);
      const errors = place
        .logged()
        .map((line) => JSON.parse(line))
        .filter(({ level }) => level >= 50);
      assert.deepEqual([...new Set(errors.map(({ msg }) => msg))], ['delivery held: the stored content does not open']);
    });
  });
