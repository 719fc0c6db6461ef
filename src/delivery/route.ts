/** Finds the way to a recipient: the relay that is configured, or the mail hosts of the recipient's domain. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { AttemptEnd } from '../core/delivery/outcome.ts';
import type { Why } from '../core/delivery/reasons.ts';
import type { Dns, MailHosts } from '../platform/dns.ts';
import type { NextHop } from '../platform/smtp-client.ts';
import type { Login } from '../platform/smtp-session.ts';

export interface RouteOptions {
  /** `smtp://host:port` or `smtps://host:port`; absent: the recipient's own MX. */
  readonly smarthost?: string | undefined;
  /** User and password, one a line. */
  readonly smarthostAuthFile?: string | undefined;
  readonly mxPort: number;
}

export type Way =
  | { readonly kind: 'hops'; readonly via: 'relay' | 'mx'; readonly hops: readonly NextHop[] }
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

export function openRouter(options: RouteOptions, dns: Dns): Router {
  const relay = options.smarthost === undefined ? null : relayHop(options.smarthost, options.smarthostAuthFile);
  if (relay === null) return directRouter(dns, options.mxPort);
  const way: Way = { kind: 'hops', via: 'relay', hops: [relay] };
  return {
    sharesByDomain: false,
    wayTo: () => Promise.resolve(way),
    async gatewayOf(domain) {
      if (addressLiteral(domain) !== null) return null;
      const found = await dns.mailHostsWithin(domain, gatewayWaitMs);
      const first = found.kind === 'hosts' ? found.hosts[0] : undefined;
      return first === undefined ? null : { host: first.name, source: 'dns' };
    },
  };
}

function directRouter(dns: Dns, port: number): Router {
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
      if (literal !== null) return { kind: 'hops', via: 'mx', hops: [await hop(literal)] };
      const found = await dns.mailHosts(domain);
      const none = whyNoHost(found);
      if (none !== null) return { kind: 'none', end: none };
      const names = found.kind === 'hosts' ? shuffledByPreference(found) : [];
      return { kind: 'hops', via: 'mx', hops: await Promise.all(names.slice(0, maxHosts).map(hop)) };
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
