/** Submission over HTTP. */
import { sendBatch } from '../contract/batches.ts';
import { eraseMessage as eraseMessageEndpoint, sendMessage } from '../contract/messages.ts';
import { type Route, route, writes } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { openDesk, type SendingOptions } from './accept-message.ts';
import { eraseMessage } from './erase-message.ts';
import { submitBatch } from './submit-batch.ts';
import { submitByRest } from './submit-by-rest.ts';

export function sendingRoutes(world: World, options: SendingOptions): Route[] {
  const desk = openDesk(world, options);
  return [
    route(sendMessage, 'messages.send', writes('message.accepted'), (request, caller) =>
      submitByRest(desk, caller, request.body, request.headers['idempotency-key']),
    ),
    route(sendBatch, 'messages.send', writes('message.accepted'), (request, caller) =>
      submitBatch(desk, caller, request.body, request.headers['idempotency-key']),
    ),
    route(
      eraseMessageEndpoint,
      'messages.erase',
      writes('message.erased', ['message.erasure_refused']),
      async ({ params }, caller) => ({
        certificate: await eraseMessage(world, caller, params.id),
      }),
    ),
  ];
}
