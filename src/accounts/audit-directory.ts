/** What the audit log asks of accounts: the vault of one, and what its users, API keys and departments are called. */
import type { Directory } from '../audit/index.ts';
import type { World } from '../platform/world.ts';
import { accountVault } from './account-vault.ts';
import { listDepartmentRows, listUserRows } from './people/people-store.ts';
import { listApiKeyNames } from './store.ts';

export const auditDirectory = (world: Pick<World, 'db' | 'vault'>): Directory => ({
  vaultOf: (accountId) => accountVault(world, accountId),
  async namesOf(accountId) {
    const vault = await accountVault(world, accountId);
    return world.db.readAccount(accountId, async (tx) => {
      const users = await listUserRows(tx);
      return new Map([
        ...users.map((user) => [user.id, vault.open('user.name', user.nameSealed).toString()] as const),
        ...(await listApiKeyNames(tx)).map(({ id, name }) => [id, name] as const),
        ...(await listDepartmentRows(tx)).map(({ id, name }) => [id, name] as const),
      ]);
    });
  },
});
