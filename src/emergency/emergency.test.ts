/** Emergency access over real HTTP, on two programs that share a database: what it opens, for whom, how long, and who hears of it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askAt } from '../../test/kit/answer.ts';
import { type Clinic, type Clinics, expect, openClinics, type Staff } from '../../test/kit/clinic.ts';
import type { Person } from '../../test/kit/person.ts';
import { until } from '../../test/kit/tracking.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { endpoints } from '../contract/endpoints.ts';
import { sql } from '../platform/database.ts';

tryStatementsHere(import.meta.filename);

let clinics: Clinics;
before(async () => {
  clinics = await openClinics();
});
after(() => clinics?.close());

const minuteMs = 60_000;
const reason = 'A patient of Dr. Qvist lies unconscious, and her letters must be seen';
const wish = { category: 'treatment', reason };

const open = (person: Person, over: object = {}) => person.ask('POST', '/v1/emergency-accesses', { ...wish, ...over });
const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body?.code];
const statusOf = async (person: Person, path = '/v1/messages'): Promise<number> =>
  (await person.ask('GET', path)).status;

/** The same browser, asking the other program. */
const elsewhere = (person: Person): Pick<Person, 'ask'> => ({
  ask: (method, path, body) =>
    askAt(clinics.otherUrl + path, method, body, { origin: clinics.otherUrl, cookie: person.cookie }),
});

