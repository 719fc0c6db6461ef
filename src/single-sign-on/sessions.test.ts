/** What single sign-on means for open sessions: a fresh proof, other ways that are closed, and the end that a provider sends. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type ForgingProvider, startForgingProvider } from '../../test/kit/forging-provider.ts';
import { Wanderer } from '../../test/kit/identity-provider.ts';
import { acceptByPassword, codeOf, type Person, personAt } from '../../test/kit/person.ts';
import { type Clinic, clientSecret, identityAt, SignOnLab, type Visitor } from '../../test/kit/sign-on.ts';

let lab: SignOnLab;
before(async () => {
  lab = await SignOnLab.open();
});
after(() => lab.close());
beforeEach(() => lab.world.clock.set(new Date()));

const password = 'seven herons over the lake';

async function invited(clinic: Clinic, role: string): Promise<Person & { secret: string; email: string }> {
  const email = `${role}@${clinic.domain}`;
  const { body } = await clinic.holder.ask('POST', '/v1/users', { email, name: role, role });
  const person = personAt(lab.api.url);
  const { secret } = await acceptByPassword(person, body.invitation.link, password, lab.world.clock);
  lab.world.clock.advance(30_000);
  return Object.assign(person, { secret, email });
}

const byPassword = ({ email, secret }: { email: string; secret: string }) =>
  personAt(lab.api.url).ask('POST', '/v1/sign-in/password', { email, password, code: codeOf(secret, lab.world.clock) });

describe('where single sign-on is required', () => {
  test('other ways are closed to all but owners, and open again once it is not', async () => {
    const clinic = await lab.newClinic();
    const [sender, owner] = [await invited(clinic, 'sender'), await invited(clinic, 'owner')];
    assert.equal((await byPassword(sender)).status, 200);
    lab.world.clock.advance(30_000);
    assert.equal((await lab.change(clinic, { isRequired: true })).status, 200);
    assert.equal((await byPassword(sender)).body.code, 'sso.required');
    const wrong = { ...sender, secret: owner.secret };
    assert.equal((await byPassword(wrong)).body.code, 'auth.credentials_invalid', 'said only to who proved it');
    assert.equal((await byPassword(owner)).status, 200, 'a provider that is broken locks nobody out');
    const again = await clinic.holder.ask('POST', `/v1/users/${await idOf(clinic, sender.email)}/invitation`, {});
    const late = acceptByPassword(personAt(lab.api.url), again.body.link, password, lab.world.clock);
    await assert.rejects(late, /sso\.required/);
    lab.world.clock.advance(30_000);
    await lab.change(clinic, { isEnabled: false });
    assert.equal((await byPassword(sender)).status, 200, 'switched off, it requires nothing');
  });

  const idOf = async (clinic: Clinic, email: string): Promise<string> => {
    const { users } = (await clinic.holder.ask('GET', '/v1/users')).body;
    return users.find((one: { email: string }) => one.email === email).id;
  };
});

describe('a fresh proof', () => {
  const stale = 6 * 60_000;
  let clinic: Clinic;
  let visitor: Visitor;
  before(async () => {
    clinic = await lab.newClinic({ makesUsers: false });
    await clinic.holder.ask('POST', '/v1/users', { email: `own@${clinic.domain}`, name: 'Own', role: 'owner' });
    lab.world.clock.set(new Date(Date.now() - stale));
    visitor = await lab.signedIn(clinic, 'own');
    lab.world.clock.set(new Date());
  });

  const guarded = () =>
    visitor.ask('POST', '/v1/users', { email: `x${randomUUID()}@example.org`, name: 'X', role: 'viewer' });

  async function prove(wanderer?: Wanderer): Promise<{ status: number; body: { code?: string } }> {
    const options = await visitor.ask('POST', '/v1/session/step-up/options', {});
    assert.equal(options.body.signOn, true);
    const begun = await visitor.ask('POST', '/v1/session/step-up/sso', {});
    assert.equal(begun.status, 200, JSON.stringify(begun.body));
    const asked = new URL(begun.body.url).searchParams;
    assert.deepEqual([asked.get('prompt'), asked.get('max_age')], ['login', '0']);
    return visitor.ask('POST', '/v1/session/step-up/sso/finish', await visitor.bringBack(begun.body.url, wanderer));
  }

  test('is asked of the provider anew, and opens what asks for it', async () => {
    assert.equal((await guarded()).body.code, 'auth.step_up_needed');
    lab.idp.visitor = identityAt(clinic, 'own');
    const proved = await prove();
    assert.equal(proved.status, 200, JSON.stringify(proved.body));
    assert.equal((await guarded()).status, 201);
    assert.ok((await lab.actionsOf(clinic)).includes('session.proved'));
  });

  test('of somebody else proves nothing', async () => {
    lab.idp.visitor = identityAt(clinic, 'somebody.else');
    // At another provider session, as at a shared computer.
    assert.equal((await prove(new Wanderer())).body.code, 'sso.wrong_person');
  });

  test('opens no session, and a sign-in is no proof', async () => {
    lab.idp.visitor = identityAt(clinic, 'own');
    const begun = await visitor.ask('POST', '/v1/session/step-up/sso', {});
    const answer = await visitor.bringBack(begun.body.url);
    assert.equal((await visitor.finish(answer)).body.code, 'sso.state_invalid');
    const other = await visitor.fetchAnswer({ connectionId: clinic.connection.id });
    const proof = await visitor.ask('POST', '/v1/session/step-up/sso/finish', other);
    assert.equal(proof.body.code, 'sso.state_invalid');
  });

  test('is not for sessions that came in another way', async () => {
    const { body } = await clinic.holder.ask('POST', '/v1/session/step-up/sso', {});
    assert.equal(body.code, 'sso.no_connection');
    const options = await clinic.holder.ask('POST', '/v1/session/step-up/options', {});
    assert.equal(options.body.signOn, false);
  });
});

describe('a provider', () => {
  let liar: ForgingProvider;
  let clinic: Clinic;
  before(async () => {
    liar = await startForgingProvider('the-client', clientSecret);
    clinic = await lab.newClinic({ issuer: liar.issuer, clientId: 'the-client' });
  });
  after(() => liar.close());

  async function signedIn(sub: string, sid: string, moreClaims: object = {}): Promise<Visitor> {
    const visitor = lab.visitor();
    const begun = await visitor.ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
    const asked = new URL(begun.body.url).searchParams;
    const email = `${sub}@${clinic.domain}`;
    liar.claims = { nonce: asked.get('nonce'), sub, sid, email, email_verified: true, ...moreClaims };
    const response = new URLSearchParams({ code: 'x', state: asked.get('state') ?? '' }).toString();
    const { status, body } = await visitor.finish({ connectionId: clinic.connection.id, response });
    assert.equal(status, 200, JSON.stringify(body));
    return visitor;
  }

  const isIn = async (visitor: Visitor): Promise<boolean> => (await visitor.ask('GET', '/v1/session')).status === 200;

  const logoutClaims = (over: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    return { iss: liar.issuer, aud: 'the-client', iat: now, exp: now + 120, jti: randomUUID(), events, ...over };
  };

  async function logOut(token: string): Promise<{ status: number; code?: string }> {
    const response = await fetch(`${lab.api.url}/v1/sign-in/sso/${clinic.connection.id}/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }),
    });
    const text = await response.text();
    return { status: response.status, ...(text === '' ? {} : { code: JSON.parse(text).code }) };
  }

  test('ends the session that it names, or all of a person, at once', async () => {
    const [first, second, other] = [
      await signedIn('ana', 'one'),
      await signedIn('ana', 'two'),
      await signedIn('ben', 'three'),
    ];
    assert.deepEqual(await logOut(await liar.sign(logoutClaims({ sid: 'one' }))), { status: 200 });
    assert.deepEqual([await isIn(first), await isIn(second), await isIn(other)], [false, true, true]);
    await logOut(await liar.sign(logoutClaims({ sub: 'ana' }), 'logout+jwt'));
    assert.deepEqual([await isIn(second), await isIn(other)], [false, true]);
    assert.ok((await lab.actionsOf(clinic)).includes('sso.logged_out'));
  });

  test('is not believed with a token that is not its own, not for us, no logout, old, or used', async () => {
    const visitor = await signedIn('eva', 'five');
    const old = Math.floor(Date.now() / 1000) - 3_600;
    const used = await liar.sign(logoutClaims({ sub: 'nobody' }));
    assert.equal((await logOut(used)).status, 200);
    const stranger = await startForgingProvider('the-client', clientSecret);
    const wrong = [
      used,
      'no token at all',
      await stranger.sign(logoutClaims({ sub: 'eva' })),
      await liar.sign(logoutClaims({ sub: 'eva', iss: 'https://evil.example' })),
      await liar.sign(logoutClaims({ sub: 'eva', aud: 'another' })),
      await liar.sign(logoutClaims({ sub: 'eva', nonce: 'x' })),
      await liar.sign(logoutClaims({ sub: 'eva', events: {} })),
      await liar.sign(logoutClaims({ sub: 'eva', iat: old, exp: old + 60 })),
      await liar.sign(logoutClaims({ sub: 'eva', jti: undefined })),
      await liar.sign(logoutClaims({})),
    ];
    await stranger.close();
    for (const token of wrong) assert.deepEqual(await logOut(token), { status: 400, code: 'sso.logout_invalid' });
    assert.ok(await isIn(visitor));
  });

  test('without a time of asking proves nothing, nor with one from before', async () => {
    for (const authTime of [undefined, Math.floor(Date.now() / 1000) - 300]) {
      const visitor = await signedIn('fay', 'six');
      const begun = await visitor.ask('POST', '/v1/session/step-up/sso', {});
      const asked = new URL(begun.body.url).searchParams;
      liar.claims = { ...liar.claims, nonce: asked.get('nonce'), auth_time: authTime };
      const response = new URLSearchParams({ code: 'x', state: asked.get('state') ?? '' }).toString();
      const answer = { connectionId: clinic.connection.id, response };
      assert.equal((await visitor.ask('POST', '/v1/session/step-up/sso/finish', answer)).body.code, 'sso.not_fresh');
    }
  });

  test('who is switched off, changed or deleted has no sessions left', async () => {
    for (const end of [
      () => lab.change(clinic, { isEnabled: false }),
      () => lab.change(clinic, { isEnabled: true, clientId: 'another' }),
      () => clinic.holder.ask('DELETE', `/v1/single-sign-on/${clinic.connection.id}`),
    ]) {
      await lab.change(clinic, { isEnabled: true, clientId: 'the-client' });
      const visitor = await signedIn('gil', randomUUID());
      assert.ok((await end()).status < 300);
      assert.equal(await isIn(visitor), false);
    }
    const gone = await lab.visitor().ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
    assert.equal(gone.body.code, 'sso.no_connection');
    assert.deepEqual(await logOut('x'), { status: 404, code: 'sso.not_found' });
  });
});

describe('a connection', () => {
  test('keeps its secret to itself, is whole before it is switched on, and has its domains alone', async () => {
    const clinic = await lab.newClinic();
    const { body } = await clinic.holder.ask('GET', '/v1/single-sign-on');
    assert.equal(body.connections[0].hasSecret, true);
    assert.ok(!JSON.stringify(body).includes(clientSecret));
    const bare = await clinic.holder.ask('POST', '/v1/single-sign-on', { name: 'Bare', isEnabled: true });
    assert.equal(bare.body.code, 'sso.incomplete');
    const taken = await clinic.holder.ask('POST', '/v1/single-sign-on', { name: 'Other', domains: [clinic.domain] });
    assert.equal(taken.body.code, 'sso.domain_taken');
    const lost = await lab.change(clinic, { defaultDepartmentId: randomUUID() });
    assert.equal(lost.body.code, 'department.unknown');
    for (let made = 1; made < 20; made += 1)
      assert.equal((await clinic.holder.ask('POST', '/v1/single-sign-on', { name: 'One more' })).status, 201);
    const more = await clinic.holder.ask('POST', '/v1/single-sign-on', { name: 'Too many' });
    assert.equal(more.body.code, 'sso.too_many_connections');
  });
});
