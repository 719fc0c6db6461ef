/** The HTTP routes of the webhooks area: endpoints, their secrets, what they were told, tests and replays. */
import {
  changeWebhookEndpoint,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  listWebhookDeliveries,
  listWebhookEndpoints,
  readWebhookEndpoint,
  replayWebhookDeliveries,
  rotateWebhookSecret,
  testWebhookEndpoint,
} from '../contract/webhooks.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  listEndpoints,
  readEndpoint,
  rotateSecret,
} from './manage-endpoints.ts';
import { listDeliveries, replay, testEndpoint } from './tell-again.ts';

const noPerson = writesNothing('An endpoint is the organisation’s own program; what it was told are ids and kinds.');

export function webhookRoutes(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  { allowsPrivate }: { readonly allowsPrivate: boolean },
): Route[] {
  const desk = { db: world.db, vault: world.vault, clock: world.clock, allowsPrivate };
  return [
    route(listWebhookEndpoints, 'webhooks.manage', noPerson, async (_, caller) => ({
      endpoints: await listEndpoints(desk, caller),
    })),
    route(createWebhookEndpoint, 'webhooks.manage', writes('webhook.created'), ({ body }, caller) =>
      createEndpoint(desk, caller, body),
    ),
    route(readWebhookEndpoint, 'webhooks.manage', noPerson, ({ params }, caller) =>
      readEndpoint(desk, caller, params.id),
    ),
    route(changeWebhookEndpoint, 'webhooks.manage', writes('webhook.changed'), ({ params, body }, caller) =>
      changeEndpoint(desk, caller, params.id, body),
    ),
    route(
      deleteWebhookEndpoint,
      'webhooks.manage',
      writes('webhook.deleted'),
      async ({ params }, caller) => void (await deleteEndpoint(desk, caller, params.id)),
    ),
    route(rotateWebhookSecret, 'webhooks.manage', writes('webhook.secret_rotated'), ({ params, body }, caller) =>
      rotateSecret(desk, caller, params.id, body.overlapHours),
    ),
    route(testWebhookEndpoint, 'webhooks.manage', writes('webhook.tested'), ({ params }, caller) =>
      testEndpoint(desk, caller, params.id),
    ),
    route(listWebhookDeliveries, 'webhooks.manage', noPerson, ({ params, query }, caller) =>
      listDeliveries(desk, caller, params.id, query),
    ),
    route(replayWebhookDeliveries, 'webhooks.manage', writes('webhook.replayed'), ({ params, body }, caller) =>
      replay(desk, caller, params.id, body),
    ),
  ];
}
