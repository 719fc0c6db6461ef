/**
 * An account's vault from its id. Its own sealed key is read once a process; the wrapping keys that rotations add are
 * looked for again every few seconds, so that every process knows a key before anybody seals with it.
 */
import type { AccountVault, Vault } from '../platform/vault.ts';
import { systemClock, type World } from '../platform/world.ts';
import { readAccountRow } from './store.ts';
import { readWrappingKeys } from './wrapping-key-store.ts';

type Needs = Pick<World, 'db' | 'vault'> & Partial<Pick<World, 'clock'>>;

interface Known {
  readonly vault: AccountVault;
  readAt: number;
  reading: Promise<void> | undefined;
}

const known = new WeakMap<Vault, Map<string, Known>>();

/** Older than this is looked up again, beside the caller. */
const freshMs = 4_000;
/** Older than this the caller waits. */
const staleMs = 12_000;
/** From its making to its first use, a wrapping key is given this long to be heard of everywhere. */
export const wrappingKeyGraceMs = 20_000;

/** Reads the database the first time and after a pause: ask before a transaction is open, not inside one. */
export async function accountVault(world: Needs, accountId: string): Promise<AccountVault> {
  const vaults = vaultsOf(world.vault);
  const found = vaults.get(accountId);
  if (found === undefined) return openFirst(world, accountId, vaults);
  const ageMs = Math.abs(nowOf(world) - found.readAt);
  if (ageMs > staleMs) await readAgain(world, accountId, found);
  else if (ageMs > freshMs) readAgain(world, accountId, found).catch(() => undefined);
  return found.vault;
}

/** The same with the wrapping keys of this moment. */
export async function freshAccountVault(world: Needs, accountId: string): Promise<AccountVault> {
  const vault = await accountVault(world, accountId);
  const found = vaultsOf(world.vault).get(accountId);
  if (found !== undefined) await readAgain(world, accountId, found);
  return vault;
}

async function openFirst(world: Needs, accountId: string, vaults: Map<string, Known>): Promise<AccountVault> {
  const row = await world.db.readAccount(accountId, readAccountRow);
  if (row === undefined) throw new Error('there is no such account');
  const made: Known = { vault: world.vault.account(row.keySealed), readAt: 0, reading: undefined };
  await readAgain(world, accountId, made);
  vaults.set(accountId, made);
  return made.vault;
}

function readAgain(world: Needs, accountId: string, one: Known): Promise<void> {
  one.reading ??= takeKeys(world, accountId, one).finally(() => {
    one.reading = undefined;
  });
  return one.reading;
}

async function takeKeys(world: Needs, accountId: string, one: Known): Promise<void> {
  const now = nowOf(world);
  const keys = await world.db.readAccount(accountId, readWrappingKeys);
  const inForce = keys.filter((key) => key.inForceAt.getTime() <= now).map((key) => key.version);
  one.vault.takeWrappingKeys(keys, Math.max(1, ...inForce));
  one.readAt = now;
}

function vaultsOf(vault: Vault): Map<string, Known> {
  const vaults = known.get(vault) ?? new Map<string, Known>();
  known.set(vault, vaults);
  return vaults;
}

const nowOf = ({ clock = systemClock }: Needs): number => clock.now().getTime();
