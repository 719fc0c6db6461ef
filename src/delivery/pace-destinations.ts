/**
 * What this process knows of each destination: how many copies it may have at once, how many are under way, how fast it
 * is. It decides by core/delivery/pace and keeps a bounded number; it reads and writes no row.
 */
import QuickLru from 'quick-lru';
import {
  afterAnswer,
  destinationGroup,
  newPace,
  type Pace,
  type PaceAnswer,
  type PaceLimits,
  slotsOf,
  turnAfter,
} from '../core/delivery/pace.ts';
import type { Claimed } from './claim-store.ts';

export interface PaceOptions {
  readonly now: () => Date;
  /** Copies at once to one destination, in all processes together. */
  readonly mostPerDestination: number;
  /** Mail goes to the installation's relays unless an account's rules say otherwise: to them so many. Null: there are none. */
  readonly mostOfRelay: number | null;
}

export interface Pacing {
  /** Takes a place for it, or tells when its turn comes. */
  admit(claimed: Claimed): 'go' | Date;
  /** Gives the place back. */
  left(claimed: Claimed): void;
  /** @param host the mail server that was tried; null: none. */
  answered(
    claimed: Claimed,
    answer: {
      readonly kind: PaceAnswer;
      readonly tookMs: number;
      readonly host: string | null;
      /** Whose relays it went by; absent: by none. */
      readonly relay?: { readonly id: string | null } | null;
    },
  ): void;
  /** How many processes share what a destination takes. */
  shareWith(processes: number): void;
  paceOf(claimed: Pick<Claimed, 'accountId' | 'domainId'>): DestinationPace;
}

export interface DestinationPace {
  readonly atMost: number;
  readonly pausedUntil: Date | null;
}

interface Destination {
  readonly limits: () => PaceLimits;
  pace: Pace;
  inFlight: number;
  lastTurnMs: number;
}

const rememberedDomains = 100_000;
const rememberedDestinations = 20_000;
const relayName = 'the relay';

export function openPacing({ now, mostPerDestination, mostOfRelay }: PaceOptions): Pacing {
  const destinations = new Map<string, Destination>();
  /** Learned from the first answer: many domains are one destination. */
  const groups = new QuickLru<string, string>({ maxSize: rememberedDomains });
  /** Where each copy under way took its place, whatever is learned meanwhile. */
  const places = new Map<string, Destination>();
  let limits: PaceLimits = { start: mostPerDestination, most: mostPerDestination };
  const ofRelay: PaceLimits = { start: mostOfRelay ?? 1, most: mostOfRelay ?? 1 };

  const nameOf = ({ accountId, domainId }: Pick<Claimed, 'accountId' | 'domainId'>): string => {
    const domain = `${accountId} ${domainId}`;
    return groups.get(domain) ?? (mostOfRelay === null ? domain : relayName);
  };
  const destinationOf = (name: string): Destination => {
    const known = destinations.get(name);
    if (known !== undefined) return known;
    if (destinations.size >= rememberedDestinations) forgetIdle(destinations);
    const limitsOf = (): PaceLimits => (name === relayName ? ofRelay : limits);
    const made: Destination = { pace: newPace(limitsOf()), limits: limitsOf, inFlight: 0, lastTurnMs: 0 };
    destinations.set(name, made);
    return made;
  };
  return {
    admit(claimed) {
      if (places.has(claimed.recipientId)) return 'go';
      const one = destinationOf(nameOf(claimed));
      const nowMs = now().getTime();
      if (nowMs >= one.pace.pausedUntilMs && one.inFlight < slotsOf(one.pace, one.limits())) {
        one.inFlight += 1;
        places.set(claimed.recipientId, one);
        return 'go';
      }
      const turnMs = turnAfter(one.pace, one.limits(), { nowMs, lastTurnMs: one.lastTurnMs, chance: Math.random() });
      one.lastTurnMs = Math.max(one.lastTurnMs, turnMs);
      return new Date(turnMs);
    },
    left({ recipientId }) {
      const one = places.get(recipientId);
      if (one === undefined) return;
      places.delete(recipientId);
      one.inFlight -= 1;
      if (one.inFlight === 0) one.lastTurnMs = Math.min(one.lastTurnMs, now().getTime());
    },
    answered(claimed, { kind, tookMs, host, relay = null }) {
      if (host !== null) groups.set(`${claimed.accountId} ${claimed.domainId}`, groupOf(claimed, host, relay));
      const one = destinationOf(nameOf(claimed));
      one.pace = afterAnswer(one.pace, { kind, tookMs, atMs: now().getTime(), chance: Math.random() }, one.limits());
    },
    shareWith(processes) {
      const most = Math.max(1, Math.floor(mostPerDestination / Math.max(1, processes)));
      limits = { start: most, most };
    },
    paceOf(claimed) {
      const { pace, limits: bounds } = destinationOf(nameOf(claimed));
      const isPaused = pace.pausedUntilMs > now().getTime();
      return { atMost: slotsOf(pace, bounds()), pausedUntil: isPaused ? new Date(pace.pausedUntilMs) : null };
    },
  };
}

/** An account's own relay is its own destination: what one login is told there is nothing to others. */
function groupOf({ accountId }: Claimed, host: string, relay: { readonly id: string | null } | null): string {
  if (relay === null) return destinationGroup(host);
  return relay.id === null ? relayName : `${accountId} by ${relay.id}`;
}

/** What is known of a destination that nothing is under way to was learned long ago, as a rule. */
function forgetIdle(destinations: Map<string, Destination>): void {
  for (const [name, { inFlight }] of destinations) if (inFlight === 0) destinations.delete(name);
}
