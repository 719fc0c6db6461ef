/**
 * Sorts a provider's events into copies: what of one message went to one recipient. Ids of messages, recipients and events
 * are keyed hashes of the provider's own, so that whatever comes twice, or in another order, meets what it belongs to.
 */
import { comparableAddress, domainOf } from '../core/message/index.ts';
import type { ProviderEvent, ProviderName } from '../core/providers/provider-event.ts';
import type { AccountVault } from '../platform/vault.ts';

/** Whose events they are, and the keys that seal what must not be read at rest. */
export interface ProviderAccount {
  readonly accountId: string;
  readonly vault: AccountVault;
}

export interface IdentifiedEvent {
  readonly id: string;
  readonly event: ProviderEvent;
}

export interface Copy {
  readonly messageId: string;
  readonly recipientId: string;
  readonly address: string;
  readonly addressIndex: Buffer;
  readonly domain: string;
  readonly campaign: string | null;
  readonly sender: string | null;
  readonly tags: readonly string[];
  /** The earliest moment that is known of it. */
  readonly acceptedAt: Date;
  readonly events: readonly IdentifiedEvent[];
}

/** A hash of 16 octets as a UUID (RFC 9562 §5.8, version 8: octets of our own). */
function uuidOf(hash: Buffer): string {
  const octets = Buffer.from(hash.subarray(0, 16));
  octets[6] = ((octets[6] ?? 0) & 0x0f) | 0x80;
  octets[8] = ((octets[8] ?? 0) & 0x3f) | 0x80;
  const hex = octets.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const derivedUuid = ({ vault }: ProviderAccount, kind: string, ...parts: readonly (string | number)[]): string =>
  uuidOf(vault.index(kind, parts.join('\0')));

/** Some providers promise that an event's id is unique for a day only, so its time belongs to it. */
export const identified = (
  keys: ProviderAccount,
  provider: ProviderName,
  events: readonly ProviderEvent[],
): IdentifiedEvent[] =>
  events.map((event) => ({
    id: derivedUuid(keys, 'provider.event', provider, event.kind, event.atMs, event.eventId),
    event,
  }));

export function copiesOf(keys: ProviderAccount, provider: ProviderName, events: readonly IdentifiedEvent[]): Copy[] {
  const named = events.flatMap((one) => {
    const { recipient, messageId } = one.event;
    return recipient === null ? [] : [{ ...one, name: `${messageId}\0${comparableAddress(recipient)}` }];
  });
  return [...Map.groupBy(named, (one) => one.name)].map(([name, own]) => copyOf(keys, provider, name, own));
}

function copyOf(keys: ProviderAccount, provider: ProviderName, name: string, own: readonly IdentifiedEvent[]): Copy {
  const events = own.map((one) => one.event);
  const address = events[0]?.recipient ?? '';
  const comparable = comparableAddress(address);
  const first = <T>(pick: (event: ProviderEvent) => T | null): T | null => {
    for (const event of events) if (pick(event) !== null) return pick(event);
    return null;
  };
  return {
    messageId: derivedUuid(keys, 'provider.message', provider, name),
    recipientId: derivedUuid(keys, 'provider.recipient', provider, name),
    address,
    addressIndex: keys.vault.index('address', comparable),
    domain: domainOf(comparable),
    campaign: first((event) => event.campaign),
    sender: first((event) => event.sender),
    tags: events.find((event) => event.tags.length > 0)?.tags ?? [],
    acceptedAt: new Date(Math.min(...events.map(earliestMs))),
    events: own,
  };
}

const earliestMs = ({ atMs, sentAtMs }: ProviderEvent): number => Math.min(atMs, sentAtMs ?? atMs);
