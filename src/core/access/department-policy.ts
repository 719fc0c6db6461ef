/**
 * Decides which policies hold for mail of a department. What protects only tightens on the way down: the strictest of the
 * account and every department above wins. What is taste is decided by whoever is nearest.
 */
import type { MinimumTransport } from '../delivery/transport.ts';

export interface Policies {
  readonly minimumTransport: MinimumTransport;
  readonly requireVerifiedSender: boolean;
  readonly trackingLevel: 'off' | 'anonymous' | 'identified';
  readonly trackOpens: boolean;
  readonly trackClicks: boolean;
  readonly trackPlainText: boolean;
  readonly honeypotLinks: boolean;
}

/** Null: the department says nothing. */
export type OwnPolicies = { readonly [Name in keyof Policies]: Policies[Name] | null };

export interface PolicyHolder extends OwnPolicies {
  readonly id: string;
  readonly parentId: string | null;
}

/** `from`: the department that decides it; null: the account. */
export type Decided = {
  readonly [Name in keyof Policies]: { readonly value: Policies[Name]; readonly from: string | null };
};

/** Strictest first; `nearest`: there is no stricter, only another taste. */
const strictestFirst: { readonly [Name in keyof Policies]: readonly Policies[Name][] | 'nearest' } = {
  minimumTransport: ['authenticated', 'verified', 'opportunistic', 'plain'],
  requireVerifiedSender: [true, false],
  trackingLevel: ['off', 'anonymous', 'identified'],
  trackOpens: [false, true],
  trackClicks: [false, true],
  trackPlainText: 'nearest',
  honeypotLinks: 'nearest',
};
export const policyNames = Object.keys(strictestFirst) as (keyof Policies)[];

/** From a department up to the top of its tree; empty: there is no such department. */
export function chainAbove<Holder extends Pick<PolicyHolder, 'id' | 'parentId'>>(
  all: readonly Holder[],
  id: string,
): Holder[] {
  const byId = new Map(all.map((one) => [one.id, one]));
  const chain: Holder[] = [];
  for (let at = byId.get(id); at !== undefined && !chain.includes(at); at = byId.get(at.parentId ?? '')) chain.push(at);
  return chain;
}

/** `chain` from the department itself upwards. Where two are equally strict, the one further above is named. */
export function decidePolicies(account: Policies, chain: readonly PolicyHolder[]): Decided {
  const decided = policyNames.map((name) => [name, decide(name, account, chain)]);
  return Object.fromEntries(decided) as unknown as Decided;
}

function decide<Name extends keyof Policies>(name: Name, account: Policies, chain: readonly PolicyHolder[]) {
  const ladder = strictestFirst[name] as readonly Policies[Name][] | 'nearest';
  let held: { value: Policies[Name]; from: string | null } = { value: account[name], from: null };
  for (const holder of chain.toReversed()) {
    const value = (holder as OwnPolicies)[name];
    if (value === null) continue;
    if (ladder === 'nearest' || ladder.indexOf(value) < ladder.indexOf(held.value)) held = { value, from: holder.id };
  }
  return held;
}

export function valuesOf(decided: Decided): Policies {
  return Object.fromEntries(policyNames.map((name) => [name, decided[name].value])) as unknown as Policies;
}
