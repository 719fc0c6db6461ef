/** Keeps which domains' people must use single sign-on: those of connections that ask for it, as far as they are proved. */
import { requireSignOn } from '../accounts/index.ts';
import type { Tx } from '../platform/database.ts';
import type { AccountVault, Vault } from '../platform/vault.ts';
import { provedOf } from './find-connection.ts';
import { openConnection } from './open-connection.ts';
import { listConnectionRows, listDomainRows } from './store.ts';

/** It follows from all connections of the account together. */
export async function requireOfAll(tx: Tx, installation: Vault, vault: AccountVault): Promise<void> {
  const all = (await listConnectionRows(tx)).map((row) => openConnection(vault, row));
  const required = all.filter((one) => one.isEnabled && one.isRequired).flatMap((one) => one.domains);
  await requireSignOn(tx, vault, provedOf(installation, required, await listDomainRows(tx)));
}