async function send(clinic: Clinic, to: string): Promise<string> {
  const response = await fetch(`${clinics.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clinic.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'care@clinic.example', to: [to], subject: 'Your letter', text: 'Hello' }),
  });
  return ((await response.json()) as { id: string }).id;
}

async function clinicWith(...roles: string[]): Promise<{ clinic: Clinic; staff: Staff[] }> {
  const clinic = await clinics.newClinic();
  const staff: Staff[] = [];
  for (const role of roles) staff.push(await clinic.join(role));
  return { clinic, staff };
}

test('a viewer reads messages under emergency access, and its report lists exactly what was read, with ids and times', async () => {
  const { clinic, staff } = await clinicWith('viewer', 'compliance');
  const [vera, cleo] = staff as [Staff, Staff];
  const [first, second] = [await send(clinic, 'ana@example.org'), await send(clinic, 'ben@example.org')];
  assert.deepEqual(codeOf(await vera.ask('GET', `/v1/messages/${first}`)), [403, 'auth.forbidden']);
  const opened = expect(await open(vera), 201);
  assert.equal(opened.userName, vera.name);
  assert.equal(opened.reason, reason);
  assert.equal(Date.parse(opened.endsAt) - Date.parse(opened.openedAt), 60 * minuteMs);
  clinics.clock.advance(minuteMs);
  expect(await vera.ask('GET', `/v1/messages/${first}`), 200);
  clinics.clock.advance(minuteMs);
  const listed = expect(await vera.ask('GET', '/v1/messages'), 200);
  clinics.clock.advance(minuteMs);
  expect(await vera.ask('GET', '/v1/reports/recipients'), 200);
  clinics.clock.advance(minuteMs);
  expect(await vera.ask('POST', '/v1/emergency-accesses/own/end', {}), 200);
  assert.equal(await statusOf(vera), 403);
  expect(await cleo.ask('GET', `/v1/messages/${second}`), 200); // of somebody else: not in the report
  const report = expect(await cleo.ask('GET', `/v1/emergency-accesses/${opened.id}`), 200);
  const told = report.entries.map((one: { action: string; at: string; messageIds: string[] }) => [
    one.action,
    (Date.parse(one.at) - Date.parse(opened.openedAt)) / minuteMs,
    one.messageIds.toSorted(),
  ]);
  assert.deepEqual(told, [
    ['message.read', 1, [first]],
    ['messages.listed', 2, [first, second].sort()],
    ['recipients.listed', 3, [first, second].sort()],
    ['emergency.ended', 4, []],
  ]);
  assert.equal(listed.messages.length, 2);
  assert.equal(report.endedBy, 'user');
  const file = `/v1/emergency-accesses/${opened.id}/export`;
  clinics.clock.advance(5 * minuteMs); // nothing was proved since
  assert.deepEqual(codeOf(await cleo.ask('GET', file)), [403, 'auth.step_up_needed']);
  await clinics.prove(cleo);
  const csv = await cleo.ask('GET', `${file}?format=csv`);
  assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
  assert.deepEqual(expect(await cleo.ask('GET', `${file}?format=json`), 200).entries, report.entries);
  const lines = csv.text.trim().split('\r\n');
  assert.equal(lines.length, 1 + 1 + 2 + 2 + 1);
  assert.match(lines[1] ?? '', new RegExp(`message.read,message,${first},done,${first}$`));
});

test('nothing opens but what the emergency set names', async () => {
  const { staff } = await clinicWith('viewer');
  const [vera] = staff as [Staff];
  const path = (one: (typeof endpoints)[number]) => one.path.replace(/\{\w+\}/g, () => crypto.randomUUID());
  const isOwnAccess = (one: (typeof endpoints)[number]) => /^\/v1\/(session$|session\/|me\b|sign-in)/.test(one.path);
  const refused = async () => {
    const names: string[] = [];
    for (const one of endpoints.filter((each) => each.open !== true && !isOwnAccess(each))) {
      const body = ['GET', 'DELETE'].includes(one.method) ? undefined : {};
      const answer = await vera.ask(one.method, path(one), body);
      if (answer.body?.code === 'auth.forbidden') names.push(one.name);
    }
    return names;
  };
  const before = await refused();
  assert.ok(before.length > 30, before.join());
  expect(await open(vera), 201);
  const after = new Set(await refused());
  const opened = endpoints.filter(({ name }) => before.includes(name) && !after.has(name));
  for (const name of ['listMessageEvents', 'listMessages', 'listReportRecipients', 'readMessage'])
    assert.ok(
      opened.some((one) => one.name === name),
      name,
    );
  for (const one of opened) assert.deepEqual([one.name, one.method], [one.name, 'GET']);
  for (const name of [
    'createApiKey',
    'inviteUser',
    'eraseMessage',
    'exportAudit',
    'changeEmergencySettings',
    'listUsers',
  ])
    assert.ok(after.has(name), name);
});

test('whoever is narrowed to a department reaches the whole account under it, to read and to nothing else', async () => {
  const { clinic } = await clinicWith();
  const id = await send(clinic, 'ana@example.org');
  const { id: departmentId } = expect(await clinic.owner.ask('POST', '/v1/departments', { name: 'Ward' }), 201);
  await clinics.prove(clinic.owner);
  const cora = await clinic.join('compliance', { departmentId, reach: 'department' });
  expect(await clinic.owner.ask('PATCH', '/v1/emergency-settings', { openers: ['compliance'] }), 200);
  const seen = async () => expect(await cora.ask('GET', '/v1/messages'), 200).messages.length;
  const erase = () => cora.ask('DELETE', `/v1/messages/${id}`);
  assert.deepEqual([await seen(), (await erase()).status], [0, 404]);
  const { id: emergencyId } = expect(await open(cora), 201);
  assert.equal(await seen(), 1);
  expect(await cora.ask('GET', `/v1/messages/${id}`), 200);
  assert.deepEqual(codeOf(await erase()), [404, 'message.not_found']);
  assert.equal((await cora.ask('GET', '/v1/audit/export')).status, 403);
  expect(await cora.ask('POST', '/v1/emergency-accesses/own/end', {}), 200);
  assert.equal(await seen(), 0);
  const { entries } = expect(await clinic.owner.ask('GET', `/v1/emergency-accesses/${emergencyId}`), 200);
  assert.ok(entries.filter((one: { messageIds: string[] }) => one.messageIds.includes(id)).length >= 2);
});

test('only what was asked for is opened', async () => {
  const { staff } = await clinicWith('viewer');
  const [vera] = staff as [Staff];
  assert.deepEqual(codeOf(await open(vera, { permissions: ['keys.manage'] })), [400, 'request.malformed']);
  const { permissions } = expect(await open(vera, { permissions: ['reports.read'] }), 201);
  assert.deepEqual(permissions, ['reports.read']);
  assert.equal(await statusOf(vera), 403);
});

test('a stolen session opens nothing without a fresh proof', async () => {
  const { staff } = await clinicWith('viewer');
  const [vera] = staff as [Staff];
  clinics.clock.advance(6 * minuteMs);
  assert.deepEqual(codeOf(await open(vera)), [403, 'auth.step_up_needed']);
  assert.equal(await statusOf(vera), 403);
  await clinics.prove(vera);
  expect(await open(vera), 201);
  assert.equal(await statusOf(vera), 200);
});

test('keys, installation links and who was narrowed without it open nothing', async () => {
  const { clinic } = await clinicWith();
  const byKey = await fetch(`${clinics.url}/v1/emergency-accesses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clinic.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  });
  const body = (await byKey.json()) as { code: string };
  assert.deepEqual(codeOf({ status: byKey.status, body }), [403, 'emergency.needs_person']);
  assert.deepEqual(codeOf(await open(await clinic.linkHolder())), [403, 'emergency.needs_person']);
  const narrowed = await clinic.join('viewer', { permissions: ['reports.read'] });
  assert.deepEqual(codeOf(await open(narrowed)), [403, 'auth.forbidden']);
  const let1 = await clinic.join('viewer', { permissions: ['emergency.open'] });
  expect(await open(let1), 201);
  assert.equal(await statusOf(let1), 200);
});

