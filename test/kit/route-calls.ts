/** For each route of the program, a call that does what the route is for. What it needs is made first. */
import { sql } from '../../src/platform/database.ts';
import { systemClock } from '../../src/platform/world.ts';
import type { Body } from './answer.ts';
import { mailRouteCalls } from './mail-route-calls.ts';
import { Passkey } from './passkey.ts';
import { codeOf, type Person, personAt, tokenOf } from './person.ts';
import { at, type Prepare, plain, type RouteCall, unused, withBody } from './route-call.ts';
import { batchCalls } from './route-calls-batches.ts';
import { sendingCalls } from './route-calls-sending.ts';
import { password, type Staff, type Stage } from './route-stage.ts';
import { Visitor } from './sign-on.ts';
import { writtenReport } from './tls-report.ts';
import { until } from './tracking.ts';

const submission = { from: 'care@clinic.example', to: ['ana@example.org'], subject: 'Hello', text: 'Hello' };

const atMessage =
  (body?: unknown): Prepare =>
  async ({ make }) => ({ params: { id: (await make('POST', '/v1/messages', submission)).id }, body });

const someone = () => ({ email: `${unused().replace(' ', '')}@example.org`, name: 'Bo', role: 'viewer' });

const bySomebody =
  (call: (staff: Staff, stage: Stage) => Promise<RouteCall> | RouteCall = () => ({}), role = 'viewer'): Prepare =>
  async (stage) => {
    const staff = await stage.join(role);
    return { by: staff.person, ...(await call(staff, stage)) };
  };

const stranger = ({ url }: Stage): Person => personAt(url);

const connection = { provider: 'postmark', name: 'Postmark' };
const hold = async ({ make }: Stage) => {
  const { id } = await make('POST', '/v1/messages', submission);
  return { name: 'A matter', reason: 'a letter', scope: { kind: 'message', messageId: id } };
};

/** A passkey of somebody who is signed in. */
async function newPasskey(
  { person }: Pick<Staff, 'person'>,
  { url }: Stage,
): Promise<{ passkey: Passkey; id: string }> {
  const passkey = new Passkey('localhost', url);
  const { body: options } = await person.ask('POST', '/v1/me/passkeys/options', {});
  const added = await person.ask('POST', '/v1/me/passkeys', {
    name: 'One',
    answer: passkey.register(options.challenge),
  });
  if (added.status >= 300) throw new Error(JSON.stringify(added.body));
  return { passkey, id: added.body.id };
}

const messages: Record<string, Prepare> = {
  sendMessage: withBody(submission),
  listMessages: plain,
  readMessage: atMessage(),
  listMessageEvents: atMessage(),
  eraseMessage: atMessage(),
};

const settings: Record<string, Prepare> = {
  readOutboundSettings: plain,
  changeOutboundSettings: async ({ make }) => {
    const { trackPlainText } = await make('GET', '/v1/settings/outbound');
    return { body: { trackPlainText: !trackPlainText } };
  },
  judgeObservations: withBody({ observations: [{ kind: 'open' }] }),
  listScannerHabits: plain,
  forgetScannerHabits: plain,
  readRetention: plain,
  changeRetention: withBody({ messageDays: 900, eventDays: null, minimumDays: null, hour: 3 }),
  previewRetention: withBody({ messageDays: 365 }),
  listHolds: plain,
  placeHold: async (stage) => ({ body: await hold(stage) }),
  readHold: async (stage) => at('/v1/holds', await hold(stage))(stage),
  listTransportRules: plain,
  setTransportRule: () => ({ params: { domain: 'example.org' }, body: { minimumTransport: 'plain' } }),
  deleteTransportRule: () => ({ params: { domain: 'example.org' } }),
  preflight: withBody({ to: ['ana@[192.0.2.1]'] }),
  readReceipt: async ({ make }) => {
    const { id, recipients } = await make('POST', '/v1/messages', submission);
    return { params: { id, recipientId: recipients[0].id } };
  },
  releaseTransport: async ({ make }) => {
    // No relay that is not pinned is authenticated: nothing is asked of it.
    const { id, recipients } = await make('POST', '/v1/messages', { ...submission, minimumTransport: 'authenticated' });
    await until(async () => (await make('GET', `/v1/messages/${id}`)).recipients[0].status === 'deferred', 'deferred');
    return { params: { id, recipientId: recipients[0].id }, body: { transport: 'plain', reason: 'agreed with them' } };
  },
  releaseHold: async (stage) => at('/v1/holds', await hold(stage), { reason: 'it is over' })(stage),
};

