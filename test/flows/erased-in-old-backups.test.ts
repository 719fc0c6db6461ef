/**
 * A message is erased; whoever has a backup made before, the key file and every copy of keys that is still there puts its
 * rows back as they were. What servers said, who opened it and the answer to its request open with nothing.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import PostalMime from 'postal-mime';
import type { NewAccount } from '../../src/accounts/index.ts';
import { eraseMessage, readMessage } from '../../src/contract/messages.ts';
import { type Delivery, startDelivery } from '../../src/delivery/index.ts';
import { readReceipt } from '../../src/delivery/read-receipt.ts';
import { openDatabase, sql } from '../../src/platform/database.ts';
import { openOfMessage } from '../../src/platform/message-seal.ts';
import { openVault, SealBroken, type Sealer, type SealPurpose } from '../../src/platform/vault.ts';
import type { World } from '../../src/platform/world.ts';
import { reportRoutes } from '../../src/reports/index.ts';
import { listEventsOfMessage } from '../../src/reports/list-events.ts';
import { readOneMessage } from '../../src/reports/read-message.ts';
import { takeReturn } from '../../src/returns/take-return.ts';
import { sendingRoutes } from '../../src/sending/index.ts';
import { makeBackup } from '../../src/upkeep/index.ts';
import { restoreBackup } from '../../src/upkeep/restore.ts';
import { accountColumns, messageColumns } from '../../src/upkeep/sealed-columns.ts';
import { createTestAccount } from '../kit/account.ts';
import { ask, startApi, type TestApi } from '../kit/api.ts';
import { createTestDatabase } from '../kit/database.ts';
import { keysOfMessage } from '../kit/message-keys.ts';
import { type SmtpSink, startSmtpSink } from '../kit/smtp-sink.ts';
import { browser, startTracking, type Tracking, until } from '../kit/tracking.ts';
import { type TestWorld, testWorld } from '../kit/world.ts';

/** Stands in everybody's words; `said` in those of other people's servers alone. */
const word = 'Qzvxwaxerased';
const said = 'Jqkxvwzanswer';
const dir = mkdtempSync(join(tmpdir(), 'waxwing-erased-'));
const eightDaysMs = 8 * 86_400_000;

let world: TestWorld;
let account: NewAccount;
let sink: SmtpSink;
let delivery: Delivery;
let tracking: Tracking;
let api: TestApi;

before(async () => {
  world = await testWorld(new Date().toISOString());
  account = await createTestAccount(world);
  sink = await startSmtpSink({
    script: ({ stage, address }) => {
      if (stage === 'rcpt' && address.startsWith('gone')) return { code: 550, text: `5.1.1 <${address}> ${said}` };
      return undefined;
    },
  });
  tracking = await startTracking(world, ['127.0.0.1']);
  delivery = startDelivery(world, {
    ...{ smarthost: `smtp://localhost:${sink.port}`, mxPort: 25, trackingUrl: tracking.baseUrl, pollMs: 20 },
    ...{ helloName: 'clinic.example', dnsServers: ['127.0.0.1:1'] },
  });
  const sending = { trackingUrl: tracking.baseUrl, onQueued: () => delivery.nudge() };
  api = await startApi(world, () => [...sendingRoutes(world, sending), ...reportRoutes(world)]);
});
after(async () => {
  await api?.close();
  await delivery?.close();
  await tracking?.close();
  await sink?.close();
  await world?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Sent once with an Idempotency-Key: to one who opens it and whose server returns it then, and to one who is not there. */
async function sendAndMeet(): Promise<string> {
  const response = await fetch(`${api.url}/v1/messages`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' },
      'idempotency-key': `visit ${word}`,
    },
    body: JSON.stringify({
      from: 'Clinic <care@clinic.example>',
      to: [`ana.${word}@annaberg.example`, `gone.${word}@annaberg.example`],
      subject: `Results for ${word}`,
      html: `<p>${word}</p>`,
    }),
  });
  const { id } = (await response.json()) as { id: string };
  await sink.waitFor(1);
  const { html = '' } = await PostalMime.parse(sink.received[0]?.bytes ?? '');
  const image = /<img[^>]+src="([^"]+\/o\/[^"]+)"/.exec(html)?.[1] ?? assert.fail(html);
  await until(async () => (await statuses(id)) === 'bounced,delivered', 'both recipients are done');
  await fetch(image, { headers: browser(7) });
  await tracking.drained();
  const [handle] = await world.db.readAccount(account.accountId, (tx) =>
    tx.query<{ handle: Buffer }>(sql`
      SELECT handle FROM recipients WHERE message_id = ${id} ORDER BY position LIMIT 1`),
  );
  assert.equal(await takeReturn(world, handle?.handle ?? Buffer.alloc(0), bounce()), 'taken');
  return id;
}

