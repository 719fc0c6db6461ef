/** An identity provider that lies as a test tells it to: it signs whatever claims, with whatever key, and describes itself as it likes. */
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { listen } from './identity-provider.ts';

export interface ForgingProvider {
  readonly issuer: string;
  /** Changes what it says of itself. */
  description: object;
  /** What the next token says beside what is right; a claim that is undefined is left out. */
  claims: { [claim: string]: unknown };
  signedBy: 'its key' | 'another key' | 'nobody' | 'the client secret';
  /** What an ID token says that is right, for tokens that are no ID tokens. */
  sign(claims: JWTPayload, type?: string): Promise<string>;
  /** How often each of its addresses was asked. */
  readonly asked: Map<string, number>;
  close(): Promise<void>;
}

export async function startForgingProvider(clientId: string, clientSecret: string): Promise<ForgingProvider> {
  const [own, foreign] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'own', use: 'sig', alg: 'RS256' };
  const asked = new Map<string, number>();
  const at = await listen((request, response) => {
    const answer = (body: object): void =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (path === '/.well-known/openid-configuration') return answer(describe());
    if (path === '/jwks') return answer({ keys: [jwk] });
    if (path !== '/token') return void response.writeHead(404).end();
    void idToken().then((token) => answer({ access_token: 'x', token_type: 'Bearer', id_token: token }));
  });
  const describe = (): object => ({
    issuer: at.url,
    authorization_endpoint: `${at.url}/auth`,
    token_endpoint: `${at.url}/token`,
    jwks_uri: `${at.url}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    ...idp.description,
  });
  const signWith = (key: CryptoKey | Uint8Array, alg: string, claims: JWTPayload, typ = 'JWT'): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg, kid: 'own', typ }).sign(key);
  const idToken = async (): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const right = { iss: at.url, aud: clientId, sub: 'somebody', iat: now, exp: now + 300 };
    const claims = Object.fromEntries(
      Object.entries({ ...right, ...idp.claims }).filter(([, value]) => value !== undefined),
    ) as JWTPayload;
    if (idp.signedBy === 'nobody') return new UnsecuredJWT(claims).encode();
    if (idp.signedBy === 'the client secret') return signWith(new TextEncoder().encode(clientSecret), 'HS256', claims);
    return signWith(idp.signedBy === 'its key' ? own.privateKey : foreign.privateKey, 'RS256', claims);
  };
  const idp: ForgingProvider = {
    issuer: at.url,
    description: {},
    claims: {},
    signedBy: 'its key',
    sign: (claims, type) => signWith(own.privateKey, 'RS256', claims, type),
    asked,
    close: at.close,
  };
  return idp;
}
