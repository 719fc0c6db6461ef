/** Over HTTP: rules for recipient domains, looking ahead, receipts, and letting mail go below its policy. */
import {
  deleteTransportRule,
  listTransportRules,
  preflight as preflightEndpoint,
  readReceipt as readReceiptEndpoint,
  releaseTransport as releaseEndpoint,
  setTransportRule,
} from '../contract/transport.ts';
import { openDns } from '../platform/dns.ts';
import { type Route, route, writes } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { openPolicySources, type SourceOptions } from './policy-sources.ts';
import { preflight } from './preflight.ts';
import { readReceipt } from './read-receipt.ts';
import { releaseTransport } from './release-transport.ts';
import { openRouter, type RouteOptions, type Router } from './route.ts';
import { forgetRule, listRules, setRule } from './transport-rules.ts';

/** @param nudge what was let go is tried at once. */
export function deliveryRoutes(world: World, options: RouteOptions & SourceOptions, nudge: () => void): Route[] {
  const router = routerWhenNeeded(world, options);
  return [
    route(listTransportRules, 'settings.read', writes('transport_rules.listed'), async (_, caller) => ({
      rules: await listRules(world, caller),
    })),
    route(setTransportRule, 'settings.change', writes('transport_rule.changed'), ({ params, body }, caller) =>
      setRule(world, caller, params.domain, body.minimumTransport),
    ),
    route(
      deleteTransportRule,
      'settings.change',
      writes('transport_rule.changed'),
      async ({ params }, caller) => void (await forgetRule(world, caller, params.domain)),
    ),
    route(preflightEndpoint, 'messages.send', writes('preflight.asked'), async ({ body }, caller) => ({
      recipients: (await preflight(world, router(), caller, body)).map((one) => ({
        ...one,
        reasons: [...one.reasons],
      })),
    })),
    route(readReceiptEndpoint, 'messages.read', writes('message.read'), async ({ params }, caller) => {
      const receipt = await readReceipt(world, caller, { messageId: params.id, recipientId: params.recipientId });
      return {
        ...receipt,
        releases: [...(receipt.releases ?? [])],
        attempts: receipt.attempts.map((attempt) => ({ ...attempt, tries: [...attempt.tries] })),
      };
    }),
    route(
      releaseEndpoint,
      'transport.release',
      writes('transport.released'),
      async ({ params: { id: messageId, recipientId }, body }, caller) => {
        const release = await releaseTransport(world, caller, { messageId, recipientId, ...body });
        nudge();
        return release;
      },
    ),
  ];
}

/** Making routes touches nothing; the relay's login file is read when somebody asks. */
function routerWhenNeeded(world: World, options: RouteOptions & SourceOptions): () => Router {
  let router: Router | undefined;
  return () => {
    if (router !== undefined) return router;
    const dns = openDns({ servers: options.dnsServers ?? [] });
    router = openRouter(options, dns, openPolicySources(world, dns, options));
    return router;
  };
}
