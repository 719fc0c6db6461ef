/** The door of routing: which ways out an account has, which rules choose one, and how their relays are doing. */
export { installationRoute, RelayLoginFault, type SmarthostOptions } from './installation-route.ts';
export { mayBeRelay } from './relay-address.ts';
export { type RouteBook, routeBook } from './route-book.ts';
export { routingRoutes } from './routes.ts';
export { forgetRelayStates, keepRelayStates, type RelayStateRow } from './store.ts';
