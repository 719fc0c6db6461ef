/** Every route of the whole program, asked by people who may not: no key, a wrong one, another account's, another site. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { createAccount, listAccounts, raiseAlert } from '../src/accounts/index.ts';
import { readConfig } from '../src/config.ts';
import type { Endpoint } from '../src/contract/endpoint.ts';
import { endpoints } from '../src/contract/endpoints.ts';
import { type Program, startProgram } from '../src/main.ts';
import { sql } from '../src/platform/database.ts';
import { systemClock } from '../src/platform/world.ts';
import { openTestDatabase, type TestDatabase } from './kit/database.ts';
import { writtenReport } from './kit/tls-report.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-security-'));
const logLines: string[] = [];
let database: TestDatabase;
let program: Program;
let url: string;
/** `aside`: of their account, bound to a department that nothing of what is looked for belongs to. */
const keys = { mine: '', theirs: '', aside: '' };
const theirMessage = { id: '', recipientId: '' };
let theirKeyId = '';
let theirConnectionId = '';
let theirUserId = '';
let theirDepartmentId = '';
let theirSessionId = '';
let theirGroupId = '';
let theirAlertId = '';
let theirEmergencyId = '';
let theirHoldId = '';
let theirSignOnId = '';
let theirRouteId = '';
let theirWebhookId = '';
let theirTemplateId = '';

