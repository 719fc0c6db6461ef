/** Reads what storing a provider's events needs to know, before a transaction is open: settings, consents, dimensions. */
import { readSettings } from '../accounts/index.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import type { TrackingLevel } from '../contract/values.ts';
import type { ProviderName } from '../core/providers/provider-event.ts';
import { decideTracking } from '../core/sending/tracking-choice.ts';
import { type DimensionKind, dimensionIds } from '../events/index.ts';
import type { Database } from '../platform/database.ts';
import { consentLevels } from '../tracking/index.ts';
import { copiesOf, type IdentifiedEvent, type ProviderAccount } from './copies.ts';

export interface EventPlan {
  readonly keys: ProviderAccount;
  readonly provider: ProviderName;
  readonly events: readonly IdentifiedEvent[];
  readonly timeZone: string;
  /** How far somebody may be tracked now, by address index in hex. */
  readonly levelOf: (addressIndex: Buffer) => TrackingLevel;
  /** 0 for none. */
  readonly dimensionOf: (kind: DimensionKind, value: string | null) => number;
}

export async function planEvents(
  db: Database,
  keys: ProviderAccount,
  provider: ProviderName,
  events: readonly IdentifiedEvent[],
): Promise<EventPlan> {
  const copies = copiesOf(keys, provider, events);
  const { settings, consents } = await readPolicy(
    db,
    keys.accountId,
    copies.map((copy) => copy.addressIndex),
  );
  const levelOf = (index: Buffer): TrackingLevel =>
    decideTracking([{ level: settings.trackingLevel }, { level: consents.get(index.toString('hex')) }]).level;
  const heard = copies.filter((copy) => levelOf(copy.addressIndex) === 'identified');
  const dimensions = await numbered(db, keys, [
    ...copies.map((copy) => ['domain', copy.domain] as const),
    ...copies.map((copy) => ['sender', copy.sender] as const),
    ...events.map(({ event }) => ['campaign', event.campaign] as const),
    ...heard.flatMap((copy) => copy.events.map(({ event }) => ['link', event.url] as const)),
  ]);
  const dimensionOf = (kind: DimensionKind, value: string | null): number =>
    value === null ? 0 : (dimensions.get(`${kind} ${value}`) ?? 0);
  return { keys, provider, events, timeZone: settings.timeZone, levelOf, dimensionOf };
}

const readPolicy = (
  db: Database,
  accountId: string,
  indexes: readonly Buffer[],
): Promise<{ settings: OutboundSettings; consents: Map<string, TrackingLevel> }> =>
  db.readAccount(accountId, async (tx) => ({
    settings: await readSettings(tx),
    consents: await consentLevels(tx, indexes),
  }));

async function numbered(
  db: Database,
  keys: ProviderAccount,
  values: readonly (readonly [kind: DimensionKind, value: string | null])[],
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Map(
    values.flatMap(([kind, value]) => (value === null ? [] : [[`${kind} ${value}`, { kind, value }] as const])),
  );
  const ids = await dimensionIds(db, keys, [...wanted.values()]);
  return new Map([...wanted.keys()].map((name, place) => [name, ids[place] ?? 0]));
}