async function settledRejudgement({ make }: Stage): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { rejudgements } = await make('GET', '/v1/rejudgements?limit=1');
    const [newest] = rejudgements;
    if (newest === undefined) return (await make('POST', '/v1/rejudgements', { dryRun: true })).id;
    if (!['queued', 'running'].includes(newest.state)) return newest.id;
    if (Date.now() > deadline) throw new Error('a re-judging does not end');
  }
}

const networks = { readNetworks: plain, refreshNetworks: plain, listRules: plain };

const judging: Record<string, Prepare> = {
  startRejudgement: async (stage) => {
    await settledRejudgement(stage);
    await settledRejudgement(stage);
    return { body: { dryRun: true } };
  },
  listRejudgements: plain,
  readRejudgement: async (stage) => ({ params: { id: await settledRejudgement(stage) } }),
  cancelRejudgement: async ({ make }) => {
    for (;;) {
      const asked = await make('POST', '/v1/rejudgements', { dryRun: true }).catch(() => undefined);
      if (asked !== undefined) return { params: { id: asked.id } };
    }
  },
  listFlips: async (stage) => ({ params: { id: await settledRejudgement(stage) } }),
};

const providers: Record<string, Prepare> = {
  listProviderConnections: plain,
  createProviderConnection: withBody(connection),
  changeProviderConnection: at('/v1/provider-connections', connection, { name: 'Another name' }),
  deleteProviderConnection: at('/v1/provider-connections', connection),
  checkProviderAddress: async (stage) => ({
    ...(await at('/v1/provider-connections', connection)(stage)),
    by: stranger(stage),
  }),
  receiveProviderEvents: async (stage) => {
    const made = await stage.make('POST', '/v1/provider-connections', connection);
    const { user, password: secret } = made.basicAuth;
    const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
    const by = {
      ask: (method: string, path: string, body?: unknown) => stranger(stage).ask(method, path, body, { authorization }),
    };
    return { params: { id: made.id }, body: [], by };
  },
  importProviderEvents: () => ({ query: '?provider=postmark', body: [] }),
};

const senderDomain =
  (verb: string): Prepare =>
  async ({ make }) => {
    const domain = `${verb}.example`;
    await make('POST', '/v1/senders', { domain });
    return { params: { domain } };
  };

/** About a domain that was verified just now. */
async function tlsReport(stage: Stage): Promise<RouteCall> {
  const call = await senderDomain('reporting')(stage);
  await stage.program.world.db.asAccount(stage.accountId, (tx) =>
    tx.query(sql`UPDATE sender_domains SET verified_at = created_at WHERE domain = 'reporting.example'`),
  );
  return { ...call, body: writtenReport('reporting.example', new Date()), by: stranger(stage) };
}

const senders: Record<string, Prepare> = {
  listSenders: plain,
  addSender: withBody({ domain: 'add.example' }),
  readSender: senderDomain('read'),
  readTlsReports: senderDomain('reported'),
  receiveTlsReport: tlsReport,
  verifySender: senderDomain('verify'),
  checkSender: senderDomain('check'),
  rotateSenderKeys: async (stage) => {
    const call = await senderDomain('rotate')(stage);
    await stage.program.world.db.asAccount(stage.accountId, (tx) =>
      tx.query(sql`UPDATE dkim_keys SET seen_at = created_at WHERE account_id = current_account()`),
    );
    return call;
  },
  deleteSender: senderDomain('delete'),
};

const webhook = { url: 'https://program.clinic.example/', description: 'A program', eventTypes: ['message.accepted'] };

const webhooks: Record<string, Prepare> = {
  listWebhookEndpoints: plain,
  createWebhookEndpoint: withBody(webhook),
  readWebhookEndpoint: at('/v1/webhooks', webhook),
  changeWebhookEndpoint: at('/v1/webhooks', webhook, { description: 'Another name' }),
  deleteWebhookEndpoint: at('/v1/webhooks', webhook),
  rotateWebhookSecret: at('/v1/webhooks', webhook, { overlapHours: 1 }),
  testWebhookEndpoint: at('/v1/webhooks', webhook, {}),
  listWebhookDeliveries: at('/v1/webhooks', webhook),
  replayWebhookDeliveries: at('/v1/webhooks', webhook, {
    since: '2026-01-01T00:00:00Z',
    until: '2026-01-02T00:00:00Z',
  }),
};

