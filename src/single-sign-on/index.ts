/** Single sign-on by OpenID Connect: the identity providers of an account, and those who come in by them. */
import type { Gate } from '../accounts/index.ts';
import { openLookUp } from '../platform/look-up.ts';
import type { Route } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { openProviders } from './provider.ts';
import { connectionRoutes, type RouteNeeds, signOnRoutes } from './routes.ts';

export { startProvingDomains } from './worker.ts';

export interface SingleSignOnOptions {
  readonly publicUrl: string;
  /** Whether providers within the operator's own network are asked, and over http on this machine. */
  readonly allowsInnerProviders: boolean;
  /** Asked for the proofs of domains; none: the system's. */
  readonly dnsServers?: readonly string[] | undefined;
}

export function singleSignOnRoutes(world: World, gate: Gate, options: SingleSignOnOptions): Route[] {
  const { allowsInnerProviders } = options;
  const needs: RouteNeeds = {
    ...world,
    gate,
    forget: gate.forget,
    dns: openLookUp(options.dnsServers ?? []),
    publicUrl: options.publicUrl.replace(/\/+$/, ''),
    providers: openProviders(world.clock, guardedFetch(allowsInnerProviders), allowsInnerProviders),
  };
  return [...connectionRoutes(needs), ...signOnRoutes(needs)];
}
