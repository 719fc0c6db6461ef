/** Whether somebody may sign in by ways of their own, or has to use single sign-on. It never keeps out an owner. */
import { Problem } from '../../contract/problem.ts';
import { domainOf } from '../../core/access/sign-on-claims.ts';
import type { Tx } from '../../platform/database.ts';
import type { AccountVault } from '../../platform/vault.ts';
import { readUserRow } from '../people/people-store.ts';
import { listRequiredDomains, replaceRequiredDomains } from './sign-on-store.ts';

const indexOf = (vault: AccountVault, domain: string): Buffer => vault.index('sign-on.domain', domain);

/** From now on, of these domains and no others. */
export const requireSignOn = (tx: Tx, vault: AccountVault, domains: readonly string[]): Promise<void> =>
  replaceRequiredDomains(
    tx,
    [...new Set(domains)].map((domain) => indexOf(vault, domain)),
  );

/** Asked once the proof was right, so that it tells nothing to anybody else. Throws sso.required. */
export async function assertOwnWay(tx: Tx, vault: AccountVault, userId: string): Promise<void> {
  const required = await listRequiredDomains(tx);
  if (required.length === 0) return;
  const user = await readUserRow(tx, userId);
  // A provider that is broken, or in wrong hands, must not keep out whoever could switch it off.
  if (user === undefined || user.role === 'owner') return;
  const domain = indexOf(vault, domainOf(vault.open('user.email', user.emailSealed).toString()));
  if (required.some((one) => one.domain.equals(domain))) throw new Problem('sso.required');
}
