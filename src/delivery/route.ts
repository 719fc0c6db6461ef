/**
 * Finds the way to a recipient: the relays of the route that was chosen, or the mail hosts of the recipient's domain. It
 * chooses no route and connects to nothing.
 */

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { domainToASCII } from 'node:url';
import { orderHosts, withoutOwn } from '../core/delivery/host-order.ts';
import type { MailRoute, RelayHost, SourceAddress } from '../core/delivery/mail-route.ts';
import type { StsState } from '../core/delivery/mta-sts.ts';
import type { AttemptEnd } from '../core/delivery/outcome.ts';
import type { Why } from '../core/delivery/reasons.ts';
import type { HopFacts } from '../core/delivery/transport.ts';
import { type Dane, noDane } from '../platform/dane.ts';
import type { Dns, MailHost, MailHosts } from '../platform/dns.ts';
import { isLoopbackHost } from '../platform/public-address.ts';
import type { NextHop, Source } from '../platform/smtp-client.ts';
import { installationRoute, mayBeRelay, type SmarthostOptions } from '../routing/index.ts';
import type { StsPolicies } from './sts-policies.ts';

export interface RouteOptions extends SmarthostOptions {
  readonly mxPort: number;
  /** Where mail may leave from; none: the system chooses. */
  readonly sourceAddresses?: readonly SourceAddress[] | undefined;
  /** Networks that are not public and that accounts' relays may be in. */
  readonly relayNetworks?: readonly string[] | undefined;
  /** What this installation is called: a domain that names one of these as its mail server leads back here. */
  readonly ownNames?: readonly string[] | undefined;
  /** Where this machine takes mail that comes back. */
  readonly bouncePort?: number | undefined;
}

/** What tells how a recipient's domain and its hosts want to be reached. */
export interface PolicySources {
  readonly sts: Pick<StsPolicies, 'stateOf'>;
  readonly dane: Dane;
}

/** A next hop and what is known of how it must be reached. */
export interface Station {
  /** What its health is kept by. */
  readonly key: string;
  readonly hop: NextHop;
  readonly facts: Omit<HopFacts, 'floor'>;
}

export type Way =
  | {
      readonly kind: 'hops';
      readonly via: 'relay' | 'mx';
      readonly stations: readonly Station[];
      readonly sts: StsState;
    }
  | { readonly kind: 'none'; readonly end: AttemptEnd };

/** The recipient's own mail exchanger, as evidence for verdicts. */
export interface Gateway {
  readonly host: string;
  readonly source: 'delivery' | 'dns';
}

export interface Router {
  /** The way that holds where an account's rules name none. */
  readonly installation: MailRoute;
  /** @param route null: the installation's own. */
  wayTo(domain: string, route: MailRoute | null): Promise<Way>;
  /** Behind a relay: what DNS names, if it answers in a moment. */
  gatewayOf(domain: string, route: MailRoute | null): Promise<Gateway | null>;
}

const gatewayWaitMs = 250;
/** RFC 5321 §5.1 lets a client stop somewhere; five hosts that do not answer are enough. */
const maxHosts = 5;

interface Desk {
  readonly options: RouteOptions;
  readonly dns: Dns;
  readonly sources: PolicySources;
  readonly installation: MailRoute;
}

export function openRouter(options: RouteOptions, dns: Dns, sources: PolicySources = noSources): Router {
  const installation = installationRoute(options);
  const desk: Desk = { options, dns, sources, installation };
  return {
    installation,
    wayTo(domain, chosen) {
      const route = chosen ?? installation;
      return route.kind === 'relay' ? relayWay(desk, route) : directWay(desk, route, domain);
    },
    async gatewayOf(domain, chosen) {
      if ((chosen ?? installation).kind === 'direct' || addressLiteral(domain) !== null) return null;
      const found = await dns.mailHostsWithin(domain, gatewayWaitMs);
      const first = found.kind === 'hosts' ? found.hosts[0] : undefined;
      return first === undefined ? null : { host: first.name, source: 'dns' };
    },
  };
}

const noPolicy: StsState = { kind: 'none' };
const noRecords = { kind: 'none' } as const;
const noSources: PolicySources = { sts: { stateOf: () => Promise.resolve(noPolicy) }, dane: noDane };

async function relayWay(desk: Desk, route: MailRoute): Promise<Way> {
  const hosts = orderHosts(route.hosts, Math.random).slice(0, maxHosts);
  const stations = await Promise.all(hosts.map((host) => relayStation(desk, route, host)));
  return { kind: 'hops', via: 'relay', stations, sts: noPolicy };
}

async function relayStation({ sources, dns, options }: Desk, route: MailRoute, relay: RelayHost): Promise<Station> {
  const { host, port, pin, login } = relay;
  const isNamed = isIP(host) === 0;
  const dane = isNamed ? await sources.dane.ofHost(host, port) : noRecords;
  // The operator's own relays may be anywhere; whom an account names is looked at.
  const guarded =
    route.id === null
      ? {}
      : {
          addresses: await dns.addresses(host),
          mayConnect: (address: string) => mayBeRelay(address, options.relayNetworks ?? []),
        };
  const hop = { host, port, login, implicitTls: relay.tls === 'implicit', ...waysOut(options, route), ...guarded };
  return { key: relay.id, hop, facts: { host, sts: noPolicy, dane, pin } };
}

