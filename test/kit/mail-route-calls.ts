/** A call of each route about ways out for mail, that does what it is for. */
import { at, type Prepare, plain, withBody } from './route-call.ts';

let names = 0;
const byRelay = () => {
  names += 1;
  return { name: `way ${names}`, kind: 'relay', hosts: [{ host: 'relay.example' }] };
};

export const mailRouteCalls: Readonly<Record<string, Prepare>> = {
  listRoutes: plain,
  createRoute: () => ({ body: byRelay() }),
  readRoute: (stage) => at('/v1/routes', byRelay())(stage),
  changeRoute: (stage) => at('/v1/routes', byRelay(), byRelay())(stage),
  deleteRoute: (stage) => at('/v1/routes', byRelay())(stage),
  changeRouteRules: withBody({ rules: [] }),
};
