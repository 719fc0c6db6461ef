/** The HTTP routes of signing in: links, passkeys, passwords, invitations, step-up, and a user's own security. */
import {
  endSession as endSessionEndpoint,
  openSession as openSessionEndpoint,
  readSession as readSessionEndpoint,
} from '../../contract/access.ts';
import {
  acceptInvitation as acceptInvitationEndpoint,
  addPasskey as addPasskeyEndpoint,
  changeOwnPassword as changeOwnPasswordEndpoint,
  endOtherSessions as endOtherSessionsEndpoint,
  endOwnSession as endOwnSessionEndpoint,
  listOwnSessions,
  newPasskeyOptions as newPasskeyOptionsEndpoint,
  newTotpSecret as newTotpSecretEndpoint,
  openInvitation as openInvitationEndpoint,
  passkeySignInOptions as passkeySignInOptionsEndpoint,
  readOwnSecurity as readOwnSecurityEndpoint,
  removeOwnPassword as removeOwnPasswordEndpoint,
  removePasskey as removePasskeyEndpoint,
  renewRecoveryCodes as renewRecoveryCodesEndpoint,
  signInByPasskey as signInByPasskeyEndpoint,
  signInByPassword as signInByPasswordEndpoint,
  stepUp as stepUpEndpoint,
  stepUpOptions as stepUpOptionsEndpoint,
} from '../../contract/sign-in.ts';
import { Answer, type Route, route, writes, writesNothing } from '../../platform/route.ts';
import type { World } from '../../platform/world.ts';
import type { Gate } from '../gate.ts';
import { acceptInvitation, openInvitation } from '../people/invitations.ts';
import { sessionBody, userBody } from '../people/people-routes.ts';
import { visitorOf } from '../place.ts';
import type { OpenedSession } from '../sessions/open-session.ts';
import { clearSessionCookie, writeSessionCookie } from '../sessions/session-cookie.ts';
import { endOtherSessions, endOwnSession, endSession, listSessions } from '../sessions/sessions.ts';
import { countTries, type Tries } from '../tries.ts';
import {
  addPasskey,
  changeOwnPassword,
  newPasskeyOptions,
  newTotpSecret,
  readOwnSecurity,
  removeOwnPassword,
  removePasskey,
  renewRecoveryCodes,
} from './own-security.ts';
import { type RelyingParty, relyingParty } from './passkeys.ts';
import { openSession, readSession, type SignedIn, sessionIdOf } from './sign-in.ts';
import { passkeySignInOptions, signInByPasskey, signInByPassword } from './sign-in-user.ts';
import { stepUp, stepUpOptions } from './step-up.ts';

export function signInRoutes(world: World, gate: Gate, { publicUrl }: { readonly publicUrl: string }): Route[] {
  const party = relyingParty(publicUrl);
  const tries = countTries(world);
  const isSecure = publicUrl.startsWith('https:');
  return [
    ...openRoutes(world, party, tries, isSecure),
    ...sessionRoutes(world, gate, party, tries, isSecure),
    ...ownRoutes(world, gate, party),
  ];
}

/** A session and its cookie. */
const signedIn = (isSecure: boolean, { token, ...session }: SignedIn, more: object = {}): Answer =>
  new Answer(
    { ...openedBody(session), ...more },
    { 'set-cookie': writeSessionCookie(isSecure, token, session.expiresAt) },
  );

/** The same with cookies beside it. */
export const sessionAnswer = (isSecure: boolean, session: SignedIn, cookies: readonly string[]): Answer =>
  new Answer(openedBody(session), {
    'set-cookie': [writeSessionCookie(isSecure, session.token, session.expiresAt), ...cookies],
  });

export const openedBody = ({ account, user, permissions, expiresAt, idleMinutes }: OpenedSession) => ({
  account,
  user,
  permissions,
  expiresAt: expiresAt.toISOString(),
  idleMinutes,
});

type Headers = Readonly<Record<string, string | undefined>>;

/** Who asks, from where and at which page. */
const fromOf = (party: RelyingParty, request: { readonly headers: Headers; readonly address: string }) => ({
  party,
  origin: request.headers.origin,
  visitor: visitorOf(request),
});

