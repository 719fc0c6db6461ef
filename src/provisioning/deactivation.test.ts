/** Deactivation by a directory, on two whole programs over one database: what somebody holds ends in both of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import type { Answer } from '../../test/kit/answer.ts';
import { openTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { patching, userSchema } from '../../test/kit/directory.ts';
import { acceptByPassword, codeOf, type Person, personAt } from '../../test/kit/person.ts';
import { mail, RawClient } from '../../test/kit/submission.ts';
import { until } from '../../test/kit/tracking.ts';
import { createAccount } from '../accounts/index.ts';
import { readConfig } from '../config.ts';
import { type Program, startProgram } from '../main.ts';
import { systemClock } from '../platform/world.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-deactivation-'));
const password = 'a long walk by the lake';
const email = 'ana@clinic.example';
/** What the promise is; what was measured is a few seconds. */
const withinMs = 60_000;
let database: TestDatabase;
const programs: Program[] = [];
let ownerKey = '';
let directoryKey = '';

before(async () => {
  database = await openTestDatabase();
  for (const name of ['one', 'two']) programs.push(await start(name));
  const [first] = programs;
  assert.ok(first);
  await Promise.all(programs.map((one) => one.ready));
  const actor = { kind: 'system', id: 'test' } as const;
  ownerKey = (await createAccount(first.world, { name: 'Clinic', actor })).apiKey;
  const wish = { name: 'Directory', permissions: ['people.provision'] };
  directoryKey = (await api(0, ownerKey, 'POST', '/v1/api-keys', wish)).body.secret;
});
after(async () => {
  for (const program of programs) await program.close();
  await database?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function start(name: string): Promise<Program> {
  const { config } = readConfig({
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: join(dataDir, name),
    WAXWING_KEY_FILE: join(dataDir, 'master.key'),
    WAXWING_HTTP_PORT: '0',
    WAXWING_TRACKING_PORT: '0',
    WAXWING_SMTP_PORT: '0',
    WAXWING_SMARTHOST: 'smtp://127.0.0.1:9',
    WAXWING_NETWORKS_REFRESH_HOURS: 'off',
    WAXWING_TRUSTED_PROXIES: '127.0.0.1/32',
  });
  return startProgram(config, { clock: systemClock, log: pino({ level: 'silent' }) });
}

const urlOf = (at: number): string => `http://127.0.0.1:${programs[at]?.ports.http}`;

async function api(
  at: number,
  key: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Pick<Answer, 'status' | 'body'>> {
  const response = await fetch(urlOf(at) + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

const setActive = (id: string, value: boolean) =>
  api(0, directoryKey, 'PATCH', `/scim/v2/Users/${id}`, patching({ op: 'replace', path: 'active', value }));

/** Signed in at one program, known to the other. */
async function signInAs(link: string): Promise<{ one: Person; other: Person; secret: string }> {
  const one = personAt(urlOf(1));
  const { secret } = await acceptByPassword(one, link, password, systemClock);
  const other = personAt(urlOf(0));
  other.cookie = one.cookie;
  return { one, other, secret };
}

test('a session, an API key and an open SMTP session end in every process, and old ones stay dead when they come back', async () => {
  const made = await api(0, directoryKey, 'POST', '/scim/v2/Users', { schemas: [userSchema], userName: email });
  const { id } = made.body;
  await api(0, ownerKey, 'PATCH', `/v1/users/${id}`, { role: 'owner' });
  const boss = { email: 'boss@clinic.example', name: 'Boss', role: 'owner' };
  const invited = await api(0, ownerKey, 'POST', '/v1/users', boss);
  await acceptByPassword(personAt(urlOf(0)), invited.body.invitation.link, password, systemClock);
  const { link } = (await api(0, ownerKey, 'POST', `/v1/users/${id}/invitation`, {})).body;
  const { one, other, secret } = await signInAs(link);
  const key = (await one.ask('POST', '/v1/api-keys', { name: 'Mine' })).body.secret;
  const [idle, midway] = await Promise.all([0, 1].map(() => RawClient.signedIn(programs[1]?.ports.smtp ?? 0, key)));
  assert.ok(idle && midway);
  assert.match(await idle.say('MAIL FROM:<care@clinic.example>'), /^250 /);
  await idle.say('RSET');
  await midway.envelope('care@clinic.example', 'bo@example.org');
  for (const person of [one, other]) assert.equal((await person.ask('GET', '/v1/me')).status, 200);
  for (const at of [0, 1]) assert.equal((await api(at, key, 'GET', '/v1/users')).status, 200);

  const startedAt = performance.now();
  assert.equal((await setActive(id, false)).body.active, false);
  await until(
    async () => {
      const sessions = await Promise.all([one, other].map((person) => person.ask('GET', '/v1/me')));
      const keys = await Promise.all([0, 1].map((at) => api(at, key, 'GET', '/v1/users')));
      return [...sessions, ...keys].every(({ status }) => status === 401);
    },
    'sessions and keys end everywhere',
    withinMs,
  );
  await until(
    async () => (await idle.say('MAIL FROM:<care@clinic.example>')).startsWith('530 5.7.0'),
    'the open SMTP session is refused its next message',
    withinMs - (performance.now() - startedAt),
  );
  assert.match(await midway.content(mail('From: care@clinic.example', '', 'late')), /^530 5\.7\.0 /);
  assert.ok(performance.now() - startedAt < withinMs);
  for (const client of [idle, midway]) client.close();

  assert.equal((await setActive(id, true)).body.active, true);
  for (const person of [one, other]) assert.equal((await person.ask('GET', '/v1/me')).status, 401);
  for (const at of [0, 1]) assert.equal((await api(at, key, 'GET', '/v1/users')).status, 401);
  const code = codeOf(secret, systemClock);
  const again = await personAt(urlOf(0)).ask('POST', '/v1/sign-in/password', { email, password, code });
  assert.equal(again.body.code, 'auth.credentials_invalid', 'nothing that they signed in with works again');
  const fresh = (await api(0, ownerKey, 'POST', `/v1/users/${id}/invitation`, {})).body.link;
  const back = await signInAs(fresh);
  assert.equal((await back.one.ask('GET', '/v1/me')).status, 200);
});

test('a bearer is asked for: a session provisions nobody, whoever’s it is', async () => {
  const link = (await programs[0]?.signInLink()) ?? '';
  const person = personAt(urlOf(0));
  await person.ask('POST', '/v1/session', { token: link.split('#token=')[1] ?? '' });
  assert.equal((await person.ask('GET', '/v1/me')).status, 409);
  const { status, body } = await person.ask('GET', '/scim/v2/Users');
  assert.equal(`${status} ${body.code}`, '403 auth.forbidden');
});