const access: Record<string, Prepare> = {
  listApiKeys: plain,
  createApiKey: withBody({ name: 'Another' }),
  rotateApiKey: at('/v1/api-keys', { name: 'To be replaced' }, { overlapHours: 1 }),
  revokeApiKey: at('/v1/api-keys', { name: 'To be revoked' }),
  openSession: async (stage) => ({
    by: stranger(stage),
    body: { token: tokenOf(await stage.program.signInLink(stage.accountId)) },
  }),
  readSession: bySomebody(),
  endSession: bySomebody(),
  passkeySignInOptions: (stage) => ({ by: stranger(stage), body: {} }),
  signInByPasskey: async (stage) => {
    const { passkey } = await newPasskey(await stage.join('viewer'), stage);
    const { body: options } = await stranger(stage).ask('POST', '/v1/sign-in/passkey/options', {});
    return { by: stranger(stage), body: { answer: passkey.signIn(options.challenge) } };
  },
  signInByPassword: async (stage) => {
    const { email, recoveryCodes } = await stage.join('viewer');
    return { by: stranger(stage), body: { email, password, code: recoveryCodes[0] } };
  },
  openInvitation: async (stage) => {
    const { invitation } = await stage.make('POST', '/v1/users', someone());
    return { by: stranger(stage), body: { token: tokenOf(invitation.link) } };
  },
  acceptInvitation: async (stage) => {
    const { invitation } = await stage.make('POST', '/v1/users', someone());
    const token = tokenOf(invitation.link);
    const { body } = await stranger(stage).ask('POST', '/v1/invitations/open', { token });
    const { setup, secret } = body.totp;
    const code = codeOf(secret, systemClock);
    return { by: stranger(stage), body: { token, password: { password, setup, code } } };
  },
  stepUpOptions: bySomebody(() => ({ body: {} })),
  stepUp: bySomebody(({ recoveryCodes }) => ({ body: { password: { password, code: recoveryCodes[0] } } })),
  listOwnSessions: bySomebody(),
  endOwnSession: bySomebody(async ({ person }) => {
    const { body } = await person.ask('GET', '/v1/me/sessions');
    return { params: { sessionId: body.sessions[0].id } };
  }),
  endOtherSessions: bySomebody(),
};

const own: Record<string, Prepare> = {
  readOwnSecurity: bySomebody(),
  newPasskeyOptions: bySomebody(() => ({ body: {} })),
  addPasskey: bySomebody(async ({ person }, { url }) => {
    const { body: options } = await person.ask('POST', '/v1/me/passkeys/options', {});
    return { body: { name: 'One', answer: new Passkey('localhost', url).register(options.challenge) } };
  }),
  removePasskey: bySomebody(async (staff, stage) => ({ params: { passkeyId: (await newPasskey(staff, stage)).id } })),
  newTotpSecret: bySomebody(() => ({ body: {} })),
  changeOwnPassword: bySomebody(async ({ person }) => {
    const { body } = await person.ask('POST', '/v1/me/totp', {});
    const code = codeOf(body.secret, systemClock);
    return { body: { password: 'nine other herons by a river', setup: body.setup, code } };
  }),
  removeOwnPassword: bySomebody(async (staff, stage) => {
    await newPasskey(staff, stage);
    return {};
  }),
  renewRecoveryCodes: bySomebody(() => ({ body: {} })),
  saveDraft: bySomebody(() => ({ params: { form: 'invite' }, body: { fields: { name: 'Bo' } } })),
  readDraft: bySomebody(async ({ person }) => {
    await person.ask('PUT', '/v1/drafts/invite', { fields: { name: 'Bo' } });
    return { params: { form: 'invite' } };
  }),
  deleteDraft: bySomebody(() => ({ params: { form: 'invite' } })),
};

