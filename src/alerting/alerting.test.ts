/** Alerts that reach people, over real HTTP and SMTP, on two programs that share a database: to whom, once, within limits. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Clinic, type Clinics, expect, openClinics, type Staff } from '../../test/kit/clinic.ts';
import type { Person } from '../../test/kit/person.ts';
import { until } from '../../test/kit/tracking.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { raiseAlert } from '../accounts/index.ts';
import { sql } from '../platform/database.ts';
import { openDesk } from '../sending/index.ts';
import { sendDueMails } from './send-mails.ts';
import { tellPeople } from './worker.ts';

tryStatementsHere(import.meta.filename);

let clinics: Clinics;
before(async () => {
  clinics = await openClinics();
});
after(() => clinics?.close());

const minuteMs = 60_000;
/** Of a busy machine, with two programs and their loops. */
const patienceMs = 60_000;
const from = 'alerts@clinic.example';
const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body?.code];

async function mailingClinic(settings: object = {}): Promise<Clinic> {
  const clinic = await clinics.newClinic();
  await clinics.prove(clinic.owner);
  const body = { alertFrom: from, ...settings };
  assert.equal(expect(await clinic.owner.ask('PATCH', '/v1/alert-settings', body), 200).alertFrom, from);
  return clinic;
}

const mailsTo = (staff: Staff): string[] => clinics.sink.of(staff.email).map(({ bytes }) => bytes.toString());

/** Nothing waits any more: neither alerts nor mails that could go now. */
async function settle(clinic: Clinic): Promise<void> {
  const { db } = clinics.programs[0].world;
  const countOpen = async (): Promise<number> => {
    const [row] = await db.readAccount(clinic.accountId, (tx) =>
      tx.query<{ open: number }>(sql`
        SELECT (SELECT count(*) FROM alerts_waiting)
             + (SELECT count(*) FROM alert_mails WHERE accepted_at IS NULL AND given_up_at IS NULL AND tries = 0)
             + (SELECT count(*) FROM deliveries) AS open`),
    );
    return row?.open ?? -1;
  };
  await until(async () => (await countOpen()) === 0, 'nothing waits');
}

const raise = (clinic: Clinic, what: 'unusual_sign_in' | 'emergency_opened', staff: Staff): Promise<unknown> =>
  clinics.programs[0].world.db.asAccount(clinic.accountId, (tx) =>
    raiseAlert(tx, { at: clinics.clock.now(), what, userId: staff.id, detail: {} }),
  );

const chrome = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36';

test('an unusual sign-in is mailed once to whoever it is about and once to each owner, and names nobody', async () => {
  const clinic = await mailingClinic();
  const vera = await clinic.join('viewer');
  const cleo = await clinic.join('compliance');
  await settle(clinic);
  const before = [vera, clinic.owner, cleo].map((one) => mailsTo(one).length);
  await clinics.signIn(vera, { agent: chrome });
  await until(async () => mailsTo(vera).length === 1, 'the mail arrives');
  await settle(clinic);
  const after = [vera, clinic.owner, cleo].map((one) => mailsTo(one).length);
  assert.deepEqual(
    after.map((count, index) => count - (before[index] ?? 0)),
    [1, 1, 0],
  );
  const [own = ''] = mailsTo(vera);
  assert.match(own, /^Subject: Waxwing: a sign-in from a new place\r$/m);
  assert.match(own, /^From: alerts@clinic\.example\r$/m);
  assert.match(own, /^Auto-Submitted: auto-generated\r$/m);
  assert.match(own, /^Content-Type: text\/plain/m);
  const told = mailsTo(clinic.owner).at(-1) ?? '';
  for (const text of [own, told]) {
    for (const secret of [vera.name, clinic.owner.name, 'Example Clinic', vera.address, 'Chrome', 'Windows'])
      assert.ok(!text.includes(secret), secret);
    assert.doesNotMatch(text, /\/[oc]\/[\w-]{20,}|<img/);
  }
  assert.ok(!told.includes(vera.email) && !own.includes(clinic.owner.email));
});