const openRoutes = (world: World, party: RelyingParty, tries: Tries, isSecure: boolean): Route[] => [
  route(openSessionEndpoint, 'open', writes('session.opened', ['session.unusual']), async (request) =>
    signedIn(isSecure, await openSession(world, request.body.token, visitorOf(request))),
  ),
  route(
    passkeySignInOptionsEndpoint,
    'open',
    writesNothing('A challenge for whoever asks; it reads nothing.'),
    async () => ({ ...(await passkeySignInOptions(world, party)) }),
  ),
  route(signInByPasskeyEndpoint, 'open', writes('session.opened', ['session.unusual']), async (request) =>
    signedIn(isSecure, await signInByPasskey(world, fromOf(party, request), request.body.answer)),
  ),
  route(signInByPasswordEndpoint, 'open', writes('session.opened', ['session.unusual']), async (request) =>
    signedIn(isSecure, await signInByPassword(world, tries, visitorOf(request), request.body)),
  ),
  route(openInvitationEndpoint, 'open', writes('invitation.opened'), async (request) => {
    const { expiresAt, passkey, ...invited } = await openInvitation(world, fromOf(party, request), request.body.token);
    return { ...invited, passkey: { ...passkey }, expiresAt: expiresAt.toISOString() };
  }),
  route(acceptInvitationEndpoint, 'open', writes(['user.accepted', 'session.opened']), async (request) => {
    const { recoveryCodes, ...session } = await acceptInvitation(world, fromOf(party, request), request.body);
    return signedIn(isSecure, session, { recoveryCodes });
  }),
];

const sessionRoutes = (world: World, gate: Gate, party: RelyingParty, tries: Tries, isSecure: boolean): Route[] => [
  route(readSessionEndpoint, 'session', writesNothing('Somebody’s own session.'), async (_request, caller) =>
    openedBody(await readSession(world, caller)),
  ),
  route(endSessionEndpoint, 'session', writes('session.ended'), async (_request, caller) => {
    await endSession(world, gate, caller, sessionIdOf(caller));
    return new Answer(undefined, { 'set-cookie': clearSessionCookie(isSecure) });
  }),
  route(
    stepUpOptionsEndpoint,
    'session',
    writesNothing('Somebody’s own ways to sign in.'),
    async (_request, caller) => {
      const { passkey, ...others } = await stepUpOptions(world, party, caller);
      return { passkey: passkey === null ? null : { ...passkey }, ...others };
    },
  ),
  route(stepUpEndpoint, 'session', writes('session.proved'), async (request, caller) => {
    const needs = { gate, tries, ...fromOf(party, request) };
    return openedBody(await stepUp(world, needs, caller, request.body));
  }),
  route(listOwnSessions, 'session', writesNothing('Somebody’s own sessions.'), async (_request, caller) => ({
    sessions: (await listSessions(world, caller, 'own')).map(sessionBody),
  })),
  route(endOwnSessionEndpoint, 'session', writes('session.ended'), async ({ params }, caller) => {
    await endOwnSession(world, gate, caller, params.sessionId);
    return undefined;
  }),
  route(endOtherSessionsEndpoint, 'session', writes('sessions.ended'), async (_request, caller) => {
    await endOtherSessions(world, gate, caller);
    return undefined;
  }),
];

const ownRoutes = (world: World, gate: Gate, party: RelyingParty): Route[] => [
  route(
    readOwnSecurityEndpoint,
    'session',
    writesNothing('Somebody’s own ways to sign in.'),
    async (_request, caller) => {
      const { user, passkeys, recoveryCodesLeft } = await readOwnSecurity(world, caller);
      const passkeyBodies = passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({
        id,
        name,
        createdAt: createdAt.toISOString(),
        lastUsedAt: lastUsedAt?.toISOString() ?? null,
      }));
      return { user: userBody(user), passkeys: passkeyBodies, recoveryCodesLeft };
    },
  ),
  route(
    newPasskeyOptionsEndpoint,
    'session',
    writesNothing('A challenge; nothing is stored before it is answered.'),
    async (_request, caller) => ({
      ...(await newPasskeyOptions(world, party, caller)),
    }),
  ),
  route(addPasskeyEndpoint, 'session', writes('passkey.added'), async (request, caller) => {
    const from = { party, origin: request.headers.origin };
    return { id: await addPasskey(world, caller, { ...from, ...request.body }) };
  }),
  route(removePasskeyEndpoint, 'session', writes('passkey.removed'), async ({ params }, caller) => {
    await removePasskey(world, caller, params.passkeyId);
    return undefined;
  }),
  route(
    newTotpSecretEndpoint,
    'session',
    writesNothing('A proposal; nothing is stored before it is confirmed.'),
    async (_request, caller) => newTotpSecret(world, caller),
  ),
  route(changeOwnPasswordEndpoint, 'session', writes('password.changed'), async ({ body }, caller) => ({
    recoveryCodes: await changeOwnPassword(world, gate, caller, body),
  })),
  route(removeOwnPasswordEndpoint, 'session', writes('password.removed'), async (_request, caller) => {
    await removeOwnPassword(world, caller);
    return undefined;
  }),
  route(renewRecoveryCodesEndpoint, 'session', writes('recovery_codes.renewed'), async (_request, caller) => ({
    recoveryCodes: await renewRecoveryCodes(world, caller),
  })),
];