const statuses = async (id: string): Promise<string> =>
  (await ask(api, readMessage, account.apiKey, { params: { id } })).recipients
    .map(({ status }) => status)
    .sort()
    .join();

const bounce = (): Buffer =>
  Buffer.from(
    [
      'From: MAILER-DAEMON@mx.annaberg.example',
      'Subject: Undelivered mail',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
      '',
      ...['--b', 'Content-Type: text/plain', '', `${said}: no mailbox of that name`],
      ...['--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.annaberg.example', ''],
      `Final-Recipient: rfc822; ana.${word}@annaberg.example`,
      ...['Action: failed', 'Status: 5.1.1', `Diagnostic-Code: smtp; 550 5.1.1 ${said}`, '', '--b--', ''],
    ].join('\r\n'),
  );

/** The rows of a backup as they were, with nothing erased again: what somebody with the files can do. */
async function putBack<T>(
  folder: string,
  look: (there: Pick<World, 'db' | 'vault' | 'clock'>, owner: pg.Client) => Promise<T>,
) {
  const place = await createTestDatabase(false);
  const db = openDatabase({ connection: place.connection, onIdleError: () => undefined });
  const owner = new pg.Client(place.connection);
  try {
    const there = { db, vault: openVault(world.masterKey), clock: world.clock, connection: place.connection };
    const { erasedAgain } = await restoreBackup(there, { dir: folder });
    assert.equal(erasedAgain, 0);
    await owner.connect();
    return await look(there, owner);
  } finally {
    await owner.end();
    await db.close();
    await place.drop();
  }
}

/** These outlive any message and are the account's: whom it writes to no more, and what its reports count by. */
const outlive = ['suppressions.address_sealed', 'dimensions.value_sealed'];

const purposes: readonly SealPurpose[] = [
  ...new Set(accountColumns.map(({ purpose }) => purpose)),
  ...(['message.header', 'message.links', 'message.content', 'message.plan'] as const),
  ...([
    'recipient.address',
    'return.content',
    'mail.host',
    'request.kept',
    'recipient.data',
    'transport.release',
  ] as const),
];

/** Each value of each sealed column, opened with every key that is there and for every purpose. */
async function everythingThatOpens(
  there: Pick<World, 'db' | 'vault' | 'clock'>,
  owner: pg.Client,
  messageId: string,
): Promise<{ text: string; sealed: number }> {
  const { account: vault, message } = await keysOfMessage(there, account.accountId, messageId);
  const sealers: Pick<Sealer, 'open'>[] = message === null ? [vault] : [vault, message];
  const texts: string[] = [];
  let sealed = 0;
  const open = (value: Buffer): void => {
    for (const sealer of sealers)
      for (const purpose of purposes)
        texts.push(opened(() => openOfMessage({ account: sealer, message }, purpose, value)));
  };
  const columns = [...accountColumns.map(({ table, column }) => `${table}.${column}`), ...messageColumns];
  for (const name of columns.filter((one) => !outlive.includes(one))) {
    const [table, column] = name.split('.');
    const { rows } = await owner.query<{ value: Buffer }>(
      `SELECT ${column} AS value FROM ${table} WHERE account_id = $1 AND ${column} IS NOT NULL`,
      [account.accountId],
    );
    sealed += rows.length;
    for (const { value } of rows) open(value);
  }
  for (const text of [...texts]) {
    const locked = /"locked":"([^"]+)"/.exec(text)?.[1];
    if (locked !== undefined && message !== null) open(Buffer.from(locked, 'base64'));
  }
  return { text: texts.filter((text) => text !== '').join('\n'), sealed };
}

