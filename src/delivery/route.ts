/** Finds the way to a recipient: the relay that is configured, or the mail hosts of the recipient's domain. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { StsState } from '../core/delivery/mta-sts.ts';
import type { AttemptEnd } from '../core/delivery/outcome.ts';
import type { Why } from '../core/delivery/reasons.ts';
import type { HopFacts } from '../core/delivery/transport.ts';
import { type Dane, noDane } from '../platform/dane.ts';
import type { Dns, MailHosts } from '../platform/dns.ts';
import type { NextHop } from '../platform/smtp-client.ts';
import type { Login } from '../platform/smtp-session.ts';
import type { StsPolicies } from './sts-policies.ts';

export interface RouteOptions {
  /** `smtp://host:port` or `smtps://host:port`; absent: the recipient's own MX. */
  readonly smarthost?: string | undefined;
  /** User and password, one a line. */
  readonly smarthostAuthFile?: string | undefined;
  readonly mxPort: number;
  /** SHA-256 of the relay's public key (SPKI), in hexadecimal: whoever shows another one gets nothing. */
  readonly smarthostPin?: string | undefined;
}

/** What tells how a recipient's domain and its hosts want to be reached. */
export interface PolicySources {
  readonly sts: Pick<StsPolicies, 'stateOf'>;
  readonly dane: Dane;
}

/** A next hop and what is known of how it must be reached. */
export interface Station {
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
  /** Whether one recipient domain may take only a part of the places, because each has servers of its own. */
  readonly sharesByDomain: boolean;
  wayTo(domain: string): Promise<Way>;
  /** Behind a relay: what DNS names, if it answers in a moment. */
  gatewayOf(domain: string): Promise<Gateway | null>;
}

const gatewayWaitMs = 250;
/** RFC 5321 §5.1 lets a client stop somewhere; five hosts that do not answer are enough. */
const maxHosts = 5;

export function openRouter(options: RouteOptions, dns: Dns, sources: PolicySources = noSources): Router {
  const relay = options.smarthost === undefined ? null : relayHop(options.smarthost, options.smarthostAuthFile);
  if (relay === null) return directRouter(dns, options.mxPort, sources);
  const pin = options.smarthostPin ?? null;
  return {
    sharesByDomain: false,
    async wayTo() {
      const dane = isIP(relay.host) === 0 ? await sources.dane.ofHost(relay.host, relay.port) : noRecords;
      const facts = { host: relay.host, sts: noPolicy, dane, pin };
      return { kind: 'hops', via: 'relay', stations: [{ hop: relay, facts }], sts: noPolicy };
    },
    async gatewayOf(domain) {
      if (addressLiteral(domain) !== null) return null;
      const found = await dns.mailHostsWithin(domain, gatewayWaitMs);
      const first = found.kind === 'hosts' ? found.hosts[0] : undefined;
      return first === undefined ? null : { host: first.name, source: 'dns' };
    },
  };
}

const noPolicy: StsState = { kind: 'none' };
const noRecords = { kind: 'none' } as const;
const noSources: PolicySources = { sts: { stateOf: () => Promise.resolve(noPolicy) }, dane: noDane };

function directRouter(dns: Dns, port: number, { sts, dane }: PolicySources): Router {
  const hop = async (name: string): Promise<NextHop> => ({
    host: name,
    port,
    addresses: await dns.addresses(name),
    implicitTls: false,
    login: null,
  });
  return {
    sharesByDomain: true,
    async wayTo(domain) {
      const literal = addressLiteral(domain);
      if (literal !== null) {
        const facts = { host: literal, sts: noPolicy, dane: noRecords, pin: null };
        return { kind: 'hops', via: 'mx', stations: [{ hop: await hop(literal), facts }], sts: noPolicy };
      }
      const [found, state] = await Promise.all([dns.mailHosts(domain), sts.stateOf(domain).catch(() => null)]);
      if (state === null) return { kind: 'none', end: { kind: 'failed', why: 'policy.unreadable' } };
      const none = whyNoHost(found);
      if (none !== null) return { kind: 'none', end: none };
      const names = found.kind === 'hosts' ? shuffledByPreference(found) : [];
      const station = async (name: string): Promise<Station> => {
        const facts = { host: name, sts: state, dane: await dane.ofMailHost(domain, name, port), pin: null };
        return { hop: await hop(name), facts };
      };
      const stations = await Promise.all(names.slice(0, maxHosts).map(station));
      return { kind: 'hops', via: 'mx', stations, sts: state };
    },
    gatewayOf: () => Promise.resolve(null),
  };
}

function whyNoHost(found: MailHosts): AttemptEnd | null {
  const impossible = (why: Why): AttemptEnd => ({ kind: 'impossible', why });
  if (found.kind === 'null-mx') return impossible('domain.no_mail');
  if (found.kind === 'no-domain') return impossible('domain.unknown');
  if (found.kind === 'unknown') return { kind: 'failed', why: 'dns.no_answer' };
  return found.hosts.length === 0 ? impossible('domain.no_host') : null;
}

/** RFC 5321 §5.1: hosts of equal preference share the load, so their order is drawn. */
function shuffledByPreference(found: Extract<MailHosts, { kind: 'hosts' }>): string[] {
  return found.hosts
    .map((host) => ({ ...host, draw: Math.random() }))
    .toSorted((one, other) => one.preference - other.preference || one.draw - other.draw)
    .map((host) => host.name);
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

const defaultPorts: Readonly<Record<string, number>> = { 'smtp:': 25, 'smtps:': 465 };

function relayHop(smarthost: string, authFile: string | undefined): NextHop {
  const url = new URL(smarthost);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (defaultPorts[url.protocol] ?? 25) : Number(url.port),
    implicitTls: url.protocol === 'smtps:',
    login: authFile === undefined ? null : readLogin(authFile),
  };
}

function readLogin(file: string): Login {
  const [user, password] = readFileSync(file, 'utf8').split(/\r?\n/);
  if (!user || !password)
    throw new Error('WAXWING_SMARTHOST_AUTH_FILE: the file needs a user and a password, one a line.');
  return { user, password };
}
