/** The queue over HTTP. */
import { listPlanned, planAnew } from '../contract/planned.ts';
import {
  cancelQueue as cancelEndpoint,
  holdQueue as holdEndpoint,
  listQueueRecipients,
  readQueue,
  readQueueDestination,
  releaseQueue as releaseEndpoint,
  retryQueue as retryEndpoint,
} from '../contract/queue.ts';
import { type Route, route, writes } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { cancelQueue, holdQueue, releaseQueue, retryQueue } from './change-queue.ts';
import { listQueue } from './list-queue.ts';
import { listWaiting } from './list-waiting.ts';
import { rememberLooks } from './look-on.ts';
import { listPlannedMessages, planMessageAnew } from './planned.ts';
import { readDestination } from './read-destination.ts';

/** @param nudge what was let go or is to be tried is looked for at once. */
export function queueRoutes(world: World, nudge: () => void): Route[] {
  const looks = rememberLooks();
  return [
    route(readQueue, 'queue.read', writes([], ['queue.listed']), ({ query }, caller) =>
      listQueue(world, caller, query, looks),
    ),
    route(readQueueDestination, 'queue.read', writes([], ['queue.listed']), ({ params }, caller) =>
      readDestination(world, caller, params.domain, looks),
    ),
    route(listQueueRecipients, 'queue.read', writes('queue.recipients_listed'), ({ query }, caller) =>
      listWaiting(world, caller, query),
    ),
    route(listPlanned, 'messages.read', writes('planned.listed'), ({ query }, caller) =>
      listPlannedMessages(world, caller, query),
    ),
    route(planAnew, 'messages.send', writes('message.planned_anew'), async ({ params, body }, caller) => {
      const planned = await planMessageAnew(world, caller, params.id, body.sendAt);
      nudge();
      return planned;
    }),
    route(holdEndpoint, 'queue.manage', writes('queue.held'), ({ body }, caller) => holdQueue(world, caller, body)),
    route(releaseEndpoint, 'queue.manage', writes('queue.released'), async ({ body }, caller) => {
      const changed = await releaseQueue(world, caller, body);
      nudge();
      return changed;
    }),
    route(cancelEndpoint, 'queue.manage', writes('queue.cancelled'), ({ body }, caller) =>
      cancelQueue(world, caller, body),
    ),
    route(retryEndpoint, 'queue.manage', writes('queue.retried'), async ({ body }, caller) => {
      const changed = await retryQueue(world, caller, body);
      nudge();
      return changed;
    }),
  ];
}