const people: Record<string, Prepare> = {
  listUsers: plain,
  inviteUser: () => ({ body: someone() }),
  changeUser: (stage) => at('/v1/users', someone(), { role: 'sender' })(stage),
  deactivateUser: (stage) => at('/v1/users', someone())(stage),
  renewInvitation: (stage) => at('/v1/users', someone(), {})(stage),
  listDepartments: plain,
  createDepartment: () => ({ body: { name: unused() } }),
  changeDepartment: (stage) => at('/v1/departments', { name: unused() }, { name: unused() })(stage),
  deleteDepartment: (stage) => at('/v1/departments', { name: unused() })(stage),
  readDepartmentSettings: (stage) => at('/v1/departments', { name: unused() })(stage),
  changeDepartmentSettings: (stage) => at('/v1/departments', { name: unused() }, { trackOpens: false })(stage),
  readSessionLimits: plain,
  changeSessionLimits: withBody({ role: 'viewer', idleMinutes: 25, absoluteMinutes: 700 }),
  listSessions: plain,
  endSomeSession: async ({ make, join }) => {
    const { id: userId } = await join('viewer');
    const { sessions } = await make('GET', '/v1/sessions');
    return { params: { id: sessions.find((one: Body) => one.userId === userId).id } };
  },
  listAlerts: plain,
  acknowledgeAlert: async ({ make, program, accountId, url }) => {
    const token = tokenOf(await program.signInLink(accountId));
    await fetch(`${url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ token }),
    });
    const { alerts } = await make('GET', '/v1/alerts');
    return { params: { id: alerts[0].id }, body: {} };
  },
  readAlertSettings: plain,
  changeAlertSettings: withBody({ maxPerHour: 7 }),
};

const needed = { category: 'treatment', reason: 'a patient was brought in' };
const opened = async ({ person }: Staff): Promise<string> => {
  const { status, body } = await person.ask('POST', '/v1/emergency-accesses', needed);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.id;
};
const openers = async ({ make }: Stage) => {
  await make('PATCH', '/v1/emergency-settings', { openers: ['viewer', 'sender'] });
};

const emergency: Record<string, Prepare> = {
  openEmergencyAccess: bySomebody(async (_, stage) => {
    await openers(stage);
    return { body: needed };
  }),
  readOwnEmergency: bySomebody(),
  endOwnEmergency: bySomebody(async (staff, stage) => {
    await openers(stage);
    await opened(staff);
    return { body: {} };
  }),
  listEmergencyAccesses: plain,
  readEmergencyAccess: async (stage) => ({ params: { id: await opened(await stage.join('viewer')) } }),
  exportEmergencyAccess: async (stage) => ({ params: { id: await opened(await stage.join('viewer')) } }),
  endEmergencyAccess: async (stage) => ({ params: { id: await opened(await stage.join('viewer')) }, body: {} }),
  reviewEmergencyAccess: async (stage) => {
    const staff = await stage.join('viewer');
    const id = await opened(staff);
    await staff.person.ask('POST', '/v1/emergency-accesses/own/end', {});
    return { by: stage.owner.person, params: { id }, body: { outcome: 'justified', note: 'as it should be' } };
  },
  readEmergencySettings: plain,
  changeEmergencySettings: withBody({ maxMinutes: 90 }),
};

const trust: Record<string, Prepare> = {
  listAuditEntries: plain,
  exportAuditEntries: plain,
  exportAudit: plain,
  readAuditActivity: plain,
  readAuditKey: plain,
  readDoctor: plain,
  readKeys: plain,
  rotateKeys: plain,
  readBackups: plain,
  askForBackup: withBody({ what: 'backup' }),
  changeBackupPlan: withBody({ everyHours: 24, keepDays: 30 }),
};

const clientSecret = 'a secret of forty letters and some digits 12';

/** A connection that is switched on and makes users, of a domain that is proved. */
async function signOn({ make, provider, dns }: Stage): Promise<{ id: string; domain: string }> {
  const { id, redirectUri, logoutUri } = await make('POST', '/v1/single-sign-on', { name: unused() });
  const [clientId, domain] = [`client ${id}`, `${unused().replace(' ', '')}.example`];
  provider.addClient({ id: clientId, secret: clientSecret, redirectUri, logoutUri });
  const wish = { clientId, clientSecret, domains: [domain], makesUsers: true, isEnabled: true, widestReach: 'account' };
  const kept = await make('PATCH', `/v1/single-sign-on/${id}`, { issuer: provider.issuer, ...wish });
  const { name, value } = kept.domainProofs[0].record;
  dns.tell(name, { txt: [value] });
  await make('POST', `/v1/single-sign-on/${id}/domains/check`, {});
  return { id, domain };
}

const identity = (domain: string) => ({
  sub: `ana at ${domain}`,
  claims: { email: `ana@${domain}`, email_verified: true, name: 'Ana Example' },
});

/** Somebody who came by single sign-on. */
async function signedOn(stage: Stage): Promise<{ id: string; visitor: Visitor }> {
  const { id, domain } = await signOn(stage);
  stage.provider.visitor = identity(domain);
  const visitor = new Visitor(stage.url);
  const { status, body } = await visitor.signIn({ connectionId: id });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return { id, visitor };
}

const singleSignOn: Record<string, Prepare> = {
  listSignOnConnections: plain,
  createSignOnConnection: () => ({ body: { name: unused() } }),
  changeSignOnConnection: async (stage) => ({ params: { id: (await signOn(stage)).id }, body: { name: unused() } }),
  deleteSignOnConnection: async (stage) => ({ params: { id: (await signOn(stage)).id } }),
  checkSignOnConnection: async (stage) => ({ params: { id: (await signOn(stage)).id }, body: {} }),
  checkSignOnDomains: async (stage) => ({ params: { id: (await signOn(stage)).id }, body: {} }),
  forgetSignOnIdentity: async (stage) => {
    const { id, visitor } = await signedOn(stage);
    const { body } = await visitor.ask('GET', '/v1/session');
    return { params: { id, userId: body.user.id } };
  },
  startSignOn: async (stage) => ({ by: new Visitor(stage.url), body: { connectionId: (await signOn(stage)).id } }),
  finishSignOn: async (stage) => {
    const { id, domain } = await signOn(stage);
    stage.provider.visitor = identity(domain);
    const by = new Visitor(stage.url);
    return { by, body: await by.fetchAnswer({ connectionId: id }) };
  },
  startSignOnProof: async (stage) => ({ by: (await signedOn(stage)).visitor, body: {} }),
  finishSignOnProof: async (stage) => {
    const { visitor } = await signedOn(stage);
    const { body } = await visitor.ask('POST', '/v1/session/step-up/sso', {});
    return { by: visitor, body: await visitor.bringBack(body.url) };
  },
};

const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const searchSchema = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const scimUser = () => ({
  schemas: [userSchema],
  userName: `${unused().replace(' ', '')}@example.org`,
  displayName: 'Bo Berg',
  name: { givenName: 'Bo', familyName: 'Berg' },
  active: true,
});
const scimGroup = () => ({ schemas: [groupSchema], displayName: unused() });
const renaming = (value: string) => ({
  schemas: [patchSchema],
  Operations: [{ op: 'replace', path: 'displayName', value }],
});

const provisioning: Record<string, Prepare> = {
  readProvisioning: plain,
  changeProvisioning: async ({ make }) => {
    const { withoutGroup } = await make('GET', '/v1/provisioning');
    return { body: { withoutGroup: withoutGroup === 'deactivate' ? 'default_role' : 'deactivate' } };
  },
  mapProvisionedGroup: (stage) => at('/scim/v2/Groups', scimGroup(), { role: 'sender', departmentId: null })(stage),
  readScimConfig: plain,
  listScimTypes: plain,
  readScimType: () => ({ params: { id: 'User' } }),
  listScimSchemas: plain,
  readScimSchema: () => ({ params: { id: userSchema } }),
  listScimUsers: plain,
  searchScimUsers: withBody({ schemas: [searchSchema] }),
  createScimUser: () => ({ body: scimUser() }),
  readScimUser: (stage) => at('/scim/v2/Users', scimUser())(stage),
  replaceScimUser: async (stage) => {
    const before = scimUser();
    return at('/scim/v2/Users', before, {
      ...before,
      displayName: 'Bo Borg',
      name: { givenName: 'Bo', familyName: 'Borg' },
    })(stage);
  },
  patchScimUser: (stage) => at('/scim/v2/Users', scimUser(), renaming('Bo Borg'))(stage),
  deleteScimUser: (stage) => at('/scim/v2/Users', scimUser())(stage),
  listScimGroups: plain,
  searchScimGroups: withBody({ schemas: [searchSchema] }),
  createScimGroup: () => ({ body: scimGroup() }),
  readScimGroup: (stage) => at('/scim/v2/Groups', scimGroup())(stage),
  replaceScimGroup: (stage) => at('/scim/v2/Groups', scimGroup(), scimGroup())(stage),
  patchScimGroup: (stage) => at('/scim/v2/Groups', scimGroup(), renaming(unused()))(stage),
  deleteScimGroup: (stage) => at('/scim/v2/Groups', scimGroup())(stage),
};

export const routeCalls: Readonly<Record<string, Prepare>> = {
  ...messages,
  ...batchCalls,
  ...settings,
  ...sendingCalls,
  ...networks,
  ...judging,
  ...providers,
  ...senders,
  ...webhooks,
  ...mailRouteCalls,
  ...access,
  ...own,
  ...people,
  ...emergency,
  ...trust,
  ...singleSignOn,
  ...provisioning,
};

/** Routes that need something that no call over HTTP brings about, with the tests that show their entries. */
export const calledElsewhere: Readonly<Record<string, string>> = {
  forgetScannerHabit: 'src/habits/habits.test.ts',
  endSignOnSessions: 'src/single-sign-on/sessions.test.ts',
};
