/** How far recipients may be tracked, as they themselves said. Addresses are kept sealed and found by a keyed hash. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { TrackingLevel } from '../contract/values.ts';
import { comparableAddress, normaliseAddress, parseAddressList } from '../core/message/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { selectConsents, upsertConsent } from './store.ts';

export interface Consent {
  readonly email: string;
  readonly level: TrackingLevel;
  /** Null: nothing was ever said. */
  readonly updatedAt: Date | null;
}

export async function setConsent(
  world: World,
  caller: Caller,
  email: string,
  level: TrackingLevel,
): Promise<Consent & { readonly updatedAt: Date }> {
  const vault = await accountVault(world, caller.accountId);
  const address = readAddress(email);
  const index = vault.index('address', comparableAddress(address));
  const now = world.clock.now();
  await world.db.asAccount(caller.accountId, async (tx) => {
    const sealed = vault.seal('consent.address', address);
    await upsertConsent(tx, { index, sealed }, { level, updatedAt: now });
    const object = { kind: 'consent', id: index.toString('hex') } as const;
    await record(tx, { at: now, actor: caller.actor, action: 'consent.changed', object, detail: { level } });
  });
  return { email: address, level, updatedAt: now };
}

export async function readConsent(world: World, caller: Caller, email: string): Promise<Consent> {
  const vault = await accountVault(world, caller.accountId);
  const address = readAddress(email);
  const index = vault.index('address', comparableAddress(address));
  const found = await world.db.asAccount(caller.accountId, async (tx) => {
    const object = { kind: 'consent', id: index.toString('hex') } as const;
    const at = world.clock.now();
    await record(tx, { at, actor: caller.actor, action: 'consent.read', object, detail: {} });
    return (await selectConsents(tx, [index])).get(index.toString('hex'));
  });
  return { email: address, level: found?.level ?? 'identified', updatedAt: found?.updatedAt ?? null };
}

/** What the recipients behind these address indexes have said, by index in hex; absent where nothing was ever said. */
export async function consentLevels(
  tx: Tx,
  addressIndexes: readonly Uint8Array[],
): Promise<Map<string, TrackingLevel>> {
  const consents = await selectConsents(tx, addressIndexes);
  return new Map([...consents].map(([index, consent]) => [index, consent.level]));
}

function readAddress(email: string): string {
  const parsed = parseAddressList(email);
  if (parsed.kind !== 'addresses' || parsed.mailboxes.length !== 1) throw new Problem('message.invalid_address');
  return normaliseAddress(email);
}
