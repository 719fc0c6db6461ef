/** The HTTP routes of the networks area: which lists are in use, and asking for them now. */
import { readNetworks as readEndpoint, refreshNetworks as refreshEndpoint } from '../contract/networks.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { askForRefresh } from './ask-for-refresh.ts';
import type { FollowedNetworks } from './networks-in-use.ts';
import { type RefreshSettings, readNetworks } from './read-networks.ts';

export const networkRoutes = (
  world: World,
  inUse: Pick<FollowedNetworks, 'lists'>,
  refresh: RefreshSettings,
): Route[] => [
  route(readEndpoint, 'networks.read', writesNothing('Lists of networks are public.'), () =>
    readNetworks(world, inUse, refresh),
  ),
  route(refreshEndpoint, 'networks.refresh', writes('networks.refresh_asked'), (_, caller) =>
    askForRefresh(world, caller, refresh),
  ),
];
