/** Providers that lie, are away or are not what the connection says; and addresses that are never asked. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { type ForgingProvider, startForgingProvider } from '../../test/kit/forging-provider.ts';
import { listen } from '../../test/kit/identity-provider.ts';
import { type Clinic, clientSecret, SignOnLab, type Visitor } from '../../test/kit/sign-on.ts';
import { AddressRefused, type LookupAll } from '../platform/public-address.ts';
import { guardedFetch, isAskable } from './guarded-fetch.ts';

let lab: SignOnLab;
let liar: ForgingProvider;
let clinic: Clinic;
before(async () => {
  lab = await SignOnLab.open();
  liar = await startForgingProvider('the-client', clientSecret);
  clinic = await lab.newClinic({ issuer: liar.issuer, clientId: 'the-client' });
});
after(async () => {
  await liar.close();
  await lab.close();
});
beforeEach(() => {
  lab.world.clock.set(new Date());
  Object.assign(liar, { claims: {}, signedBy: 'its key', description: {} });
});

const at = (name: string) => ({ email: `${name}@${clinic.domain}`, email_verified: true });

/** Begins, and brings back what the liar would have sent. */
async function comeBack(visitor: Visitor): Promise<{ code: string; status: number; nonce: string }> {
  const begun = await visitor.ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const asked = new URL(begun.body.url).searchParams;
  const nonce = asked.get('nonce') ?? '';
  liar.claims = { nonce, ...at('ana'), ...liar.claims };
  const response = new URLSearchParams({ code: 'x', state: asked.get('state') ?? '' }).toString();
  const { status, body } = await visitor.finish({ connectionId: clinic.connection.id, response });
  return { status, code: body.code, nonce };
}

const soon = (): number => Math.floor(Date.now() / 1000);

describe('a token', () => {
  test('that is right lets in', async () => {
    assert.equal((await comeBack(lab.visitor())).status, 200);
  });

  const wrong: [string, () => void, string][] = [
    ['of another issuer', () => (liar.claims = { iss: 'https://evil.example' }), 'sso.token_invalid'],
    ['for another client', () => (liar.claims = { aud: 'another-client' }), 'sso.token_invalid'],
    [
      'for many clients, none of them in charge',
      () => (liar.claims = { aud: ['the-client', 'another'] }),
      'sso.token_invalid',
    ],
    ['with another nonce', () => (liar.claims = { nonce: 'another' }), 'sso.token_invalid'],
    ['without a nonce', () => (liar.claims = { nonce: undefined }), 'sso.token_invalid'],
    ['without a subject', () => (liar.claims = { sub: undefined }), 'sso.token_invalid'],
    ['that has expired', () => (liar.claims = { iat: soon() - 900, exp: soon() - 90 }), 'sso.token_expired'],
    ['that holds from later on', () => (liar.claims = { nbf: soon() + 600 }), 'sso.token_expired'],
    ['that nobody signed', () => (liar.signedBy = 'nobody'), 'sso.token_invalid'],
    ['signed by another key', () => (liar.signedBy = 'another key'), 'sso.token_invalid'],
    ['signed by the client secret', () => (liar.signedBy = 'the client secret'), 'sso.token_invalid'],
  ];
  for (const [name, forge, code] of wrong)
    test(`${name} lets nobody in`, async () => {
      forge();
      const visitor = lab.visitor();
      assert.equal((await comeBack(visitor)).code, code);
      assert.ok(!visitor.jar.has('waxwing'));
    });
});

describe('keys and descriptions', () => {
  test('are fetched once for many who sign in', async () => {
    await comeBack(lab.visitor());
    const before = [liar.asked.get('/jwks'), liar.asked.get('/.well-known/openid-configuration')];
    for (let round = 0; round < 3; round += 1) {
      liar.claims = {};
      assert.equal((await comeBack(lab.visitor())).status, 200);
    }
    assert.deepEqual([liar.asked.get('/jwks'), liar.asked.get('/.well-known/openid-configuration')], before);
  });
});

