/** The HTTP routes of single sign-on: its connections, signing in and proving oneself by them, and their logout. */
import { openedBody, sessionAnswer, visitorOf } from '../accounts/index.ts';
import {
  changeSignOnConnection,
  checkSignOnConnection,
  checkSignOnDomains,
  createSignOnConnection,
  deleteSignOnConnection,
  endSignOnSessions,
  finishSignOn as finishSignOnEndpoint,
  finishSignOnProof,
  forgetSignOnIdentity,
  listSignOnConnections,
  startSignOn,
  startSignOnProof,
} from '../contract/single-sign-on.ts';
import { Answer, type Route, route, writes, writesNothing } from '../platform/route.ts';
import { type Begun, beginProof, beginSignOn, redirectUriOf } from './begin-sign-on.ts';
import { checkProvider } from './check-provider.ts';
import {
  assertAccountWide,
  type ConnectionNeeds,
  changeConnection,
  createConnection,
  type DescribedConnection,
  deleteConnection,
  forgetIdentity,
  listConnections,
} from './connections.ts';
import { endByToken } from './end-sessions.ts';
import { type FinishNeeds, finishSignOn } from './finish-sign-on.ts';
import { clearFlowCookie, readFlowCookie, writeFlowCookie } from './flow-cookie.ts';
import { proveAgain } from './prove-again.ts';
import { lookAtConnection, type ProvingNeeds } from './prove-domains.ts';

export type RouteNeeds = ConnectionNeeds & FinishNeeds & ProvingNeeds;

export const connectionRoutes = (needs: RouteNeeds): Route[] => [
  route(
    listSignOnConnections,
    'people.read',
    writesNothing('Settings of the account, of no person.'),
    async (_request, caller) => ({
      connections: (await listConnections(needs, caller)).map((one) => connectionBody(needs, one)),
    }),
  ),
  route(createSignOnConnection, 'people.manage', writes('sso_connection.created'), async ({ body }, caller) =>
    connectionBody(needs, await createConnection(needs, caller, body)),
  ),
  route(
    changeSignOnConnection,
    'people.manage',
    writes('sso_connection.changed', ['session.ended']),
    async ({ params, body }, caller) => connectionBody(needs, await changeConnection(needs, caller, params.id, body)),
  ),
  route(
    deleteSignOnConnection,
    'people.manage',
    writes('sso_connection.deleted', ['session.ended']),
    async ({ params }, caller) => {
      await deleteConnection(needs, caller, params.id);
      return undefined;
    },
  ),
  route(checkSignOnConnection, 'people.manage', writes('sso_connection.checked'), ({ params }, caller) =>
    checkProvider(needs, caller, params.id),
  ),
  route(checkSignOnDomains, 'people.manage', writes('sso_domains.checked'), async ({ params }, caller) => {
    assertAccountWide(caller);
    return { domains: await lookAtConnection(needs, caller, params.id) };
  }),
  route(forgetSignOnIdentity, 'people.manage', writes('sso_identity.forgotten'), async ({ params }, caller) => {
    await forgetIdentity(needs, caller, params.id, params.userId);
    return undefined;
  }),
];

const isSecure = ({ publicUrl }: RouteNeeds): boolean => publicUrl.startsWith('https:');

const begun = (needs: RouteNeeds, { url, flow }: Begun): Answer =>
  new Answer({ url }, { 'set-cookie': writeFlowCookie(isSecure(needs), needs.vault, flow) });

const flowOf = (needs: RouteNeeds, headers: Readonly<Record<string, string | undefined>>) =>
  readFlowCookie(isSecure(needs), needs.vault, headers.cookie, needs.clock.now());

const newcomers = ['session.unusual', 'user.made', 'user.accepted', 'user.changed', 'sso_identity.bound'] as const;

export const signOnRoutes = (needs: RouteNeeds): Route[] => [
  route(startSignOn, 'open', writesNothing('Nobody is known yet: it names a provider.'), async ({ body }) =>
    begun(needs, await beginSignOn(needs, body)),
  ),
  route(finishSignOnEndpoint, 'open', writes('session.opened', newcomers), async (request) => {
    const flow = flowOf(needs, request.headers);
    const session = await finishSignOn(needs, flow, request.body, visitorOf(request));
    return sessionAnswer(isSecure(needs), session, [clearFlowCookie(isSecure(needs))]);
  }),
  route(startSignOnProof, 'session', writesNothing('Nothing is proved yet.'), async (_request, caller) =>
    begun(needs, await beginProof(needs, caller)),
  ),
  route(finishSignOnProof, 'session', writes('session.proved'), async ({ headers, body }, caller) => {
    const session = await proveAgain(needs, flowOf(needs, headers), body, caller);
    return new Answer(openedBody(session), { 'set-cookie': clearFlowCookie(isSecure(needs)) });
  }),
  route(endSignOnSessions, 'open', writes('sso.logged_out', ['session.ended']), async ({ params, rawBody }) => {
    await endByToken(needs, params.id, rawBody);
    return undefined;
  }),
];

const connectionBody = ({ publicUrl }: RouteNeeds, one: DescribedConnection) => {
  const { reach: _reach, createdAt, changedAt, domains, domainProofs, roleRules, ...others } = one;
  return {
    ...others,
    domains: [...domains],
    domainProofs: [...domainProofs],
    roleRules: [...roleRules],
    redirectUri: redirectUriOf(publicUrl, one.id),
    logoutUri: `${publicUrl}/v1/sign-in/sso/${one.id}/logout`,
    signInLink: `${publicUrl}/sign-in/sso/${one.id}`,
    createdAt: createdAt.toISOString(),
    changedAt: changedAt.toISOString(),
  };
};