test('an account says which roles may open it and for how long, or turns it off', async () => {
  const { clinic, staff } = await clinicWith('viewer', 'compliance', 'admin');
  const [vera, cleo, adam] = staff as [Staff, Staff, Staff];
  const settings = (change: object, by = clinic.owner) => by.ask('PATCH', '/v1/emergency-settings', change);
  assert.deepEqual(expect(await cleo.ask('GET', '/v1/emergency-settings'), 200), {
    openers: ['sender', 'viewer', 'admin'],
    maxMinutes: 240,
  });
  assert.deepEqual(codeOf(await open(cleo)), [403, 'emergency.not_allowed']);
  assert.deepEqual(codeOf(await settings({ openers: [] }, vera)), [403, 'auth.forbidden']);
  await clinics.prove(clinic.owner);
  expect(await settings({ maxMinutes: 20 }), 200);
  const tooLong = await open(vera, { minutes: 21 });
  assert.deepEqual(codeOf(tooLong), [400, 'request.malformed']);
  assert.equal(tooLong.body.errors[0].field, 'minutes');
  for (const over of [{ minutes: 14 }, { minutes: 241 }, { reason: 'too short' }, { category: 'because' }])
    assert.deepEqual(codeOf(await open(vera, over)), [400, 'request.malformed']);
  const own = expect(await vera.ask('GET', '/v1/emergency-accesses/own'), 200);
  assert.deepEqual([own.mayOpen, own.maxMinutes, own.current, own.toReview], [true, 20, null, null]);
  const { openedAt, endsAt } = expect(await open(vera), 201);
  assert.equal(Date.parse(endsAt) - Date.parse(openedAt), 20 * minuteMs);
  expect(await settings({ openers: [] }), 200);
  await clinics.prove(adam);
  assert.deepEqual(codeOf(await open(adam)), [403, 'emergency.not_allowed']);
  assert.equal(expect(await adam.ask('GET', '/v1/emergency-accesses/own'), 200).mayOpen, false);
  assert.equal(await statusOf(vera), 200, 'what is open stays open until it ends');
});

test('it ends at its minute on both programs, and the log says so', async () => {
  const { clinic, staff } = await clinicWith('viewer');
  const [vera] = staff as [Staff];
  const { id, endsAt } = expect(await open(vera, { minutes: 15 }), 201);
  await until(async () => (await elsewhere(vera).ask('GET', '/v1/messages')).status === 200, 'the other program heard');
  clinics.clock.set(new Date(Date.parse(endsAt) - 1));
  assert.deepEqual([await statusOf(vera), (await elsewhere(vera).ask('GET', '/v1/messages')).status], [200, 200]);
  clinics.clock.set(endsAt);
  assert.deepEqual([await statusOf(vera), (await elsewhere(vera).ask('GET', '/v1/messages')).status], [403, 403]);
  assert.equal(await statusOf(vera, '/v1/reports/engagement'), 200, 'what the role allows goes on');
  assert.deepEqual(codeOf(await vera.ask('POST', '/v1/emergency-accesses/own/end', {})), [409, 'emergency.not_open']);
  await until(async () => (await endings(clinic, id)).length > 0, 'the end is written down');
  assert.deepEqual(await endings(clinic, id), [{ by: 'time' }]);
  await clinics.prove(vera);
  expect(await open(vera), 201);
});

const endings = (clinic: Clinic, id: string): Promise<object[]> =>
  clinics.programs[0].world.db.readAccount(clinic.accountId, async (tx) => {
    const rows = await tx.query<{ detail: object }>(
      sql`SELECT detail FROM audit_entries WHERE action = 'emergency.ended' AND object_id = ${id} ORDER BY id`,
    );
    return rows.map(({ detail }) => detail);
  });

