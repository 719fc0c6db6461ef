/** Says in words what a first attempt would come to for a recipient, from what is known of its hosts. It looks nothing up. */
import type { AttemptEnd } from './outcome.ts';
import { reasons } from './reasons.ts';
import {
  type DaneState,
  type Floor,
  type HopFacts,
  type HopPlan,
  type MinimumTransport,
  planHop,
} from './transport.ts';

export interface Forecast {
  readonly outcome: 'sent' | 'deferred' | 'refused';
  readonly protection: 'tls' | 'none';
  readonly transport: MinimumTransport | null;
  readonly host: string | null;
  readonly reasons: readonly string[];
}

/** How the last copy for the same address went out. */
export interface Contact {
  readonly host: string;
  /** The protocol version; null in clear text. */
  readonly tls: string | null;
}

const sources: Readonly<Record<Floor['from'], string>> = {
  account: 'The account asks for',
  department: 'The department asks for',
  message: 'The message itself asks for',
  domain_rule: 'The rule for this recipient domain asks for',
  acceptance: 'When the message was accepted, policy asked for',
};

const levels: Readonly<Record<MinimumTransport, string>> = {
  plain: 'nothing: TLS where it is offered, clear text where it is not.',
  opportunistic: 'TLS wherever it is offered.',
  verified: 'TLS 1.2 or later with a certificate that is valid for the host’s name.',
  authenticated: 'TLS to a host that the domain itself vouches for (MTA-STS, DANE), or a pinned relay.',
};

export const floorSentence = ({ level, from }: Floor): string => `${sources[from]} ${levels[level]}`;

export function forecastWithoutWay(end: AttemptEnd, floor: Floor): Forecast {
  const why = 'why' in end ? [reasons[end.why]] : [];
  const outcome = end.kind === 'impossible' ? 'refused' : 'deferred';
  return { outcome, protection: 'none', transport: null, host: null, reasons: [...why, floorSentence(floor)] };
}

/** The first host that policy lets us use decides. */
export function forecast(hosts: readonly Omit<HopFacts, 'floor'>[], floor: Floor, last: Contact | null): Forecast {
  const plans = hosts.map((facts) => ({ facts, plan: planHop({ ...facts, floor: floor.level }) }));
  const usable = plans.find(({ plan }) => plan.kind === 'connect');
  const barred = plans.flatMap(({ facts, plan }) =>
    plan.kind === 'barred' ? [`${facts.host}: ${reasons[plan.why]}`] : [],
  );
  if (usable === undefined || usable.plan.kind !== 'connect')
    return {
      outcome: 'deferred',
      protection: 'none',
      transport: null,
      host: null,
      reasons: [...barred, floorSentence(floor)],
    };
  const { facts, plan } = usable;
  const transport = rungAskedBy(plan, last);
  return {
    outcome: 'sent',
    protection: transport === 'plain' ? 'none' : 'tls',
    transport,
    host: facts.host,
    reasons: [
      groundsSentence(plan, facts.dane),
      ...policySentences(facts),
      floorSentence(floor),
      ...lastSentences(last),
      ...barred,
    ],
  };
}

function rungAskedBy(plan: Extract<HopPlan, { kind: 'connect' }>, last: Contact | null): MinimumTransport {
  if (typeof plan.tls !== 'string' || plan.grounds === 'mta-sts') return 'authenticated';
  if (plan.tls === 'verified') return 'verified';
  return plan.tls === 'if-offered' && last !== null && last.tls === null ? 'plain' : 'opportunistic';
}

function groundsSentence(plan: Extract<HopPlan, { kind: 'connect' }>, dane: DaneState): string {
  if (plan.grounds === 'dane')
    return 'The host’s certificate is named in DNS and signed with DNSSEC (DANE): only that one is taken.';
  if (plan.grounds === 'mta-sts')
    return 'The recipient’s domain enforces verified TLS on the hosts that it names (MTA-STS).';
  if (plan.grounds === 'pin') return 'The relay’s key is pinned: only that one is taken.';
  if (plan.grounds === 'dane-unusable')
    return 'The domain asks for encryption in DNS (DANE) without a certificate that could be checked: TLS is mandatory.';
  const validated =
    dane.kind === 'off' ? ' Whether DNS names its certificate is not known: no validating resolver is set.' : '';
  return plan.tls === 'verified'
    ? `Only TLS with a certificate for the host’s name is used.${validated}`
    : `TLS is used if the host offers it; nothing obliges it to.${validated}`;
}

function policySentences({ sts }: Omit<HopFacts, 'floor'>): string[] {
  if (sts.kind === 'unknown')
    return ['The recipient’s domain says that it has a policy (MTA-STS), which cannot be fetched.'];
  if (sts.kind === 'policy' && sts.policy.mode === 'testing')
    return ['The recipient’s domain tests a policy (MTA-STS) and does not enforce it.'];
  return [];
}

function lastSentences(last: Contact | null): string[] {
  if (last === null) return [];
  return [
    `The last copy for this address was taken by ${last.host} ${last.tls === null ? 'in clear text' : `over ${last.tls}`}.`,
  ];
}
