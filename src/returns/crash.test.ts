import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import type { IntakeProcessSettings } from '../../test/kit/intake-process.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { foldOnce } from '../events/index.ts';
import { sql } from '../platform/database.ts';
import { returnPathOf } from '../suppressions/index.ts';

const domain = 'bounces.clinic.example';
const program = join(import.meta.dirname, '..', '..', 'test', 'kit', 'intake-process.ts');
const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-returns-crash-'));
const people = 120;
const clientsAtOnce = 6;
const patienceMs = 90_000;

let world: TestWorld;
let accountId: string;
const children: ChildProcess[] = [];

before(async () => {
  world = await testWorld(new Date().toISOString());
  accountId = (await createTestAccount(world)).accountId;
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Intake {
  readonly port: number;
  readonly kill: () => Promise<void>;
}

async function startProcess(): Promise<Intake> {
  const settings: IntakeProcessSettings = {
    connectionUrl: world.database.connectionUrl,
    masterKeyHex: world.masterKey.toString('hex'),
    ...{ dataDir, domain },
  };
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return {
    port: (JSON.parse(line) as { port: number }).port,
    async kill() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** People whose copies went out: their return addresses, by recipient. */
async function sentCopies(): Promise<ReadonlyMap<string, string>> {
  const to = Array.from({ length: people }, (_, n) => `person${n}@example.org`);
  const { messageId } = await queueMessage(world, { accountId, octets: 'Subject: x\r\n\r\nA letter.\r\n', to });
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  await owner.query('DELETE FROM deliveries');
  await owner.end();
  const rows = await world.db.asAccount(accountId, (tx) =>
    tx.query<{ id: string; handle: Buffer }>(sql`SELECT id, handle FROM recipients WHERE message_id = ${messageId}`),
  );
  const addressOf = returnPathOf(world.vault, domain);
  return new Map(rows.map(({ id, handle }) => [id, addressOf(handle)]));
}

const bounce = (returnPath: string): string =>
  [
    'From: MAILER-DAEMON@mx.example',
    `To: ${returnPath}`,
    'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
    '',
    '--x',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    '',
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: smtp; 550 5.1.1 User unknown',
    '--x--',
    '',
  ].join('\r\n');

/** As mail servers do: what was not answered with 250 is sent again, until it is. */
async function giveBackAll(paths: ReadonlyMap<string, string>, port: () => number, answered: Set<string>) {
  const waiting = [...paths];
  const deadline = Date.now() + patienceMs;
  const client = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [recipientId, path] = next;
      const transport = createTransport({ host: '127.0.0.1', port: port(), ignoreTLS: true });
      const reply = await transport
        .sendMail({ envelope: { from: '', to: [path] }, raw: bounce(path) })
        .catch(() => undefined);
      transport.close();
      if (reply?.response.startsWith('250 ')) answered.add(recipientId);
      else {
        assert.ok(Date.now() < deadline, 'not everything was taken');
        waiting.push(next);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  await Promise.all(Array.from({ length: clientsAtOnce }, client));
}

async function bouncedNow(): Promise<ReadonlySet<string>> {
  const rows = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ id: string }>(sql`SELECT recipient_id AS id FROM recipient_states WHERE status = 'bounced'`),
  );
  return new Set(rows.map(({ id }) => id));
}

test('kill -9 while bounces come in loses none that was answered with 250, and none is counted twice', async () => {
  const paths = await sentCopies();
  const answered = new Set<string>();
  let intake = await startProcess();
  const giving = giveBackAll(paths, () => intake.port, answered);
  for (const reached of [20, 60]) {
    for (const deadline = Date.now() + patienceMs; answered.size < reached && Date.now() < deadline; )
      await new Promise((resolve) => setTimeout(resolve, 2));
    assert.ok(answered.size < people, 'bounces still come in');
    await intake.kill();
    const [promised, kept] = [[...answered], await bouncedNow()];
    assert.deepEqual(
      promised.filter((id) => !kept.has(id)),
      [],
    );
    intake = await startProcess();
  }
  await giving;
  assert.deepEqual([answered.size, (await bouncedNow()).size], [people, people]);
  const reports = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM returned_mail`),
  );
  assert.equal(reports[0]?.n, people);
  await foldOnce(world);
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);
});