function opened(open: () => Buffer | null): string {
  try {
    return open()?.toString() ?? '';
  } catch (error) {
    if (error instanceof SealBroken) return '';
    throw error;
  }
}

/** And what the program itself tells of it. */
async function everythingThatIsTold(there: Pick<World, 'db' | 'vault' | 'clock'>, messageId: string): Promise<string> {
  const caller = { accountId: account.accountId, actor: { kind: 'system', id: 'test' } } as const;
  const message = await readOneMessage(there, caller, messageId, { limit: 100 });
  const { events } = await listEventsOfMessage(there, caller, messageId, { limit: 100 });
  const receipts = await Promise.all(
    message.recipients.map(({ id }) => readReceipt(there, caller, { messageId, recipientId: id })),
  );
  return JSON.stringify({ message, events, receipts });
}

test('with a backup from before and the key file nothing said of an erased message can be opened', async () => {
  const id = await sendAndMeet();
  const before = (await makeBackup({ ...world, connection: world.database.connection }, dir)).manifest;
  const stolen = `${dir}-stolen`;
  cpSync(dir, stolen, { recursive: true });
  try {
    const shown = await putBack(dir, async (there, owner) => ({
      ...(await everythingThatOpens(there, owner, id)),
      told: await everythingThatIsTold(there, id),
    }));
    // Before: every one of these is there, and opens.
    assert.match(shown.text, new RegExp(`550 5\\.1\\.1 ${said}`), 'what came back');
    assert.match(shown.text, new RegExp(`<gone\\.${word}@annaberg\\.example> ${said}`), 'a reply');
    assert.match(shown.text, /"sentSha256"/, 'the evidence of an attempt');
    assert.match(shown.text, new RegExp(`ana\\.${word}@`), 'an address');
    for (const told of [said, word, '81.2.', 'Firefox', 'localhost'])
      assert.ok(shown.told.includes(told), `${told} is told`);

    const { certificate } = await ask(api, eraseMessage, account.apiKey, { params: { id } });
    assert.doesNotMatch(certificate.notCovered, /older version/);
    world.clock.advance(eightDaysMs);
    await makeBackup({ ...world, connection: world.database.connection }, dir);
    // The rows as they were, with every copy of keys that did not end: those of the backup made since.
    rmSync(join(stolen, 'keys'), { recursive: true });
    cpSync(join(dir, 'keys'), join(stolen, 'keys'), { recursive: true });
    const left = await putBack(stolen, async (there, owner) => {
      const { rows } = await owner.query('SELECT erased_at FROM messages WHERE id = $1', [id]);
      assert.deepEqual(rows, [{ erased_at: null }], `${before.id} is from before the erasure`);
      return { ...(await everythingThatOpens(there, owner, id)), told: await everythingThatIsTold(there, id) };
    });
    assert.ok(left.sealed >= shown.sealed, 'the same rows were tried');
    assert.match(left.text, /care@clinic\.example|"id":/, 'what is the account’s own opens as before');
    for (const text of [left.text, left.told])
      assert.doesNotMatch(text, new RegExp(`${said}|${word}|81\\.2\\.|Firefox|localhost|sentSha256":"`));
  } finally {
    rmSync(stolen, { recursive: true, force: true });
  }
});
