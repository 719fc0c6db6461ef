/** Single sign-on against a real provider: who comes in, as whom, and everybody who does not. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { acceptByPassword, personAt, tokenOf } from '../../test/kit/person.ts';
import { type Answer, identityAt, SignOnLab, type Visitor } from '../../test/kit/sign-on.ts';

let lab: SignOnLab;
before(async () => {
  lab = await SignOnLab.open();
});
after(() => lab.close());
beforeEach(() => lab.world.clock.set(new Date()));

describe('signing in', () => {
  test('somebody of the domain comes in by their address, is made a user once, and is the same the next time', async () => {
    const clinic = await lab.newClinic();
    lab.idp.visitor = identityAt(clinic, 'ana');
    const visitor = lab.visitor();
    const first = await visitor.signIn({ email: ` Ana@${clinic.domain.toUpperCase()}` });
    assert.equal(first.status, 200, JSON.stringify(first.body));
    assert.equal(first.body.account.id, clinic.accountId);
    assert.equal(first.body.user.name, 'ana Example');
    assert.equal(first.body.user.role, 'viewer');
    assert.deepEqual([...visitor.jar.keys()], ['waxwing'], 'what belongs to the flow is gone');
    const again = await lab.visitor().signIn({ connectionId: clinic.connection.id });
    assert.equal(again.body.user.id, first.body.user.id);
    const { users } = (await clinic.holder.ask('GET', '/v1/users')).body;
    assert.deepEqual(
      users.map((one: { email: string; state: string }) => [one.email, one.state]),
      [[`ana@${clinic.domain}`, 'active']],
    );
    const { sessions } = (await clinic.holder.ask('GET', '/v1/sessions')).body;
    assert.equal(sessions.filter((one: { openedBy: string }) => one.openedBy === 'sso').length, 2);
    const actions = await lab.actionsOf(clinic);
    for (const action of ['sso_connection.created', 'sso_connection.changed', 'user.made', 'sso_identity.bound'])
      assert.ok(actions.includes(action), action);
    assert.equal(actions.filter((action) => action === 'user.made').length, 1);
  });

  test('the session cookie is Strict and the cookie of the flow is sealed, short and HttpOnly', async () => {
    const clinic = await lab.newClinic();
    const begun = await lab.visitor().ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
    const cookie = begun.headers.get('set-cookie') ?? '';
    assert.match(cookie, /^waxwing-sso=[\w-]{200,}; Path=\/; Max-Age=600; HttpOnly; SameSite=Strict$/);
    const url = new URL(begun.body.url);
    assert.equal(url.searchParams.get('redirect_uri'), clinic.connection.redirectUri);
    assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
    assert.ok(!url.href.includes('example'), 'no address goes along');
    for (const name of ['state', 'nonce', 'code_challenge']) assert.ok((url.searchParams.get(name) ?? '').length >= 43);
  });

  test('somebody invited comes in as who they were invited to be, and the invitation ends', async () => {
    const clinic = await lab.newClinic({ makesUsers: false });
    const wish = { email: `ben@${clinic.domain}`, name: 'Ben', role: 'sender' };
    const { body } = await clinic.holder.ask('POST', '/v1/users', wish);
    await lab.signedIn(clinic, 'ben');
    const { users } = (await clinic.holder.ask('GET', '/v1/users')).body;
    assert.deepEqual([users[0].id, users[0].role, users[0].state], [body.user.id, 'sender', 'active']);
    const late = await personAt(lab.api.url).ask('POST', '/v1/invitations/open', {
      token: tokenOf(body.invitation.link),
    });
    assert.equal(late.body.code, 'auth.invitation_invalid');
    assert.equal(await lab.refusedCode(clinic, 'nobody'), 'sso.user_unknown');
  });

  test('a client that the provider knows by its body is taken too', async () => {
    await lab.signedIn(await lab.newClinic({}, { authentication: 'client_secret_post' }), 'cora');
  });

  test('a new signing key of the provider is fetched when it is first used', async () => {
    const clinic = await lab.newClinic();
    await lab.signedIn(clinic, 'dan');
    lab.idp.rotateKeys();
    await lab.signedIn(clinic, 'dan');
  });

  test('a wrong client secret is told as that', async () => {
    const clinic = await lab.newClinic({ clientSecret: 'another' });
    assert.equal(await lab.refusedCode(clinic, 'eva'), 'sso.client_refused');
    assert.ok((await lab.actionsOf(clinic)).includes('sso.refused'));
  });

  test('a clock that is off by half a minute is borne, a token that expired more than a minute ago is not', async () => {
    const clinic = await lab.newClinic();
    lab.world.clock.advance(-30_000);
    await lab.signedIn(clinic, 'fay');
    lab.world.clock.advance(60_000 + 600_000);
    await lab.signedIn(clinic, 'fay');
    lab.world.clock.advance(60_000);
    assert.equal(await lab.refusedCode(clinic, 'fay'), 'sso.token_expired');
  });
});

describe('an answer', () => {
  test('is taken once', async () => {
    const clinic = await lab.newClinic();
    lab.idp.visitor = identityAt(clinic, 'ana');
    const visitor = lab.visitor();
    const answer = await visitor.fetchAnswer({ connectionId: clinic.connection.id });
    const kept = new Map(visitor.jar);
    assert.equal((await visitor.finish(answer)).status, 200);
    assert.equal((await visitor.finish(answer)).body.code, 'sso.state_invalid', 'without the cookie');
    for (const [name, value] of kept) visitor.jar.set(name, value);
    assert.equal((await visitor.finish(answer)).body.code, 'sso.state_invalid', 'with the cookie kept');
  });

  test('of many who bring the same at once one comes in', async () => {
    const clinic = await lab.newClinic();
    lab.idp.visitor = identityAt(clinic, 'ana');
    const visitor = lab.visitor();
    const answer = await visitor.fetchAnswer({ connectionId: clinic.connection.id });
    const answers = await Promise.all([1, 2, 3].map(() => visitor.finish(answer)));
    assert.deepEqual(answers.map((one) => one.status).sort(), [200, 401, 401]);
  });

  test('is no good in another browser: nobody is signed in as somebody else by a link', async () => {
    const clinic = await lab.newClinic();
    lab.idp.visitor = identityAt(clinic, 'mallory');
    const mallory = lab.visitor();
    const answer = await mallory.fetchAnswer({ connectionId: clinic.connection.id });
    const victim = lab.visitor();
    assert.equal((await victim.finish(answer)).body.code, 'sso.state_invalid');
    await victim.ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
    assert.equal((await victim.finish(answer)).body.code, 'sso.state_invalid', 'with a flow of their own');
  });

  test('with another state, connection or issuer, or without an issuer, is refused', async () => {
    const clinic = await lab.newClinic();
    const other = await lab.newClinic();
    lab.idp.visitor = identityAt(clinic, 'ana');
    const wrong: [string, (answer: Answer) => object][] = [
      ['sso.state_invalid', (answer) => ({ ...answer, response: answer.response.replace(/state=[^&]+/, 'state=s-x') })],
      ['sso.state_invalid', (answer) => ({ ...answer, connectionId: other.connection.id })],
      ['sso.state_invalid', (answer) => ({ ...answer, connectionId: randomUUID() })],
      [
        'sso.token_invalid',
        (answer) => ({ ...answer, response: answer.response.replace(/iss=[^&]+/, 'iss=http%3A%2F%2Fevil.example') }),
      ],
      ['sso.token_invalid', (answer) => ({ ...answer, response: answer.response.replace(/&iss=[^&]+/, '') })],
      ['sso.token_invalid', (answer) => ({ ...answer, response: `${answer.response}&state=again` })],
      [
        'sso.code_refused',
        (answer) => ({ ...answer, response: answer.response.replace(/code=[^&]+/, 'code=another') }),
      ],
    ];
    for (const [code, forge] of wrong) {
      const visitor = lab.visitor();
      const answer = await visitor.fetchAnswer({ connectionId: clinic.connection.id });
      assert.match(answer.response, /iss=/);
      assert.equal((await visitor.finish(forge(answer))).body.code, code);
      assert.ok(!visitor.jar.has('waxwing'));
    }
  });

  test('that comes after ten minutes is too late', async () => {
    const clinic = await lab.newClinic();
    lab.idp.visitor = identityAt(clinic, 'ana');
    const visitor = lab.visitor();
    const answer = await visitor.fetchAnswer({ connectionId: clinic.connection.id });
    lab.world.clock.advance(601_000);
    assert.equal((await visitor.finish(answer)).body.code, 'sso.state_invalid');
  });

  test('in which the provider says no is told as that', async () => {
    const clinic = await lab.newClinic();
    const visitor = lab.visitor();
    const begun = await visitor.ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
    const state = new URL(begun.body.url).searchParams.get('state');
    const response = new URLSearchParams({ error: 'access_denied', state: state ?? '', iss: lab.idp.issuer });
    const { body } = await visitor.finish({ connectionId: clinic.connection.id, response: response.toString() });
    assert.equal(body.code, 'sso.provider_refused');
  });
});

describe('somebody', () => {
  test('whose address nobody vouches for is not recognised by it, unless the connection trusts the provider', async () => {
    const clinic = await lab.newClinic();
    assert.equal(await lab.refusedCode(clinic, 'ana', { email_verified: false }), 'sso.address_unverified');
    assert.equal(await lab.refusedCode(clinic, 'ana', { email_verified: undefined }), 'sso.address_unverified');
    assert.equal(await lab.refusedCode(clinic, 'ana', { email: undefined }), 'sso.address_unverified');
    await lab.change(clinic, { trustsAddresses: true });
    assert.equal(await lab.refusedCode(clinic, 'ana', { email_verified: false }), 'sso.address_unverified');
    await lab.signedIn(clinic, 'ana', { email_verified: undefined });
  });

  test('of another domain does not come in, whatever the provider says', async () => {
    const clinic = await lab.newClinic();
    assert.equal(await lab.refusedCode(clinic, 'ana', { email: 'ana@other.example' }), 'sso.domain_not_served');
    assert.equal(
      await lab.refusedCode(clinic, 'ana', { email: `ana@evil.example@${clinic.domain}` }),
      'sso.address_unverified',
    );
  });

  test('of another account is somebody else here, though the provider and the address are the same', async () => {
    const theirs = await lab.newClinic();
    const mine = await lab.newClinic({ domains: [theirs.domain], makesUsers: false });
    const { body } = await theirs.holder.ask('POST', '/v1/users', {
      email: `ana@${theirs.domain}`,
      name: 'Ana',
      role: 'owner',
    });
    assert.ok(body.user.id);
    lab.idp.visitor = identityAt(theirs, 'ana');
    const refused = await lab.visitor().signIn({ connectionId: mine.connection.id });
    assert.equal(refused.body.code, 'sso.domain_unproved');
  });

  test('who was deactivated stays out, and their open sessions end', async () => {
    const clinic = await lab.newClinic();
    const visitor = await lab.signedIn(clinic, 'ana');
    const { user } = (await visitor.ask('GET', '/v1/session')).body;
    assert.equal((await clinic.holder.ask('DELETE', `/v1/users/${user.id}`)).status, 204);
    assert.equal((await visitor.ask('GET', '/v1/session')).status, 401);
    assert.equal(await lab.refusedCode(clinic, 'ana'), 'sso.user_deactivated');
    assert.equal(await lab.refusedCode(clinic, 'ana', { email: `other@${clinic.domain}` }), 'sso.user_deactivated');
  });

  test('who got the address of somebody else is not them, until the connection forgets', async () => {
    const clinic = await lab.newClinic();
    const visitor = await lab.signedIn(clinic, 'ana');
    const { user } = (await visitor.ask('GET', '/v1/session')).body;
    assert.equal(await lab.refusedCode(clinic, 'newcomer', { email: `ana@${clinic.domain}` }), 'sso.subject_changed');
    const path = `/v1/single-sign-on/${clinic.connection.id}/people/${user.id}`;
    assert.equal((await clinic.holder.ask('DELETE', path)).status, 204);
    assert.equal((await clinic.holder.ask('DELETE', path)).body.code, 'sso.not_found');
    const newcomer = await lab.signedIn(clinic, 'newcomer', { email: `ana@${clinic.domain}` });
    assert.equal((await newcomer.ask('GET', '/v1/session')).body.user.id, user.id);
  });

  test('comes in with a second factor only, where the connection asks for one', async () => {
    const clinic = await lab.newClinic({ secondFactor: { claim: 'amr', value: 'mfa' } });
    assert.equal(await lab.refusedCode(clinic, 'ana'), 'sso.second_factor_missing');
    lab.idp.visitor = { ...identityAt(clinic, 'ana'), amr: ['pwd', 'mfa'] };
    assert.equal((await lab.visitor().signIn({ connectionId: clinic.connection.id })).status, 200);
  });
});

describe('roles', () => {
  test('follow the groups at every sign-in; owners stay owners', async () => {
    const clinic = await lab.newClinic();
    const made = await clinic.holder.ask('POST', '/v1/departments', { name: 'Ward' });
    const departmentId = made.body.id;
    await lab.change(clinic, {
      roleClaim: 'groups',
      roleRules: [
        { value: 'waxwing-admins', role: 'admin', departmentId: null },
        { value: 'ward', role: 'sender', departmentId },
      ],
      defaultRole: null,
    });
    assert.equal(await lab.refusedCode(clinic, 'ana', { groups: ['cooks'] }), 'sso.no_role');
    const roleOf = async (visitor: Visitor) => (await visitor.ask('GET', '/v1/session')).body.user.role;
    const first = await lab.signedIn(clinic, 'ana', { groups: ['ward', 'waxwing-admins'] });
    assert.equal(await roleOf(first), 'admin', 'the first rule that fits');
    const second = await lab.signedIn(clinic, 'ana', { groups: ['ward'] });
    assert.deepEqual([await roleOf(second), await roleOf(first)], ['sender', 'sender'], 'in open sessions too');
    const { users } = (await clinic.holder.ask('GET', '/v1/users')).body;
    assert.equal(users[0].departmentId, departmentId);
    assert.equal(await lab.refusedCode(clinic, 'ana', { groups: [] }), 'sso.no_role');
    await clinic.holder.ask('POST', '/v1/users', { email: `own@${clinic.domain}`, name: 'Own', role: 'owner' });
    const owner = await lab.signedIn(clinic, 'own', { groups: ['ward'] });
    assert.equal(await roleOf(owner), 'owner');
  });

  test('nobody is let in who may do more than whoever set the connection up', async () => {
    const clinic = await lab.newClinic();
    const { body } = await clinic.holder.ask('POST', '/v1/users', {
      email: 'ad@example.org',
      name: 'Ad',
      role: 'admin',
    });
    const admin = personAt(lab.api.url);
    await acceptByPassword(admin, body.invitation.link, 'seven herons over the lake', lab.world.clock);
    const path = `/v1/single-sign-on/${clinic.connection.id}`;
    assert.equal((await admin.ask('PATCH', path, { name: 'Mine' })).body.code, 'user.beyond_caller');
    assert.equal((await admin.ask('DELETE', path)).body.code, 'user.beyond_caller');
    const own = await admin.ask('POST', '/v1/single-sign-on', { name: 'Own', defaultRole: 'compliance' });
    assert.equal(own.body.code, 'user.beyond_caller');
    await clinic.holder.ask('DELETE', path);
    const made = await admin.ask('POST', '/v1/single-sign-on', { name: 'Own', domains: [clinic.domain] });
    lab.idp.addClient({ id: 'of-admin', secret: 'x'.repeat(40), redirectUri: made.body.redirectUri });
    const wish = { issuer: lab.idp.issuer, clientId: 'of-admin', clientSecret: 'x'.repeat(40), isEnabled: true };
    assert.equal((await admin.ask('PATCH', `/v1/single-sign-on/${made.body.id}`, wish)).status, 200);
    await lab.look({ holder: clinic.holder, connection: made.body });
    await clinic.holder.ask('POST', '/v1/users', { email: `own@${clinic.domain}`, name: 'Own', role: 'owner' });
    lab.idp.visitor = identityAt(clinic, 'own');
    const refused = await lab.visitor().signIn({ connectionId: made.body.id });
    assert.equal(refused.body.code, 'sso.user_beyond_connection');
    assert.equal(
      (await clinic.holder.ask('PATCH', `/v1/single-sign-on/${made.body.id}`, { name: 'Ours' })).status,
      200,
    );
    lab.idp.visitor = identityAt(clinic, 'own');
    assert.equal((await lab.visitor().signIn({ connectionId: made.body.id })).status, 200);
  });
});
