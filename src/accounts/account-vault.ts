/** An account's vault from its id. Its sealed key never changes, so each is read once a process. */
import type { AccountVault, Vault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { readAccountRow } from './store.ts';

const known = new WeakMap<Vault, Map<string, AccountVault>>();

/** Reads the database the first time: ask before a transaction is open, not inside one. */
export async function accountVault(world: Pick<World, 'db' | 'vault'>, accountId: string): Promise<AccountVault> {
  const vaults = known.get(world.vault) ?? new Map<string, AccountVault>();
  known.set(world.vault, vaults);
  const found = vaults.get(accountId);
  if (found !== undefined) return found;
  const account = await world.db.readAccount(accountId, readAccountRow);
  if (account === undefined) throw new Error('there is no such account');
  const opened = world.vault.account(account.keySealed);
  vaults.set(accountId, opened);
  return opened;
}
