/**
 * Ends sessions because the identity provider says so: OpenID Connect Back-Channel Logout 1.0. It believes a signed token
 * of the connection's own provider and nothing else, and each token once.
 */
import { type JWTPayload, jwtVerify } from 'jose';
import { endSignOnSessions } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { findConnection, type LoadedConnection, loadConnection } from './find-connection.ts';
import { type FinishNeeds, subjectIndex } from './finish-sign-on.ts';
import { clockToleranceSeconds } from './provider.ts';
import { claimState, listSignOnSessions } from './store.ts';

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const maxAgeSeconds = 10 * 60;

export async function endByToken(needs: FinishNeeds, connectionId: string, form: Uint8Array): Promise<void> {
  const loaded = await loadAny(needs, connectionId);
  const token = new URLSearchParams(Buffer.from(form).toString()).get('logout_token') ?? '';
  const claims = await verifyToken(needs, loaded, token);
  const { accountId, vault } = loaded;
  const at = needs.clock.now();
  const [subject, sid] = [textOf(claims.sub), textOf(claims.sid)];
  const jti = vault.index('sso.jti', `${connectionId}\0${claims.jti}`);
  const ended = await needs.db.asAccount(accountId, async (tx) => {
    const expiresAt = new Date(at.getTime() + 2 * maxAgeSeconds * 1_000);
    if (!(await claimState(tx, jti, expiresAt, at))) throw new Problem('sso.logout_invalid');
    const ids = await listSignOnSessions(tx, connectionId, {
      ...(subject === undefined ? {} : { subject: subjectIndex(loaded, subject) }),
      ...(sid === undefined ? {} : { sid: vault.index('sso.sid', sid) }),
    });
    const over = await endSignOnSessions(tx, ids, at);
    const actor = { kind: 'system', id: 'single-sign-on' } as const;
    const object = { kind: 'sso-connection', id: connectionId } as const;
    await record(tx, { at, actor, action: 'sso.logged_out', object, detail: { sessions: over.length } });
    return over;
  });
  for (const id of ended) needs.forget(id);
}

async function loadAny(needs: FinishNeeds, connectionId: string): Promise<LoadedConnection> {
  try {
    return await loadConnection(needs, await findConnection(needs, { connectionId }));
  } catch (error) {
    throw error instanceof Problem && error.code === 'sso.no_connection' ? new Problem('sso.not_found') : error;
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Back-Channel Logout 1.0 §2.6. Throws sso.logout_invalid. */
async function verifyToken(needs: FinishNeeds, { identity }: LoadedConnection, token: string): Promise<JWTPayload> {
  const { metadata, keys } = await needs.providers.find(identity);
  const claims = await jwtVerify(token, keys, {
    issuer: metadata.issuer,
    audience: identity.clientId,
    currentDate: needs.clock.now(),
    clockTolerance: clockToleranceSeconds,
    maxTokenAge: maxAgeSeconds,
    requiredClaims: ['iat', 'exp', 'jti', 'events'],
  }).then(
    ({ payload }) => payload,
    () => undefined,
  );
  const events = claims?.events as Record<string, unknown> | undefined;
  const isLogout = typeof events === 'object' && events !== null && Object.hasOwn(events, logoutEvent);
  const namesSomebody = claims !== undefined && (typeof claims.sub === 'string' || typeof claims.sid === 'string');
  // With a nonce it is an ID token, which anybody who was ever signed in may hold.
  if (claims === undefined || !isLogout || !namesSomebody || claims.nonce !== undefined)
    throw new Problem('sso.logout_invalid');
  return claims;
}
