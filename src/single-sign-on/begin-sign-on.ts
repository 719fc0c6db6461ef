/** Sends a browser to an identity provider: authorization code with PKCE, state and nonce, back to one fixed address. */

import * as oidc from 'openid-client';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { type Asked, findConnection, type LoadedConnection, loadConnection } from './find-connection.ts';
import type { Flow } from './flow-cookie.ts';
import { configurationOf, type Providers } from './provider.ts';
import { readSignOnSession } from './store.ts';

export interface SignOnNeeds extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly providers: Providers;
  /** Where the console is, without a slash at the end. */
  readonly publicUrl: string;
}

export interface Begun {
  readonly url: string;
  readonly flow: Flow;
}

/** One for each connection, so that no provider is sent an answer of another. RFC 9700 §4.4.2.1 */
export const redirectUriOf = (publicUrl: string, connectionId: string): string =>
  `${publicUrl}/sign-in/sso/${connectionId}/callback`;

export async function beginSignOn(needs: SignOnNeeds, asked: Asked): Promise<Begun> {
  return begin(needs, await loadConnection(needs, await findConnection(needs, asked)), null);
}

/** At the provider that opened the session, and nowhere else. */
export async function beginProof(needs: SignOnNeeds, caller: Caller): Promise<Begun> {
  const sessionId = caller.session?.id;
  if (sessionId === undefined) throw new Problem('sso.no_connection');
  const opened = await needs.db.readAccount(caller.accountId, (tx) => readSignOnSession(tx, sessionId));
  if (opened === undefined) throw new Problem('sso.no_connection');
  const found = { accountId: caller.accountId, connectionId: opened.connectionId };
  return begin(needs, await loadConnection(needs, found), sessionId);
}

async function begin(needs: SignOnNeeds, loaded: LoadedConnection, sessionId: string | null): Promise<Begun> {
  const { accountId, connection, identity } = loaded;
  const { metadata } = await needs.providers.find(identity);
  const startedAtMs = needs.clock.now().getTime();
  // What the page of the redirect URI asks of us next shows in the state's first letter; the server goes by the flow.
  const state = `${sessionId === null ? 's' : 'p'}-${oidc.randomState()}`;
  const [nonce, verifier] = [oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
  const { connectionId } = identity;
  const { secondFactor } = connection;
  const url = oidc.buildAuthorizationUrl(configurationOf(needs.clock, needs.providers, metadata, identity), {
    redirect_uri: redirectUriOf(needs.publicUrl, connectionId),
    scope: 'openid email profile',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...(secondFactor?.claim === 'acr' ? { acr_values: secondFactor.value } : {}),
    // OIDC Core §3.1.2.1: `login` asks again; max_age makes the provider say when that was.
    ...(sessionId === null ? {} : { prompt: 'login', max_age: '0' }),
  });
  return { url: url.href, flow: { accountId, connectionId, state, nonce, verifier, sessionId, startedAtMs } };
}