test('emergency access is mailed to compliance, and to the owners where there is none', async () => {
  const clinic = await mailingClinic();
  const vera = await clinic.join('viewer');
  await settle(clinic);
  const open = () =>
    vera.ask('POST', '/v1/emergency-accesses', { category: 'safety', reason: 'Nobody else is here tonight' });
  const ofEmergency = (one: Staff): string[] =>
    mailsTo(one).filter((text) => text.includes('emergency access was opened'));
  expect(await open(), 201);
  await until(async () => ofEmergency(clinic.owner).length === 1, 'the owner is told');
  assert.ok(!ofEmergency(clinic.owner)[0]?.includes('Nobody else'));
  const cleo = await clinic.join('compliance');
  expect(await vera.ask('POST', '/v1/emergency-accesses/own/end', {}), 200);
  expect(await open(), 201);
  await until(async () => ofEmergency(cleo).length === 1, 'compliance is told');
  await settle(clinic);
  assert.deepEqual([ofEmergency(clinic.owner).length, ofEmergency(vera).length], [1, 0]);
});

test('beyond the limit comes one summary, then nothing for an hour', async () => {
  const clinic = await mailingClinic({ maxPerHour: 2 });
  const cleo = await clinic.join('compliance');
  const vera = await clinic.join('viewer');
  await settle(clinic);
  clinics.clock.advance(61 * minuteMs);
  const subjects = (): string[] => mailsTo(cleo).map((text) => /^Subject: (.*)\r$/m.exec(text)?.[1] ?? '');
  for (let round = 0; round < 5; round += 1) await raise(clinic, 'emergency_opened', vera);
  await until(async () => subjects().length >= 3, 'the summary arrives');
  await settle(clinic);
  const many = subjects();
  assert.equal(many.length, 3, many.join());
  assert.equal(many.filter((subject) => /^Waxwing: [123] more alerts?$/.test(subject)).length, 1, many.join());
  await raise(clinic, 'emergency_opened', vera);
  await tellPeople({ world: clinics.programs[0].world, desk: deskOf(0), consoleUrl: null });
  await settle(clinic);
  assert.equal(subjects().length, 3, 'held until the summary is an hour old');
  clinics.clock.advance(61 * minuteMs);
  const told = (): number => subjects().reduce((sum, subject) => sum + Number(/(\d+) more/.exec(subject)?.[1] ?? 1), 0);
  await until(async () => told() >= 6, 'then it comes');
  await settle(clinic);
  assert.equal(told(), 6, 'every alert was told exactly once');
});

const deskOf = (index: 0 | 1) => {
  const { world, trackingUrl } = clinics.programs[index];
  return openDesk(world, { trackingUrl });
};

test('a mail whose acceptance nobody lived to note is not sent twice, however many try', async () => {
  const clinic = await mailingClinic();
  const [cleo, vera] = [await clinic.join('compliance'), await clinic.join('viewer')];
  await settle(clinic);
  await raise(clinic, 'emergency_opened', vera);
  await until(async () => mailsTo(cleo).length === 1, 'the mail arrives');
  await settle(clinic);
  const { db } = clinics.programs[0].world;
  await db.asAccount(clinic.accountId, (tx) => tx.query(sql`UPDATE alert_mails SET accepted_at = NULL`));
  await Promise.all(
    ([0, 1, 0, 1] as const).map((index) => {
      const needs = { world: clinics.programs[index].world, desk: deskOf(index), consoleUrl: null };
      return sendDueMails(needs, clinic.accountId);
    }),
  );
  await settle(clinic);
  assert.equal(mailsTo(cleo).length, 1);
  const [row] = await db.readAccount(clinic.accountId, (tx) =>
    tx.query<{ messages: number }>(sql`SELECT count(*)::int AS messages FROM messages`),
  );
  const [mails] = await db.readAccount(clinic.accountId, (tx) =>
    tx.query<{ mails: number }>(sql`SELECT count(*)::int AS mails FROM alert_mails`),
  );
  assert.equal(row?.messages, mails?.mails);
});

test('what is not taken is tried again, and the settings tell why', async () => {
  const clinic = await mailingClinic();
  const [cleo, vera] = [await clinic.join('compliance'), await clinic.join('viewer')];
  await settle(clinic);
  const verified = (isOn: boolean) =>
    clinic.owner.ask('PATCH', '/v1/settings/outbound', { requireVerifiedSender: isOn });
  expect(await verified(true), 200);
  await raise(clinic, 'emergency_opened', vera);
  const trouble = async () => expect(await clinic.owner.ask('GET', '/v1/alert-settings'), 200).lastTrouble;
  await until(async () => (await trouble()) !== null, 'the trouble shows', patienceMs);
  assert.equal((await trouble()).code, 'sender.not_verified');
  assert.equal(mailsTo(cleo).length, 0);
  expect(await verified(false), 200);
  clinics.clock.advance(10 * minuteMs);
  await until(async () => mailsTo(cleo).length === 1, 'the mail arrives', patienceMs);
  await until(async () => (await trouble()) === null, 'the trouble is over', patienceMs);
});