test('compliance ends it, and the other program hears of it within seconds', async () => {
  const { clinic, staff } = await clinicWith('viewer', 'compliance');
  const [vera, cleo] = staff as [Staff, Staff];
  const { id } = expect(await open(vera), 201);
  await until(async () => (await elsewhere(vera).ask('GET', '/v1/messages')).status === 200, 'the other program heard');
  assert.deepEqual(codeOf(await vera.ask('POST', `/v1/emergency-accesses/${id}/end`, {})), [403, 'auth.forbidden']);
  expect(await cleo.ask('POST', `/v1/emergency-accesses/${id}/end`, {}), 200);
  assert.equal(await statusOf(vera), 403);
  await until(async () => (await elsewhere(vera).ask('GET', '/v1/messages')).status === 403, 'it ended everywhere');
  assert.deepEqual(codeOf(await cleo.ask('POST', `/v1/emergency-accesses/${id}/end`, {})), [409, 'emergency.not_open']);
  const { id: second } = expect(await open(vera), 201);
  expect(await clinic.owner.ask('POST', `/v1/emergency-accesses/${second}/end`, {}), 200);
  assert.deepEqual(await endings(clinic, second), [{ by: 'reviewer' }]);
});

test('it holds for one session, and ends with it', async () => {
  const { clinic, staff } = await clinicWith('viewer');
  const [vera] = staff as [Staff];
  const other = await clinics.signIn(vera);
  const { id } = expect(await open(vera), 201);
  assert.deepEqual([await statusOf(vera), await statusOf(other)], [200, 403]);
  assert.equal(expect(await other.ask('GET', '/v1/emergency-accesses/own'), 200).current, null);
  assert.equal(expect(await vera.ask('GET', '/v1/emergency-accesses/own'), 200).current.id, id);
  expect(await vera.ask('DELETE', '/v1/session'), 204);
  await until(async () => (await endings(clinic, id)).length > 0, 'the end is written down');
  assert.deepEqual(await endings(clinic, id), [{ by: 'session' }]);
});

test('a session that was just ended elsewhere opens nothing, although the gate still knows it', async () => {
  const { clinic, staff } = await clinicWith('viewer', 'admin');
  const [vera, adam] = staff as [Staff, Staff];
  assert.equal((await elsewhere(vera).ask('GET', '/v1/session')).status, 200);
  const { sessions } = expect(await adam.ask('GET', '/v1/sessions'), 200);
  const hers = sessions.find((one: { userId: string }) => one.userId === vera.id);
  expect(await adam.ask('DELETE', `/v1/sessions/${hers.id}`), 204);
  const answer = await elsewhere(vera).ask('POST', '/v1/emergency-accesses', wish);
  assert.deepEqual(codeOf(answer), [401, 'auth.invalid']);
  assert.deepEqual(expect(await clinic.owner.ask('GET', '/v1/emergency-accesses'), 200).emergencies, []);
});

