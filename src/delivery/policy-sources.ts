/** What tells how recipients' domains want to be reached, and the loop that keeps what they published fresh. */
import { noDane, openDane } from '../platform/dane.ts';
import { type Dns, openDns } from '../platform/dns.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import type { PolicySources } from './route.ts';
import { openStsPolicies } from './sts-policies.ts';

export interface SourceOptions {
  readonly dnsServers?: readonly string[] | undefined;
  /** `true`: these name servers validate with DNSSEC, and the way to them can be trusted. */
  readonly dnsValidates?: string;
  /** PEM certificates trusted beside the system's. */
  readonly trusted?: readonly string[];
  /** Where policies of MTA-STS are fetched; 443 but in a test laboratory. */
  readonly mtaStsPort?: number;
}

const dnsTimeoutMs = 3_000;
const lookEveryMs = 60_000;

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export function openPolicySources(world: Needs, dns: Dns, options: SourceOptions): PolicySources {
  const servers = options.dnsServers ?? [];
  return {
    sts: openPolicies(world, dns, options),
    // RFC 7672 §2.1.1: without a resolver that validates and can be trusted, no record proves anything.
    dane:
      options.dnsValidates === 'true' && servers.length > 0 ? openDane({ servers, timeoutMs: dnsTimeoutMs }) : noDane,
  };
}

const openPolicies = (world: Needs, dns: Dns, { trusted, mtaStsPort }: SourceOptions) =>
  openStsPolicies(world, dns, {
    ...(trusted === undefined ? {} : { trusted }),
    ...(mtaStsPort === undefined ? {} : { port: mtaStsPort }),
  });

/** Any number of processes may run it: each takes what no other has taken. */
export function startRefreshingPolicies(world: World, options: SourceOptions): Running {
  const policies = openPolicies(world, openDns({ servers: options.dnsServers ?? [] }), options);
  return repeat(world, {
    name: 'the refreshing of transport policies',
    everyMs: lookEveryMs,
    async turn(closing) {
      while (await policies.refreshDue(closing)) if (closing.aborted) return;
    },
  });
}
