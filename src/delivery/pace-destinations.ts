/**
 * What this process knows of each destination: how many copies it may have at once, how many are under way, how fast it
 * is. It decides by core/delivery/pace and keeps a bounded number; it reads and writes no row.
 */
import QuickLru from 'quick-lru';
import {
  admissionOf,
  afterAnswer,
  destinationGroup,
  newPace,
  type Pace,
  type PaceAnswer,
  type PaceLimits,
  placesOf,
  reasonAside,
  standingOf,
  turnAfter,
} from '../core/delivery/pace.ts';
import type { Claimed } from './claim-store.ts';

export interface PaceOptions {
  readonly now: () => Date;
  /** Copies at once to one destination, in all processes together. */
  readonly mostPerDestination: number;
  /** Mail goes to the installation's relays unless an account's rules say otherwise: to them so many. Null: there are none. */
  readonly mostOfRelay: number | null;
  /** Copies at once, in this process, to all destinations together that are not known to answer. */
  readonly mostUnheard: number;
  /** Copies of silent and of slow destinations that keep no place of this process; of slow ones at most half as many. */
  readonly mostAside: number;
}

export interface Pacing {
  /** Takes a place for it, or tells when its turn comes. */
  admit(claimed: Claimed): 'go' | Date;
  /** Gives the place back. */
  left(claimed: Claimed): void;
  /** Those that now wait beside the places, of those that have set out: their destinations are silent or slow. */
  standAside(hasSetOut: (recipientId: string) => boolean): string[];
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
  readonly isOnlyWayOut: boolean;
  pace: Pace;
  inFlight: number;
  /** Of them, those that keep no place of the process. */
  aside: number;
  waitingSinceMs: number | null;
  lastTurnMs: number;
}

interface Place {
  readonly destination: Destination;
  readonly beganMs: number;
  aside: 'silent' | 'slow' | null;
}

const rememberedDomains = 100_000;
const rememberedDestinations = 20_000;
const relayName = 'the relay';

export function openPacing(options: PaceOptions): Pacing {
  const { now, mostPerDestination, mostOfRelay, mostUnheard, mostAside } = options;
  const destinations = new Map<string, Destination>();
  /** Learned from the first answer: many domains are one destination. */
  const groups = new QuickLru<string, string>({ maxSize: rememberedDomains });
  /** Where each copy under way took its place, whatever is learned meanwhile. */
  const places = new Map<string, Place>();
  const busy = new Set<Destination>();
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
    const made = name === relayName ? onlyWayOut(ofRelay) : newDestination(() => limits);
    destinations.set(name, made);
    return made;
  };
  return {
    admit(claimed) {
      if (places.has(claimed.recipientId)) return 'go';
      const one = destinationOf(nameOf(claimed));
      const nowMs = now().getTime();
      const isCrowded = unheardPlaces(busy, nowMs) >= mostUnheard;
      if (admissionOf(one.pace, one.limits(), { ...one, nowMs, isCrowded }) === 'go') {
        places.set(claimed.recipientId, { destination: one, beganMs: nowMs, aside: null });
        one.inFlight += 1;
        one.waitingSinceMs ??= nowMs;
        busy.add(one);
        return 'go';
      }
      const turnMs = turnAfter(one.pace, one.limits(), { ...one, nowMs, chance: Math.random() });
      one.lastTurnMs = Math.max(one.lastTurnMs, turnMs);
      return new Date(turnMs);
    },
    left({ recipientId }) {
      const place = places.get(recipientId);
      if (place === undefined) return;
      places.delete(recipientId);
      const one = place.destination;
      one.inFlight -= 1;
      if (place.aside !== null) one.aside -= 1;
      if (one.inFlight > 0) return;
      busy.delete(one);
      one.waitingSinceMs = null;
      one.lastTurnMs = Math.min(one.lastTurnMs, now().getTime());
    },
    standAside: (hasSetOut) => standAside(places, now().getTime(), mostAside, hasSetOut),
    answered(claimed, { kind, tookMs, host, relay = null }) {
      if (host !== null) groups.set(`${claimed.accountId} ${claimed.domainId}`, groupOf(claimed, host, relay));
      const atMs = now().getTime();
      for (const one of new Set([destinationOf(nameOf(claimed)), places.get(claimed.recipientId)?.destination])) {
        if (one === undefined) continue;
        one.pace = afterAnswer(one.pace, { kind, tookMs, atMs, chance: Math.random() }, one.limits());
        if (kind !== 'silent' && one.waitingSinceMs !== null) one.waitingSinceMs = atMs;
      }
    },
    shareWith(processes) {
      const most = Math.max(1, Math.floor(mostPerDestination / Math.max(1, processes)));
      limits = { start: most, most };
    },
    paceOf(claimed) {
      const one = destinationOf(nameOf(claimed));
      const nowMs = now().getTime();
      const isPaused = one.pace.pausedUntilMs > nowMs;
      return {
        atMost: placesOf(one.pace, one.limits(), standingOf(one.pace, one, nowMs)),
        pausedUntil: isPaused ? new Date(one.pace.pausedUntilMs) : null,
      };
    },
  };
}

const newDestination = (limits: () => PaceLimits): Destination => ({
  ...{
    limits,
    isOnlyWayOut: false,
    pace: newPace(limits()),
    inFlight: 0,
    aside: 0,
    waitingSinceMs: null,
    lastTurnMs: 0,
  },
});

/** No other destination needs the places of the one that all mail goes to: it has them before its first answer. */
const onlyWayOut = (limits: PaceLimits): Destination => ({
  ...newDestination(() => limits),
  isOnlyWayOut: true,
  pace: { ...newPace(limits), heardAtMs: Number.POSITIVE_INFINITY },
});

function unheardPlaces(busy: ReadonlySet<Destination>, nowMs: number): number {
  let sum = 0;
  for (const one of busy) if (standingOf(one.pace, one, nowMs) !== 'heard') sum += one.inFlight - one.aside;
  return sum;
}

function standAside(
  places: ReadonlyMap<string, Place>,
  nowMs: number,
  most: number,
  hasSetOut: (recipientId: string) => boolean,
): string[] {
  const gone: string[] = [];
  const aside = { silent: 0, slow: 0 };
  for (const place of places.values()) if (place.aside !== null) aside[place.aside] += 1;
  for (const [recipientId, place] of places) {
    const { destination, beganMs } = place;
    if (place.aside !== null || aside.silent + aside.slow >= most) continue;
    const reason = reasonAside(destination.pace, destination, { beganMs, nowMs });
    // The only way out has all places: there is nobody to make room for.
    if (reason === null || (reason === 'slow' && (destination.isOnlyWayOut || aside.slow >= most / 2))) continue;
    if (!hasSetOut(recipientId)) continue;
    place.aside = reason;
    aside[reason] += 1;
    destination.aside += 1;
    gone.push(recipientId);
  }
  return gone;
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