before(async () => {
  database = await openTestDatabase();
  const { config } = readConfig({
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: dataDir,
    WAXWING_KEY_FILE: join(dataDir, 'master.key'),
    WAXWING_HTTP_PORT: '0',
    WAXWING_TRACKING_PORT: '0',
    WAXWING_SMTP_PORT: '0',
    WAXWING_SMARTHOST: 'smtp://127.0.0.1:9',
    WAXWING_NETWORKS_REFRESH_HOURS: 'off',
  });
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  program = await startProgram(config, { clock: systemClock, log });
  url = `http://127.0.0.1:${program.ports.http}`;
  const actor = { kind: 'system', id: 'test' } as const;
  keys.mine = (await createAccount(program.world, { name: 'Mine', actor })).apiKey;
  keys.theirs = (await createAccount(program.world, { name: 'Theirs', actor })).apiKey;
  await fillTheirAccount();
  for (const permission of ['networks.refresh', 'habits.change']) {
    const made = await answerOf(
      await ask('POST', '/v1/api-keys', keys.mine, { name: permission, permissions: [permission] }),
    );
    narrowKeys.push(String(made.secret));
  }
});
after(async () => {
  await program?.close();
  await database?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function fillTheirAccount(): Promise<void> {
  const sent = await answerOf(await ask('POST', '/v1/messages', keys.theirs, theirSubmission));
  theirMessage.id = String(sent.id);
  theirMessage.recipientId = String((sent.recipients as { id: string }[])[0]?.id);
  const made = await answerOf(await ask('POST', '/v1/api-keys', keys.theirs, { name: 'second' }));
  theirKeyId = String(made.id);
  const connection = { provider: 'postmark', name: 'canary connection' };
  theirConnectionId = String(
    (await answerOf(await ask('POST', '/v1/provider-connections', keys.theirs, connection))).id,
  );
  await ask('PUT', '/v1/tracking-consents/canary.ana@example.org', keys.theirs, { level: 'off' });
  const hold = { name: 'canary hold', reason: 'canary reason', scope: { kind: 'message', messageId: theirMessage.id } };
  theirHoldId = String((await answerOf(await ask('POST', '/v1/holds', keys.theirs, hold))).id);
  await fillTheirPeople();
}

async function fillTheirPeople(): Promise<void> {
  const person = { email: 'canary.owner@example.org', name: 'canary owner', role: 'viewer' };
  const { user } = (await answerOf(await ask('POST', '/v1/users', keys.theirs, person))) as { user: { id: string } };
  theirUserId = user.id;
  const department = { name: 'canary department' };
  theirDepartmentId = String((await answerOf(await ask('POST', '/v1/departments', keys.theirs, department))).id);
  const aside = await answerOf(await ask('POST', '/v1/departments', keys.theirs, { name: 'Aside' }));
  const key = { name: 'aside', departmentId: aside.id };
  keys.aside = String((await answerOf(await ask('POST', '/v1/api-keys', keys.theirs, key))).secret);
  const [theirs] = (await listAccounts(program.world.db)).filter((one) => one.name === 'Theirs');
  const token = (await program.signInLink(theirs?.accountId)).split('#token=')[1] ?? '';
  await ask('POST', '/v1/session', undefined, { token });
  const { sessions } = (await answerOf(await ask('GET', '/v1/sessions', keys.theirs))) as {
    sessions: { id: string }[];
  };
  theirSessionId = String(sessions[0]?.id);
  theirEmergencyId = crypto.randomUUID();
  await program.world.db.asAccount(theirs?.accountId ?? '', async (tx) => {
    await raiseAlert(tx, { at: new Date(), what: 'unusual_sign_in', userId: theirUserId, detail: {} });
    await tx.query(sql`
      INSERT INTO emergency_accesses (account_id, id, session_id, user_id, category, reason_sealed, permissions,
                                      opened_at, ends_at, ended_at, ended_by, remind_at)
      VALUES (current_account(), ${theirEmergencyId}, ${theirSessionId}, ${theirUserId}, 'other', '\\x00', '{}',
              now(), now(), now(), 'time', now() + interval '1 day')`);
  });
  const { alerts } = (await answerOf(await ask('GET', '/v1/alerts', keys.theirs))) as { alerts: { id: string }[] };
  theirAlertId = String(alerts[0]?.id);
  const signOn = {
    name: 'canary provider',
    domains: ['canary.example'],
    roleClaim: 'canary',
    issuer: 'https://canary.example',
  };
  theirSignOnId = String((await answerOf(await ask('POST', '/v1/single-sign-on', keys.theirs, signOn))).id);
  const webhook = { url: 'https://canary.example/', description: 'canary webhook', eventTypes: ['message.accepted'] };
  theirWebhookId = String((await answerOf(await ask('POST', '/v1/webhooks', keys.theirs, webhook))).id);
  const way = { name: 'canary route', kind: 'relay', hosts: [{ host: 'canary.relay.example' }] };
  theirRouteId = String((await answerOf(await ask('POST', '/v1/routes', keys.theirs, way))).id);
  const rules = [{ routeId: theirRouteId, recipientDomain: 'canary.rule.example' }];
  await ask('PUT', '/v1/route-rules', keys.theirs, { rules });
  const template = { name: 'canary template', subject: 'canary', text: 'canary' };
  theirTemplateId = String((await answerOf(await ask('POST', '/v1/templates', keys.theirs, template))).id);
  const group = { displayName: 'canary group', members: [{ value: theirUserId }] };
  theirGroupId = String((await answerOf(await ask('POST', '/scim/v2/Groups', keys.theirs, group))).id);
}

const theirSubmission = {
  from: 'Clinic <canary.care@clinic.example>',
  to: ['canary.ana@example.org'],
  subject: 'canary subject',
  text: 'canary text',
  html: '<p>canary html</p>',
  campaign: 'canary campaign',
};

/** Keys that may do one thing each: every route is beyond at least one of them. */
const narrowKeys: string[] = [];

const ask = (method: string, path: string, key?: string, body?: unknown): Promise<Response> =>
  fetch(url + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const answerOf = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

/** A body that passes where one is needed, so that nothing but the caller can be what is refused. */
const bodies: Readonly<Record<string, unknown>> = {
  sendMessage: { from: 'me@clinic.example', to: ['bo@example.org'], subject: 'mine', text: 'mine' },
  planAnew: { sendAt: null },
  createTemplate: { name: 'mine', subject: 'mine', text: 'mine' },
  changeTemplate: { name: 'mine' },
  previewTemplate: { data: {} },
  previewWords: { subject: 'mine', text: 'mine' },
  sendBatch: { from: 'me@clinic.example', subject: 'mine', text: 'mine', recipients: [{ email: 'bo@example.org' }] },
  holdQueue: { destination: 'mine.example' },
  releaseQueue: { destination: 'mine.example' },
  cancelQueue: { destination: 'mine.example' },
  retryQueue: { destination: 'mine.example' },
  changeOutboundSettings: { trackOpens: true },
  setTrackingConsent: { level: 'identified' },
  setSuppression: { reason: 'manual' },
  importSuppressions: { suppressions: [] },
  setUnsubscribePage: { organisation: 'Mine', words: null },
  judgeObservations: { observations: [{ kind: 'open' }] },
  startRejudgement: { dryRun: true },
  createProviderConnection: { provider: 'postmark', name: 'mine' },
  changeProviderConnection: { name: 'mine' },
  importProviderEvents: [],
  createApiKey: { name: 'mine' },
  rotateApiKey: { overlapHours: 1 },
  openSession: { token: 'x'.repeat(43) },
  inviteUser: { email: 'bo@example.org', name: 'Bo', role: 'viewer' },
  changeProvisioning: { defaultRole: 'viewer' },
  mapProvisionedGroup: { role: null, departmentId: null },
  searchScimUsers: { filter: 'userName pr' },
  createScimUser: { userName: 'cy@example.org' },
  replaceScimUser: { userName: 'cy@example.org' },
  patchScimUser: { Operations: [{ op: 'replace', path: 'active', value: false }] },
  searchScimGroups: { filter: 'displayName pr' },
  createScimGroup: { displayName: 'mine' },
  replaceScimGroup: { displayName: 'mine' },
  patchScimGroup: { Operations: [{ op: 'remove', path: 'members' }] },
  changeUser: { role: 'viewer' },
  renewInvitation: {},
  createDepartment: { name: 'mine' },
  changeDepartment: { name: 'mine' },
  changeDepartmentSettings: { trackOpens: true },
  changeSessionLimits: { role: 'viewer', idleMinutes: 30, absoluteMinutes: 720 },
  openEmergencyAccess: { category: 'other', reason: 'mine, and long enough' },
  endOwnEmergency: {},
  endEmergencyAccess: {},
  reviewEmergencyAccess: { outcome: 'justified', note: 'mine' },
  changeEmergencySettings: { maxMinutes: 60 },
  acknowledgeAlert: {},
  checkSignOnDomains: {},
  changeAlertSettings: { maxPerHour: 5 },
  askForBackup: { what: 'backup' },
  changeBackupPlan: { everyHours: 24, keepDays: 30 },
  saveDraft: { fields: { name: 'mine' } },
  addSender: { domain: 'mine.example' },
  changeRetention: { messageDays: null, eventDays: null, minimumDays: null, hour: 3 },
  previewRetention: { messageDays: 365 },
  releaseTransport: { transport: 'plain', reason: 'mine' },
  setTransportRule: { minimumTransport: 'verified' },
  preflight: { to: ['bo@localhost.invalid'] },
  placeHold: { name: 'mine', reason: 'mine', scope: { kind: 'period', until: '2020-01-01T00:00:00Z' } },
  releaseHold: { reason: 'mine' },
  createSignOnConnection: { name: 'mine' },
  changeSignOnConnection: { name: 'mine' },
  checkSignOnConnection: {},
  startSignOnProof: {},
  createWebhookEndpoint: { url: 'https://mine.example/', description: 'mine', eventTypes: ['message.accepted'] },
  changeWebhookEndpoint: { description: 'mine' },
  rotateWebhookSecret: {},
  testWebhookEndpoint: {},
  createRoute: { name: 'mine', kind: 'relay', hosts: [{ host: 'relay.example' }] },
  changeRoute: { name: 'mine', kind: 'direct' },
  changeRouteRules: { rules: [] },
  replayWebhookDeliveries: { sequence: 1 },
  finishSignOnProof: { connectionId: crypto.randomUUID(), response: 'code=x&state=y' },
};

function theirIdOf(path: string): string {
  if (path.startsWith('/v1/users') || path.startsWith('/scim/v2/Users')) return theirUserId;
  if (path.startsWith('/v1/provisioning') || path.startsWith('/scim/v2/Groups')) return theirGroupId;
  if (path.startsWith('/v1/departments')) return theirDepartmentId;
  if (path.startsWith('/v1/holds')) return theirHoldId;
  if (path.startsWith('/v1/sessions')) return theirSessionId;
  if (path.startsWith('/v1/alerts')) return theirAlertId;
  if (path.startsWith('/v1/emergency')) return theirEmergencyId;
  if (path.startsWith('/v1/single-sign-on')) return theirSignOnId;
  if (path.startsWith('/v1/webhooks')) return theirWebhookId;
  if (path.startsWith('/v1/routes')) return theirRouteId;
  if (path.startsWith('/v1/templates')) return theirTemplateId;
  if (path.startsWith('/v1/api-keys')) return theirKeyId;
  return path.startsWith('/v1/provider') ? theirConnectionId : theirMessage.id;
}

const pathOf = (endpoint: Endpoint): string =>
  endpoint.path
    .replace('{email}', 'canary.ana@example.org')
    .replace('{domain}', 'example.org')
    .replace('{form}', 'invite')
    .replace('{userId}', theirUserId)
    .replace('{recipientId}', theirMessage.recipientId)
    .replace('{id}', theirIdOf(endpoint.path)) + (endpoint.name === 'importProviderEvents' ? '?provider=postmark' : '');

const request = (endpoint: Endpoint, key?: string): Promise<Response> =>
  ask(endpoint.method, pathOf(endpoint), key, bodies[endpoint.name]);

const theirIds = (): RegExp =>
  new RegExp(
    [theirMessage.id, theirKeyId, theirConnectionId, theirUserId, theirDepartmentId, theirSessionId, theirHoldId].join(
      '|',
    ),
  );

const closed = endpoints.filter((endpoint) => endpoint.open !== true);

describe('every route', () => {
  for (const endpoint of closed) {
    it(`${endpoint.name} refuses a caller without a key`, async () => {
      const response = await request(endpoint);
      assert.equal(response.status, 401);
      assert.equal((await answerOf(response)).code, 'auth.missing');
    });

    it(`${endpoint.name} refuses a wrong key, and says nothing of it`, async () => {
      const response = await request(endpoint, `wx_${'Q'.repeat(32)}`);
      assert.equal(response.status, 401);
      assert.match(response.headers.get('content-type') ?? '', /^application\/(problem|scim)\+json/);
      const text = await response.text();
      assert.equal(JSON.parse(text).code, 'auth.invalid');
      assert.doesNotMatch(text, /QQQ/);
    });

    it(`${endpoint.name} refuses a key that may do something else only`, async () => {
      const answers = await Promise.all(narrowKeys.map((key) => request(endpoint, key)));
      const codes = await Promise.all(
        answers.map(async (one) => (one.status === 403 ? (await answerOf(one)).code : '')),
      );
      assert.ok(codes.includes('auth.forbidden'), endpoint.name);
    });

    it(`${endpoint.name} shows and does nothing of other departments`, async () => {
      const response = await request(endpoint, keys.aside);
      const text = await response.text();
      if (/\{(id|email)\}/.test(endpoint.path))
        assert.ok(response.status === 404 || (response.status === 403 && /"auth\./.test(text)), text);
      assert.doesNotMatch(text, theirIds());
      assert.doesNotMatch(text, /canary/);
    });

    it(`${endpoint.name} shows and does nothing of another account`, async () => {
      const response = await request(endpoint, keys.mine);
      const text = await response.text();
      if (endpoint.path.includes('{id}')) {
        assert.equal(response.status, 404, text);
        assert.match(text, /\.not_found"/);
      }
      assert.doesNotMatch(text, theirIds());
      // A consent's answer names the address that was asked about.
      if (!endpoint.path.includes('{email}')) assert.doesNotMatch(text, /canary/);
    });
  }

  it('is described in the OpenAPI document, with its refusals', async () => {
    const document = (await answerOf(await ask('GET', '/openapi.json'))) as {
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    for (const endpoint of endpoints) {
      const operation = document.paths[endpoint.path]?.[endpoint.method.toLowerCase()];
      assert.ok(operation, endpoint.name);
      assert.ok(operation.responses[endpoint.status], endpoint.name);
      assert.ok(operation.responses[401] !== undefined || endpoint.open === true, endpoint.name);
    }
  });
});

/** Whatever needs no key is here on purpose: signing in, invitations, and what other servers bring. */
const openRoutes = [
  'acceptInvitation',
  'checkProviderAddress',
  'endSignOnSessions',
  'finishSignOn',
  'openInvitation',
  'openSession',
  'passkeySignInOptions',
  'receiveProviderEvents',
  'receiveTlsReport',
  'signInByPasskey',
  'signInByPassword',
  'startSignOn',
];

describe('a stranger', () => {
  it('is asked for no key by these routes alone', () => {
    const open = endpoints.filter((endpoint) => endpoint.open === true).map(({ name }) => name);
    assert.deepEqual(open.sort(), openRoutes.toSorted());
  });

  it('who reports about TLS is told of no account, and writes to none', async () => {
    const body = { policies: [{ policy: { 'policy-domain': 'canary.example' } }] };
    for (const key of [undefined, keys.mine, `wx_${'Q'.repeat(32)}`]) {
      const response = await ask('POST', '/v1/tls-reports/canary.example', key, body);
      assert.deepEqual([response.status, (await answerOf(response)).code], [400, 'tls_report.unreadable']);
      const whole = await ask(
        'POST',
        '/v1/tls-reports/canary.example',
        key,
        writtenReport('canary.example', new Date()),
      );
      assert.deepEqual([whole.status, (await answerOf(whole)).code], [404, 'tls_report.not_found']);
    }
  });
});

describe('another account', () => {
  it('is told the same about an id that exists elsewhere as about one that exists nowhere', async () => {
    const [elsewhere, nowhere] = await Promise.all(
      [theirMessage.id, crypto.randomUUID()].map((id) => ask('GET', `/v1/messages/${id}`, keys.mine)),
    );
    const [first, second] = [await answerOf(elsewhere as Response), await answerOf(nowhere as Response)];
    assert.deepEqual({ ...first, requestId: '' }, { ...second, requestId: '' });
  });

  it('leaves keys, settings, consents and messages as they were', async () => {
    for (const endpoint of closed) await (await request(endpoint, keys.mine)).arrayBuffer();
    const theirKeys = (await answerOf(await ask('GET', '/v1/api-keys', keys.theirs))).apiKeys as { id: string }[];
    assert.ok(theirKeys.some((key) => key.id === theirKeyId));
    const consent = await answerOf(await ask('GET', '/v1/tracking-consents/canary.ana@example.org', keys.theirs));
    assert.equal(consent.level, 'off');
    const messages = (await answerOf(await ask('GET', '/v1/messages', keys.theirs))).messages as {
      id: string;
      departmentId: string | null;
    }[];
    assert.deepEqual(
      messages.filter(({ departmentId }) => departmentId === null).map((message) => message.id),
      [theirMessage.id],
    );
  });
});

describe('a console session', () => {
  let cookie = '';
  const withCookie = (headers: Record<string, string>, method = 'PATCH'): Promise<Response> =>
    fetch(`${url}/v1/settings/outbound`, {
      method,
      headers: { cookie, 'content-type': 'application/json', ...headers },
      ...(method === 'GET' ? {} : { body: '{"trackOpens":false}' }),
    });

  before(async () => {
    const token = (await program.signInLink()).split('#token=')[1] ?? '';
    const response = await ask('POST', '/v1/session', undefined, { token });
    assert.equal(response.status, 200);
    const header = response.headers.get('set-cookie') ?? '';
    assert.match(header, /HttpOnly; SameSite=Strict/);
    cookie = header.split(';')[0] ?? '';
    const again = await ask('POST', '/v1/session', undefined, { token });
    assert.equal((await answerOf(again)).code, 'auth.link_invalid', 'a link works once');
  });

  it('reads, and changes from the console itself', async () => {
    assert.equal((await withCookie({}, 'GET')).status, 200);
    assert.equal((await withCookie({ 'sec-fetch-site': 'same-origin', origin: url })).status, 200);
    assert.equal((await withCookie({ origin: url })).status, 200, 'a browser that sends Origin only');
  });

  for (const [name, headers] of Object.entries({
    'another site': { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    'another site behind the same domain': { 'sec-fetch-site': 'same-site' },
    'another site in an old browser': { origin: 'https://evil.example' },
    'a sandboxed page': { origin: 'null' },
    'nobody knows where': {},
  }))
    it(`changes nothing from ${name}`, async () => {
      const response = await withCookie(headers);
      assert.equal(response.status, 403);
      assert.equal((await answerOf(response)).code, 'request.cross_site');
    });

  it('has ended everywhere once it was ended', async () => {
    const ended = await fetch(`${url}/v1/session`, {
      method: 'DELETE',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    });
    assert.equal(ended.status, 204);
    assert.equal((await withCookie({}, 'GET')).status, 401);
  });
});

describe('answers', () => {
  it('carry headers that keep browsers from doing more than they should', async () => {
    for (const path of ['/v1/messages', '/nothing', '/healthz']) {
      const { headers } = await ask('GET', path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/);
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  it('have nothing of a message in the log', () => {
    assert.ok(logLines.length > 0);
    for (const line of logLines) assert.doesNotMatch(line, /canary|example\.org|127\.0\.0\.1/i);
  });
});
