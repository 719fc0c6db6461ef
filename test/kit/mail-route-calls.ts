/** A call of each route about ways out for mail, that does what it is for. */
import type { Stage } from './route-stage.ts';

interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

let names = 0;
const byRelay = () => {
  names += 1;
  return { name: `way ${names}`, kind: 'relay', hosts: [{ host: 'relay.example' }] };
};

const atRoute =
  (body?: () => unknown) =>
  async ({ make }: Stage): Promise<Call> => {
    const { id } = await make('POST', '/v1/routes', byRelay());
    return body === undefined ? { params: { id } } : { params: { id }, body: body() };
  };

export const mailRouteCalls: Readonly<Record<string, (stage: Stage) => Promise<Call> | Call>> = {
  listRoutes: () => ({}),
  createRoute: () => ({ body: byRelay() }),
  readRoute: atRoute(),
  changeRoute: atRoute(byRelay),
  deleteRoute: atRoute(),
  changeRouteRules: () => ({ body: { rules: [] } }),
};