describe('the test of a connection', () => {
  const check = async (): Promise<{ findings: string[]; foundIssuer: string | null }> => {
    const { status, body } = await clinic.holder.ask('POST', `/v1/single-sign-on/${clinic.connection.id}/check`, {});
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };

  test('finds nothing wrong where nothing is', async () => {
    assert.deepEqual((await check()).findings, []);
    assert.ok((await lab.actionsOf(clinic)).includes('sso_connection.checked'));
  });

  const faults: [object, string][] = [
    [{ issuer: 'https://other.example' }, 'issuer_mismatch'],
    [{ authorization_endpoint: undefined }, 'no_authorization_endpoint'],
    [{ authorization_endpoint: 'javascript:alert(1)' }, 'no_authorization_endpoint'],
    [{ token_endpoint: 'http://192.0.2.1/token' }, 'no_token_endpoint'],
    [{ jwks_uri: undefined }, 'no_keys'],
    [{ response_types_supported: ['id_token'] }, 'no_code_flow'],
    [{ code_challenge_methods_supported: ['plain'] }, 'no_pkce'],
  ];
  for (const [description, finding] of faults)
    test(`says ${finding} of ${JSON.stringify(description)}`, async () => {
      liar.description = description;
      const { findings, foundIssuer } = await check();
      assert.deepEqual(findings, [finding]);
      assert.equal(foundIssuer, finding === 'issuer_mismatch' ? 'https://other.example' : null);
    });

  test('says what is wrong with a place that is no provider, or away', async (t) => {
    const page = await listen((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hi'),
    );
    const none = await listen((_request, response) => response.writeHead(404).end());
    const heavy = await listen((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"issuer":"${'x'.repeat(2_000_000)}"}`);
    });
    const moved = await listen((_request, response) => response.writeHead(302, { location: liar.issuer }).end());
    const gone = await listen(() => undefined);
    for (const one of [page, none, heavy, moved]) t.after(one.close);
    await gone.close();
    const found: string[] = [];
    for (const { url } of [page, none, heavy, moved, gone]) {
      assert.equal((await lab.change(clinic, { issuer: url })).status, 200);
      found.push((await check()).findings.join());
    }
    assert.deepEqual(found, ['not_discovery', 'not_found', 'unreachable', 'not_found', 'unreachable']);
    const begun = await lab.visitor().ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
    assert.deepEqual([begun.status, begun.body.code], [502, 'sso.provider_unreachable']);
    await lab.change(clinic, { issuer: page.url });
    const misled = await lab.visitor().ask('POST', '/v1/sign-in/sso', { connectionId: clinic.connection.id });
    assert.equal(misled.body.code, 'sso.provider_misconfigured');
    await lab.change(clinic, { issuer: liar.issuer });
  });
});

describe('an address', () => {
  test('within the own network is never asked, unless the operator allows it', async (t) => {
    const shut = await SignOnLab.open(false);
    t.after(() => shut.close());
    const { accountId } = await createTestAccount(shut.world);
    const holder = await shut.linkHolder(accountId);
    for (const issuer of [
      'http://127.0.0.1:8080',
      'http://idp.example',
      'https://127.0.0.1',
      'https://10.1.2.3',
      'https://169.254.169.254/latest',
      'https://[::1]',
      'https://[fd00::1]',
      'https://[::ffff:10.0.0.1]',
      'https://100.64.0.1',
      'https://0.0.0.0',
      'https://localhost',
      'https://2130706433',
      'https://user:password@idp.example',
    ]) {
      const { body } = await holder.ask('POST', '/v1/single-sign-on', { name: 'x', issuer });
      assert.equal(body.code, 'sso.issuer_refused', issuer);
    }
    assert.equal(
      (await holder.ask('POST', '/v1/single-sign-on', { name: 'x', issuer: 'https://idp.example/realm' })).status,
      201,
    );
  });

  test('is judged by where its name leads, when it is asked', async (t) => {
    const server = await listen((_request, response) => response.end('secret'));
    t.after(server.close);
    const { port } = new URL(server.url);
    for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', 'fe80::1', '::ffff:192.168.0.1']) {
      const inner: LookupAll = (_name, _options, done) =>
        done(null, [
          { address: '192.0.0.8', family: 4 },
          { address, family: 4 },
        ]);
      await assert.rejects(guardedFetch(false, inner)(`https://idp.example:${port}/`, {}), AddressRefused, address);
    }
    await assert.rejects(guardedFetch(false)(`https://127.0.0.1:${port}/`, {}), AddressRefused);
    await assert.rejects(guardedFetch(false)(`http://127.0.0.1:${port}/`, {}), AddressRefused);
    assert.equal(await (await guardedFetch(true)(server.url, {})).text(), 'secret');
    assert.ok(!isAskable('http://192.0.2.1', true), 'in the clear only on this machine');
    assert.ok(!isAskable('file:///etc/passwd', true));
  });
});