test('of two that are opened at once in one session one is', async () => {
  const { staff } = await clinicWith('viewer');
  const [vera] = staff as [Staff];
  const answers = await Promise.all([open(vera), elsewhere(vera).ask('POST', '/v1/emergency-accesses', wish)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
  assert.ok(answers.some(({ body }) => body.code === 'emergency.open_already'));
});

test('somebody else reviews it once, when it is over, and never whoever opened it', async () => {
  const { clinic, staff } = await clinicWith('compliance', 'compliance');
  const [cleo, carl] = staff as [Staff, Staff];
  await clinics.prove(clinic.owner);
  expect(await clinic.owner.ask('PATCH', '/v1/emergency-settings', { openers: ['compliance'] }), 200);
  await clinics.prove(cleo);
  const { id } = expect(await open(cleo), 201);
  const review = (by: Pick<Person, 'ask'>, note = 'Dr. Qvist confirms it') =>
    by.ask('POST', `/v1/emergency-accesses/${id}/review`, { outcome: 'justified', note });
  assert.deepEqual(codeOf(await review(carl)), [409, 'emergency.still_open']);
  expect(await cleo.ask('POST', '/v1/emergency-accesses/own/end', {}), 200);
  assert.deepEqual(codeOf(await review(cleo)), [403, 'emergency.own']);
  assert.deepEqual(codeOf(await review(await clinics.signIn(cleo))), [403, 'emergency.own']);
  assert.deepEqual(codeOf(await review(await clinic.linkHolder())), [403, 'emergency.needs_person']);
  assert.equal(expect(await cleo.ask('GET', '/v1/emergency-accesses/own'), 200).toReview, 0);
  assert.equal(expect(await carl.ask('GET', '/v1/emergency-accesses/own'), 200).toReview, 1);
  const both = await Promise.all([review(carl), review(elsewhere(clinic.owner))]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
  assert.ok(both.some(({ body }) => body.code === 'emergency.reviewed_already'));
  const { emergencies } = expect(await cleo.ask('GET', '/v1/emergency-accesses'), 200);
  assert.equal(emergencies[0].review.outcome, 'justified');
  assert.equal(emergencies[0].review.note, 'Dr. Qvist confirms it');
  assert.ok([carl.name, clinic.owner.name].includes(emergencies[0].review.byName));
});

test('those that wait for a review come first, and no other account sees any', async () => {
  const { clinic, staff } = await clinicWith('viewer', 'compliance');
  const [vera, cleo] = staff as [Staff, Staff];
  const ids: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    clinics.clock.advance(1_000);
    ids.push(expect(await open(vera), 201).id);
    expect(await vera.ask('POST', '/v1/emergency-accesses/own/end', {}), 200);
  }
  const review = { outcome: 'not_justified', note: 'Ask her first' };
  expect(await cleo.ask('POST', `/v1/emergency-accesses/${ids[2]}/review`, review), 200);
  const listed = expect(await clinic.owner.ask('GET', '/v1/emergency-accesses'), 200).emergencies;
  assert.deepEqual(
    listed.map((one: { id: string }) => one.id),
    [ids[1], ids[0], ids[2]],
  );
  const { owner: stranger } = await clinics.newClinic();
  assert.deepEqual(expect(await stranger.ask('GET', '/v1/emergency-accesses'), 200).emergencies, []);
  for (const [method, action, body] of [
    ['GET', '', undefined],
    ['POST', '/end', {}],
    ['POST', '/review', review],
  ] as const) {
    const answer = await stranger.ask(method, `/v1/emergency-accesses/${ids[0]}${action}`, body);
    assert.deepEqual(codeOf(answer), [404, 'emergency.not_found']);
  }
});

test('an alert is raised when it opens, and every day that nobody has reviewed it', async () => {
  const { staff } = await clinicWith('viewer', 'compliance');
  const [vera, cleo] = staff as [Staff, Staff];
  const { id } = expect(await open(vera, { minutes: 15 }), 201);
  const raised = async (): Promise<string[]> => {
    const { alerts } = expect(await cleo.ask('GET', '/v1/alerts'), 200);
    return alerts
      .filter((one: { emergencyId: string }) => one.emergencyId === id)
      .map((one: { what: string }) => one.what);
  };
  assert.deepEqual(await raised(), ['emergency_opened']);
  clinics.clock.advance(24 * 60 * minuteMs - minuteMs);
  await clinics.signIn(cleo).then((person) => Object.assign(cleo, { cookie: person.cookie }));
  assert.deepEqual(await raised(), ['emergency_opened']);
  clinics.clock.advance(minuteMs);
  await until(async () => (await raised()).length === 2, 'the first reminder');
  clinics.clock.advance(12 * 60 * minuteMs);
  await clinics.signIn(cleo).then((person) => Object.assign(cleo, { cookie: person.cookie }));
  clinics.clock.advance(12 * 60 * minuteMs);
  await until(async () => (await raised()).length === 3, 'the second reminder');
  assert.deepEqual((await raised()).slice(0, 2), ['emergency_unreviewed', 'emergency_unreviewed']);
  expect(await cleo.ask('POST', `/v1/emergency-accesses/${id}/review`, { outcome: 'justified', note: 'Yes' }), 200);
});

test('reasons and notes are sealed, and the log of the program knows nothing of them', async () => {
  const { clinic, staff } = await clinicWith('viewer');
  const [vera] = staff as [Staff];
  const { id } = expect(await open(vera), 201);
  const rows = await clinics.programs[0].world.db.readAccount(clinic.accountId, (tx) =>
    tx.query<{ sealed: Buffer; detail: object }>(sql`
      SELECT e.reason_sealed AS sealed, a.detail FROM emergency_accesses e
        JOIN audit_entries a ON a.object_id = e.id::text AND a.action = 'emergency.opened' WHERE e.id = ${id}`),
  );
  assert.equal(rows.length, 1);
  assert.ok(!rows[0]?.sealed.includes('Qvist'));
  assert.deepEqual(rows[0]?.detail, {
    category: 'treatment',
    minutes: 60,
    permissions: ['messages.read', 'reports.read', 'settings.read'],
  });
  for (const line of clinics.logLines) assert.doesNotMatch(line, /Qvist|@example\.org/);
});
