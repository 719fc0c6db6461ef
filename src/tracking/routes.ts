/** The HTTP routes of the tracking area: consents, and judging without storing. */
import { readTrackingConsent, setTrackingConsent } from '../contract/settings.ts';
import { judgeObservations as judgeEndpoint } from '../contract/verdicts.ts';
import { factsAlone, type NetworksInUse } from '../networks/index.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { readConsent, setConsent } from './consents.ts';
import { judgeObservations } from './judge-observations.ts';

export const trackingRoutes = (world: World, networks: NetworksInUse = factsAlone): Route[] => [
  route(setTrackingConsent, 'consents.change', writes('consent.changed'), async ({ params, body }, caller) => {
    const { email, level, updatedAt } = await setConsent(world, caller, params.email, body.level);
    return { email, level, updatedAt: updatedAt.toISOString() };
  }),
  route(readTrackingConsent, 'settings.read', writes('consent.read'), async ({ params }, caller) => {
    const { email, level, updatedAt } = await readConsent(world, caller, params.email);
    return { email, level, updatedAt: updatedAt?.toISOString() ?? null };
  }),
  route(
    judgeEndpoint,
    'verdicts.judge',
    writesNothing('Judges what the caller sent; nothing is stored or read.'),
    async ({ body }) => judgeObservations(body, networks.current()),
  ),
];
