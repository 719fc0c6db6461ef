/** The HTTP routes of the providers area: connections, their webhooks, and payloads with an API key. */
import { accountVault } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import {
  changeProviderConnection,
  checkProviderAddress,
  createProviderConnection,
  deleteProviderConnection,
  importProviderEvents,
  listProviderConnections,
  providerOfName,
  receiveProviderEvents,
} from '../contract/providers.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { changeConnection, createConnection, deleteConnection, listConnections } from './connections.ts';
import type { KeepingWorld } from './keep-events.ts';
import { parseBody } from './parse-body.ts';
import {
  accountOf,
  type Desk,
  importForConnection,
  receiveEvents,
  refusalLimit,
  type WebhookRequest,
} from './receive-events.ts';
import { type Fetch, openSns } from './sns.ts';
import { takePayload } from './take-payload.ts';

export interface ProviderOptions {
  /** Where providers reach us, without a path; undefined: where the caller did. */
  readonly publicUrl?: string | undefined;
  /** Fetches Amazon's certificates; default: the program's own. */
  readonly fetch?: Fetch;
}

type Needs = World & KeepingWorld;

export function providerRoutes(world: Needs, { publicUrl, fetch = globalThis.fetch }: ProviderOptions): Route[] {
  const desk: Desk = { world, publicUrl, sns: openSns(fetch), refusals: refusalLimit() };
  const baseOf = (headers: WebhookRequest['headers']): string => publicUrl ?? `http://${headers.host ?? 'localhost'}`;
  return [
    route(
      listProviderConnections,
      'settings.read',
      writesNothing('Connections name no person.'),
      async ({ headers }, caller) => ({
        connections: await listConnections(world, caller, baseOf(headers)),
      }),
    ),
    route(
      createProviderConnection,
      'providers.manage',
      writes('provider_connection.created'),
      ({ body, headers }, caller) =>
        createConnection(world, caller, { ...body, provider: providerOfName(body.provider) }, baseOf(headers)),
    ),
    route(
      changeProviderConnection,
      'providers.manage',
      writes('provider_connection.changed'),
      ({ params, body, headers }, caller) => changeConnection(world, caller, params.id, body, baseOf(headers)),
    ),
    route(
      deleteProviderConnection,
      'providers.manage',
      writes('provider_connection.deleted'),
      async ({ params }, caller) => {
        await deleteConnection(world, caller, params.id);
        return undefined;
      },
    ),
    route(
      checkProviderAddress,
      'open',
      writesNothing('A provider asks whether its address exists.'),
      async ({ params }) => {
        await accountOf(desk, params.id);
        return undefined;
      },
    ),
    route(receiveProviderEvents, 'open', writes('provider_events.taken'), ({ params, headers, rawBody }) =>
      receiveEvents(desk, params.id, { headers, rawBody }),
    ),
    route(
      importProviderEvents,
      'events.import',
      writes('provider_events.taken'),
      async ({ query, headers, rawBody }, caller) => {
        const { connection } = query;
        const provider = query.provider === undefined ? undefined : providerOfName(query.provider);
        if (connection !== undefined) {
          const { authorization, ...others } = headers; // it holds the API key, and no password of the connection's
          return importForConnection(desk, caller, connection, { headers: others, rawBody, provider });
        }
        if (provider === undefined)
          throw new Problem('request.malformed', [
            { field: 'provider', message: 'is needed where no connection is named' },
          ]);
        const { accountId, actor } = caller;
        const account = { accountId, vault: await accountVault(world, accountId) };
        const { payload } = parseBody(rawBody, headers['content-type']);
        return takePayload(world, account, { provider, payload, actor, connectionId: null });
      },
    ),
  ];
}
