/** Over HTTP: routes that mail goes out by, and the rules that choose one. */
import * as endpoints from '../contract/routes.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { changeRoute, createRoute, deleteRoute } from './manage-routes.ts';
import { changeRules } from './manage-rules.ts';
import { listRoutes, type RoutingOptions, readRoute } from './read-routes.ts';

const ownRelays = writesNothing('Relays of the organisation’s own; it names no recipient.');

export function routingRoutes(world: Pick<World, 'db' | 'vault' | 'clock'>, options: RoutingOptions): Route[] {
  const desk = { db: world.db, vault: world.vault, clock: world.clock, options };
  return [
    route(endpoints.listRoutes, 'routes.manage', writes('routes.listed'), (_, caller) => listRoutes(desk, caller)),
    route(endpoints.createRoute, 'routes.manage', writes('route.created'), ({ body }, caller) =>
      createRoute(desk, caller, body),
    ),
    route(endpoints.readRoute, 'routes.manage', ownRelays, ({ params }, caller) => readRoute(desk, caller, params.id)),
    route(endpoints.changeRoute, 'routes.manage', writes('route.changed'), ({ params, body }, caller) =>
      changeRoute(desk, caller, params.id, body),
    ),
    route(
      endpoints.deleteRoute,
      'routes.manage',
      writes('route.deleted'),
      async ({ params }, caller) => void (await deleteRoute(desk, caller, params.id)),
    ),
    route(endpoints.changeRouteRules, 'routes.manage', writes('route_rules.changed'), async ({ body }, caller) => ({
      rules: await changeRules(desk, caller, body.rules),
    })),
  ];
}
