import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { startApi } from '../../test/kit/api.ts';
import { cuttableWorld } from '../../test/kit/cuttable-database.ts';
import { countMessages, storedMail } from '../../test/kit/stored-mail.ts';
import { mail, RawClient, startTestSubmission } from '../../test/kit/submission.ts';
import type { SubmissionProcessSettings } from '../../test/kit/submission-process.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import { sql } from '../platform/database.ts';
import { sendingRoutes } from './index.ts';

let world: TestWorld;
let account: NewAccount;
let dataDir: string;

before(async () => {
  world = await testWorld(new Date().toISOString());
  account = await createTestAccount(world);
  dataDir = mkdtempSync(join(tmpdir(), 'waxwing-kill-'));
});
after(async () => {
  await world.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const program = join(import.meta.dirname, '..', '..', 'test', 'kit', 'submission-process.ts');
const letter = mail('From: care@clinic.example', 'Subject: Hello', '', 'Good day.');
const submission = { from: 'care@clinic.example', to: ['ana@example.org'], subject: 'Hello', text: 'Good day.' };

interface Victim {
  readonly child: ChildProcess;
  readonly smtp: number;
  readonly http: number;
}

async function startVictim(): Promise<Victim> {
  const settings: SubmissionProcessSettings = {
    connectionUrl: world.database.connectionUrl,
    masterKeyHex: world.masterKey.toString('hex'),
    dataDir,
  };
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout }))
    return { child, ...(JSON.parse(line) as { smtp: number; http: number }) };
  throw new Error('the process ended before it listened');
}

/** Sends until the process is gone; the ids that were acknowledged. Killed at the n-th acknowledgement, in the midst of others. */
async function sendUntilKilled(victim: Victim, killAt: number): Promise<string[]> {
  const acknowledged: string[] = [];
  const note = (id: string | undefined): void => {
    if (id === undefined) return;
    acknowledged.push(id);
    if (acknowledged.length === killAt) victim.child.kill('SIGKILL');
  };
  const bySmtp = async (): Promise<void> => {
    const client = await RawClient.signedIn(victim.smtp, account.apiKey);
    while (!client.isClosed) {
      await client.envelope('care@clinic.example', 'ana@example.org');
      note(/^250 2\.0\.0 queued as (\S+)$/.exec(await client.content(letter))?.[1]);
    }
  };
  const byRest = async (): Promise<void> => {
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${victim.http}/v1/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(submission),
      });
      const { id } = (await response.json()) as { id: string };
      if (response.status === 202) note(id);
    }
  };
  await Promise.allSettled([bySmtp(), bySmtp(), bySmtp(), byRest(), byRest()]);
  return acknowledged;
}

test('kill -9 right after a 250 or 202, six rounds: everything acknowledged is there, whole and queued', async () => {
  for (let round = 0; round < 6; round++) {
    const acknowledged = await sendUntilKilled(await startVictim(), 1 + round * 4);
    assert.ok(acknowledged.length > round * 4);
    const stored = new Map((await storedMail(world, account.accountId)).map((one) => [one.id, one]));
    for (const id of acknowledged) assert.equal(stored.get(id)?.recipients[0]?.address, 'ana@example.org', id);
  }
  const stored = await storedMail(world, account.accountId);
  assert.ok(
    stored.every(({ recipients }) => recipients.length === 1),
    'no message without its recipient',
  );
});

test('kill -9 in the midst of a batch of 2,000, then the same request again: each recipient stands in the queue once', async () => {
  const recipients = Array.from({ length: 2_000 }, (_, n) => ({ email: `r${n}@batch.example`, name: `R${n}` }));
  const body = JSON.stringify({ from: 'care@clinic.example', subject: 'Hello', text: 'Dear {{ name }}', recipients });
  const post = (victim: Victim, key: string) =>
    fetch(`http://127.0.0.1:${victim.http}/v1/batches`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json', 'idempotency-key': key },
      },
      body,
    });
  const before = await countMessages(world, account.accountId);
  const first = await startVictim();
  const whole = performance.now();
  assert.equal((await post(first, 'whole')).status, 202);
  const tookMs = performance.now() - whole;
  first.child.kill('SIGKILL');
  for (const part of [0.5, 0.9]) {
    const victim = await startVictim();
    const asked = post(victim, `broken ${part}`).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, tookMs * part));
    victim.child.kill('SIGKILL');
    await asked;
    const next = await startVictim();
    const answers = [await post(next, `broken ${part}`), await post(next, `broken ${part}`)];
    const [one, two] = await Promise.all(answers.map((answer) => answer.text()));
    assert.equal(one, two);
    assert.equal((JSON.parse(one ?? '') as { accepted: number }).accepted, recipients.length);
    next.child.kill('SIGKILL');
  }
  assert.equal(await countMessages(world, account.accountId), before + 3, 'one message for each key');
  const [rows] = await world.db.readAccount(account.accountId, (tx) =>
    tx.query<{ queued: number; addresses: number }>(sql`
      SELECT count(*) AS queued, count(DISTINCT r.address_index) AS addresses
        FROM deliveries d JOIN recipients r ON r.id = d.recipient_id WHERE r.data_sealed IS NOT NULL`),
  );
  assert.deepEqual(rows, { queued: 3 * recipients.length, addresses: recipients.length });
});

test('while the database is away SMTP answers 451 and REST 503, nothing is stored, and both go on when it is back', async () => {
  const { world: fragile, cut, restore, close } = await cuttableWorld(world);
  const server = await startTestSubmission(fragile);
  const api = await startApi(fragile, () => sendingRoutes(fragile, { trackingUrl: 'https://t.clinic.example' }));
  const post = () =>
    fetch(`${api.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(submission),
    });
  assert.equal((await post()).status, 202);
  const client = await RawClient.signedIn(server.port, account.apiKey);
  await client.envelope('care@clinic.example', 'ana@example.org');
  const before = await countMessages(world, account.accountId);
  cut();
  assert.match(await client.content(letter), /^451 4\.3\.0 server\.unavailable /);
  const refused = await post();
  assert.equal(refused.status, 503);
  assert.equal(((await refused.json()) as { code: string }).code, 'server.unavailable');
  const stranger = await RawClient.secure(server.port);
  assert.match(
    await stranger.say(`AUTH PLAIN ${Buffer.from('\0apikey\0wx_other').toString('base64')}`),
    /^454 4\.7\.0 /,
  );
  assert.equal(await countMessages(world, account.accountId), before);
  restore();
  await client.envelope('care@clinic.example', 'ana@example.org');
  assert.match(await client.content(letter), /^250 /);
  assert.equal((await post()).status, 202);
  assert.equal(await countMessages(world, account.accountId), before + 2);
  for (const one of [client, stranger]) one.close();
  await server.close();
  await api.close();
  await close();
});

test('a database that is connected but answers nothing is away as well: 451 in good time, and nothing is stored later', async () => {
  const { world: fragile, freeze, restore, close } = await cuttableWorld(world);
  const server = await startTestSubmission(fragile);
  const client = await RawClient.signedIn(server.port, account.apiKey);
  await client.envelope('care@clinic.example', 'ana@example.org');
  assert.match(await client.content(letter), /^250 /);
  await client.envelope('care@clinic.example', 'ana@example.org');
  const before = await countMessages(world, account.accountId);
  freeze();
  assert.match(await client.content(letter), /^451 4\.3\.0 server\.unavailable /);
  restore();
  await client.envelope('care@clinic.example', 'ana@example.org');
  assert.match(await client.content(letter), /^250 /);
  assert.equal(await countMessages(world, account.accountId), before + 1);
  client.close();
  await server.close();
  await close();
});