/** Whose connections these are, and where they come from. */
function waysOut({ sourceAddresses = [] }: RouteOptions, route: MailRoute): Partial<NextHop> {
  const helo = route.heloName === null ? {} : { helloName: route.heloName };
  const own = sourceAddresses.filter(({ address }) => route.sourceAddresses.includes(address));
  // An address that the operator took back is used no more; where none is left, mail still goes.
  const pool = own.length > 0 ? own : sourceAddresses;
  const owner = route.id === null ? {} : { owner: route.owner };
  return pool.length === 0 ? { ...helo, ...owner } : { ...helo, ...owner, sources: pool.map(sourceOf(route)) };
}

const sourceOf =
  (route: MailRoute) =>
  ({ address, heloName }: SourceAddress): Source => {
    const helloName = route.heloName ?? heloName;
    return helloName === null ? { address } : { address, helloName };
  };

async function directWay(desk: Desk, route: MailRoute, domain: string): Promise<Way> {
  const literal = addressLiteral(domain);
  if (literal !== null) {
    if (isLoopbackHost(literal) || leadsBack(desk.options, literal, [literal]))
      return { kind: 'none', end: impossible('domain.loops_back') };
    const facts = { host: literal, sts: noPolicy, dane: noRecords, pin: null };
    const station = { key: keyOf(desk, literal), hop: hopTo(desk, route, literal, [literal]), facts };
    return { kind: 'hops', via: 'mx', stations: [station], sts: noPolicy };
  }
  const { dns, sources } = desk;
  const [found, state] = await Promise.all([dns.mailHosts(domain), sources.sts.stateOf(domain).catch(() => null)]);
  if (state === null) return { kind: 'none', end: { kind: 'failed', why: 'policy.unreadable' } };
  const none = whyNoHost(found);
  if (none !== null || found.kind !== 'hosts') return { kind: 'none', end: none ?? impossible('domain.no_host') };
  const placed = await Promise.all(
    shuffledByPreference(found.hosts)
      .slice(0, maxHosts)
      .map(async (host) => ({ ...host, addresses: await dns.addresses(host.name) })),
  );
  const hosts = withoutOwn(placed, ({ name, addresses }) => leadsBack(desk.options, name, addresses));
  if (hosts.length === 0) return { kind: 'none', end: impossible('domain.loops_back') };
  const stations = await Promise.all(
    hosts.map(async ({ name, addresses }): Promise<Station> => {
      const dane = await sources.dane.ofMailHost(domain, name, desk.options.mxPort);
      const facts = { host: name, sts: state, dane, pin: null };
      return { key: keyOf(desk, name), hop: hopTo(desk, route, name, addresses), facts };
    }),
  );
  return { kind: 'hops', via: 'mx', stations, sts: state };
}

const keyOf = ({ options }: Desk, host: string): string => `${host}:${options.mxPort}`;

const hopTo = ({ options }: Desk, route: MailRoute, host: string, addresses: readonly string[]): NextHop => ({
  ...waysOut(options, route),
  ...{ host, port: options.mxPort, addresses, implicitTls: false, login: null },
});

const impossible = (why: Why): AttemptEnd => ({ kind: 'impossible', why });

function whyNoHost(found: MailHosts): AttemptEnd | null {
  if (found.kind === 'null-mx') return impossible('domain.no_mail');
  if (found.kind === 'no-domain') return impossible('domain.unknown');
  if (found.kind === 'unknown') return { kind: 'failed', why: 'dns.no_answer' };
  return found.hosts.length === 0 ? impossible('domain.no_host') : null;
}

/** RFC 5321 §5.1: hosts of equal preference share the load, so their order is drawn. */
function shuffledByPreference(hosts: readonly MailHost[]): MailHost[] {
  const weighed = hosts.map((host) => ({ host, priority: host.preference, weight: 1 }));
  return orderHosts(weighed, Math.random).map(({ host }) => host);
}

/**
 * By name, or where this machine itself takes mail on that port. That our addresses are in the DNS proves nothing: behind
 * one public address there may be another mail server.
 */
function leadsBack(options: RouteOptions, name: string, addresses: readonly string[]): boolean {
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  if (options.ownNames?.some((own) => own.toLowerCase() === name)) return true;
  if (options.bouncePort === undefined || options.bouncePort !== options.mxPort) return false;
  const here = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
  return addresses.length > 0 && addresses.every((address) => address.startsWith('127.') || here.includes(address));
}

/** RFC 5321 §4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]` instead of a domain. */
function addressLiteral(domain: string): string | null {
  const literal = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain)?.[1];
  return literal !== undefined && isIP(literal) !== 0 ? literal : null;
}

/** Lower case and in ASCII form, as DNS asks for it; reports keep the domain as it was written. */
export function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return domain.startsWith('[') ? domain : domainToASCII(domain) || domain.toLowerCase();
}