test('without a sender alerts show in the console only, and are not mailed later', async () => {
  const clinic = await clinics.newClinic();
  const [cleo, vera] = [await clinic.join('compliance'), await clinic.join('viewer')];
  assert.equal(expect(await cleo.ask('GET', '/v1/alert-settings'), 200).alertFrom, null);
  await raise(clinic, 'emergency_opened', vera);
  await settle(clinic);
  const { alerts } = expect(await cleo.ask('GET', '/v1/alerts'), 200);
  assert.equal(alerts[0].what, 'emergency_opened');
  await clinics.prove(clinic.owner);
  expect(await clinic.owner.ask('PATCH', '/v1/alert-settings', { alertFrom: from }), 200);
  await raise(clinic, 'emergency_opened', vera);
  await until(async () => mailsTo(cleo).length === 1, 'the later one is mailed');
  await settle(clinic);
  assert.equal(mailsTo(cleo).length, 1);
});

test('only who may change settings says from where alerts come, with a fresh proof and a real address', async () => {
  const clinic = await clinics.newClinic();
  const vera = await clinic.join('viewer');
  const change = (by: Person, body: object) => by.ask('PATCH', '/v1/alert-settings', body);
  assert.deepEqual(codeOf(await change(vera, { alertFrom: null })), [403, 'auth.forbidden']);
  clinics.clock.advance(6 * minuteMs);
  assert.deepEqual(codeOf(await change(clinic.owner, { alertFrom: from })), [403, 'auth.step_up_needed']);
  await clinics.prove(clinic.owner);
  for (const body of [
    { alertFrom: 'not an address' },
    { alertFrom: `a@b.example\r\nBcc: x@y.example` },
    { maxPerHour: 0 },
  ])
    assert.deepEqual(codeOf(await change(clinic.owner, body)), [400, 'request.malformed']);
  expect(await change(clinic.owner, { alertFrom: from, maxPerHour: 5 }), 200);
  const { alertFrom, maxPerHour } = expect(await change(clinic.owner, { alertFrom: null }), 200);
  assert.deepEqual([alertFrom, maxPerHour], [null, 5]);
});

test('an alert is acknowledged once, by whoever was first, and by nobody of another account', async () => {
  const clinic = await clinics.newClinic();
  const [cleo, vera] = [await clinic.join('compliance'), await clinic.join('viewer')];
  await raise(clinic, 'emergency_opened', vera);
  const alertOf = async (staff: Staff) =>
    expect(await clinic.owner.ask('GET', '/v1/alerts'), 200).alerts.find(
      (one: { userId: string; what: string }) => one.userId === staff.id && one.what === 'emergency_opened',
    );
  const { id, acknowledgedAt } = await alertOf(vera);
  assert.equal(acknowledgedAt, null);
  const acknowledge = (by: Person, alertId = id) => by.ask('POST', `/v1/alerts/${alertId}/acknowledgement`, {});
  assert.deepEqual(codeOf(await acknowledge(vera)), [403, 'auth.forbidden']);
  await raise(clinic, 'emergency_opened', cleo);
  assert.deepEqual(codeOf(await acknowledge(cleo, (await alertOf(cleo)).id)), [403, 'emergency.own']);
  const { owner: stranger } = await clinics.newClinic();
  assert.deepEqual(codeOf(await acknowledge(stranger)), [404, 'alert.not_found']);
  assert.deepEqual(codeOf(await acknowledge(cleo, crypto.randomUUID())), [404, 'alert.not_found']);
  await Promise.all([acknowledge(cleo), acknowledge(cleo)]);
  clinics.clock.advance(minuteMs);
  expect(await acknowledge(clinic.owner), 204);
  const seen = await alertOf(vera);
  assert.equal(seen.acknowledgedBy, cleo.id);
  const entries = await clinics.programs[0].world.db.readAccount(clinic.accountId, (tx) =>
    tx.query<{ actor: string }>(
      sql`SELECT actor_id AS actor FROM audit_entries WHERE action = 'alert.acknowledged' AND object_id = ${id}`,
    ),
  );
  assert.deepEqual(entries, [{ actor: cleo.id }]);
});

test('nothing of people or senders stands in the log of the programs', () => {
  assert.ok(clinics.logLines.length > 0);
  for (const line of clinics.logLines) assert.doesNotMatch(line, /@example\.org|alerts@clinic|Person\d/);
});
