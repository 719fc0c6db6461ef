/** The HTTP routes of sender domains. */
import * as endpoints from '../contract/senders.ts';
import { openLookUp } from '../platform/look-up.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { addSender, deleteSender, listSenders, readSender, rotateKeys } from './change-senders.ts';
import { type CheckNeeds, checkSender } from './check-sender.ts';
import { ownAddresses, ownNames, type SendersOptions } from './own-addresses.ts';
import { verifySender } from './verify-sender.ts';

const publicFacts = writesNothing('What stands in the public DNS, and what is to be put there; it names no person.');

export function senderRoutes(world: World, options: SendersOptions): Route[] {
  const dns = openLookUp(options.dnsServers ?? []);
  const needs: CheckNeeds = {
    ...{ dns, addresses: ownAddresses(dns, options), names: ownNames(options) },
    trackingUrl: options.trackingUrl,
  };
  return [
    route(endpoints.listSenders, 'settings.read', publicFacts, async (_request, caller) => ({
      senders: await listSenders(world, caller),
    })),
    route(endpoints.addSender, 'senders.manage', writes('sender_domain.added'), ({ body }, caller) =>
      addSender(world, needs, caller, body.domain),
    ),
    route(endpoints.readSender, 'settings.read', publicFacts, ({ params }, caller) =>
      readSender(world, needs, caller, params.domain),
    ),
    route(endpoints.verifySender, 'senders.manage', writes('sender_domain.looked_at'), ({ params }, caller) =>
      verifySender(world, needs, caller, params.domain),
    ),
    route(endpoints.checkSender, 'settings.read', writes('sender_domain.checked'), ({ params }, caller) =>
      checkSender(world, needs, caller, params.domain),
    ),
    route(endpoints.rotateSenderKeys, 'senders.manage', writes('sender_domain.keys_made'), ({ params }, caller) =>
      rotateKeys(world, needs, caller, params.domain),
    ),
    route(endpoints.deleteSender, 'senders.manage', writes('sender_domain.removed'), async ({ params }, caller) => {
      await deleteSender(world, caller, params.domain);
      return undefined;
    }),
  ];
}
