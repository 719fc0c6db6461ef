/**
 * Redeems what a browser brings back from an identity provider for what that provider says of somebody. Everything is
 * checked here: browser, state, issuer, audience, nonce, time, signature. It knows no user.
 */
import { compactVerify, errors as joseErrors } from 'jose';
import * as oidc from 'openid-client';
import { Problem, type ProblemCode } from '../contract/problem.ts';
import { type Claims, hasClaim } from '../core/access/sign-on-claims.ts';
import { redirectUriOf, type SignOnNeeds } from './begin-sign-on.ts';
import { type LoadedConnection, loadConnection } from './find-connection.ts';
import { type Flow, flowLifeMs } from './flow-cookie.ts';
import { clientAuthentications, configurationOf, type KnownProvider } from './provider.ts';
import { claimState } from './store.ts';

export interface Redeemed extends LoadedConnection {
  readonly claims: Claims;
  readonly subject: string;
  /** The provider's name for its own session. Null: it gave none. */
  readonly sid: string | null;
  /** When the provider last asked who it is. */
  readonly authenticatedAtMs: number | null;
}

interface BroughtBack {
  readonly connectionId: string;
  /** A query, as it came. */
  readonly response: string;
}

export async function redeemAnswer(
  needs: SignOnNeeds,
  flow: Flow | undefined,
  { connectionId, response }: BroughtBack,
): Promise<Redeemed> {
  if (flow === undefined || flow.connectionId !== connectionId) throw new Problem('sso.state_invalid');
  const answer = new URLSearchParams(response);
  if (answer.get('state') !== flow.state) throw new Problem('sso.state_invalid');
  const loaded = await loadConnection(needs, flow);
  await claimOnce(needs, loaded, flow);
  const provider = await needs.providers.find(loaded.identity);
  const url = new URL(redirectUriOf(needs.publicUrl, connectionId));
  url.search = answer.toString();
  try {
    const tokens = await exchange(needs, loaded, provider, flow, url);
    const claims = tokens.claims();
    if (claims === undefined || tokens.id_token === undefined) throw new Problem('sso.token_invalid');
    await verifySignature(provider, tokens.id_token);
    const { sid, auth_time: authTime } = claims;
    return {
      ...loaded,
      claims: await withUserInfo(needs, loaded, provider, tokens.access_token, claims),
      subject: claims.sub,
      sid: typeof sid === 'string' ? sid : null,
      authenticatedAtMs: typeof authTime === 'number' ? authTime * 1_000 : null,
    };
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(codeOf(error));
  }
}

async function claimOnce(needs: SignOnNeeds, { accountId, vault }: LoadedConnection, flow: Flow): Promise<void> {
  const at = needs.clock.now();
  const state = vault.index('sso.state', flow.state);
  const isFirst = await needs.db.asAccount(accountId, (tx) =>
    claimState(tx, state, new Date(flow.startedAtMs + flowLifeMs), at),
  );
  if (!isFirst) throw new Problem('sso.state_invalid');
}

type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

/** A code stays good when a client was not taken for who it is (RFC 6749 §5.2), so the next way to say it is tried. */
async function exchange(
  needs: SignOnNeeds,
  { identity }: LoadedConnection,
  { metadata }: KnownProvider,
  flow: Flow,
  url: URL,
): Promise<Tokens> {
  const ways = clientAuthentications(identity, metadata);
  for (const [index, way] of ways.entries()) {
    const configuration = configurationOf(needs.clock, needs.providers, metadata, identity, way);
    try {
      return await oidc.authorizationCodeGrant(configuration, url, {
        pkceCodeVerifier: flow.verifier,
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        idTokenExpected: true,
      });
    } catch (error) {
      if (!isRefusedClient(error) || index === ways.length - 1) throw error;
    }
  }
  throw new Problem('sso.client_refused');
}

/** RFC 6749 §5.2: with a challenge where HTTP Basic was used, with an error in the body otherwise. */
const isRefusedClient = (error: unknown): boolean =>
  error instanceof oidc.WWWAuthenticateChallengeError ||
  (error instanceof oidc.ResponseBodyError && ['invalid_client', 'unauthorized_client'].includes(error.error));

/** It came to us over TLS from the provider itself, so that asking for its keys anew is no stranger's doing. */
async function verifySignature({ keys }: KnownProvider, idToken: string): Promise<void> {
  try {
    await compactVerify(idToken, keys);
  } catch (error) {
    if (!(error instanceof joseErrors.JWKSNoMatchingKey)) throw error;
    await keys.reload();
    await compactVerify(idToken, keys);
  }
}

/** Many providers tell addresses and groups only there. What the ID token says counts first. OIDC Core §5.3 */
async function withUserInfo(
  needs: SignOnNeeds,
  { connection, identity }: LoadedConnection,
  { metadata }: KnownProvider,
  accessToken: string,
  claims: Claims & { readonly sub: string },
): Promise<Claims> {
  const { roleClaim } = connection;
  const isWhole = claims.email !== undefined && (roleClaim === null || hasClaim(claims, roleClaim));
  if (isWhole || metadata.userinfo_endpoint === undefined) return claims;
  const configuration = configurationOf(needs.clock, needs.providers, metadata, identity);
  const told = await oidc.fetchUserInfo(configuration, accessToken, claims.sub);
  // An address and the word that it is verified belong together.
  const { email, email_verified: isVerified, ...others } = claims;
  return { ...told, ...others, ...(email === undefined ? {} : { email, email_verified: isVerified }) };
}

/** What went wrong, as somebody at the console can understand it. */
export function codeOf(error: unknown): ProblemCode {
  if (error instanceof oidc.AuthorizationResponseError) return 'sso.provider_refused';
  if (isRefusedClient(error)) return 'sso.client_refused';
  if (error instanceof oidc.ResponseBodyError) return 'sso.code_refused';
  if (error instanceof joseErrors.JWKSTimeout) return 'sso.provider_unreachable';
  if (error instanceof joseErrors.JOSEError) return 'sso.token_invalid';
  const code = String((error as { code?: unknown }).code);
  if (code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return 'sso.token_expired';
  if (wrongTokens.includes(code)) return 'sso.token_invalid';
  return 'sso.provider_unreachable';
}

const wrongTokens = [
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_PARSE_ERROR',
  'OAUTH_UNSUPPORTED_OPERATION',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_JWT_USERINFO_EXPECTED',
];
