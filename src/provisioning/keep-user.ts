/** Seals what a directory says of a user, with the keyed hashes by which it is found again. */
import { type Provisioner, userIndexOf } from '../accounts/index.ts';
import type { Role } from '../contract/permissions.ts';
import type { Item, Resource } from '../core/provisioning/schema.ts';
import type { Tx } from '../platform/database.ts';
import { upsertUsers } from './store.ts';
import { externalIndexOf } from './users-shelf.ts';

interface Kept {
  readonly attributes: Resource;
  readonly roleGiven: Role | null;
  readonly isOutByGroups: boolean;
  readonly isDeleted?: boolean;
}

export const emailsOf = (attributes: Resource): readonly Item[] =>
  Array.isArray(attributes.emails) ? attributes.emails : [];

export const keepUser = (tx: Tx, by: Provisioner, id: string, kept: Kept): Promise<void> =>
  keepUsers(tx, by, [{ ...kept, id }]);

export async function keepUsers(
  tx: Tx,
  { vault, at }: Provisioner,
  kept: readonly (Kept & { readonly id: string })[],
): Promise<void> {
  if (kept.length === 0) return;
  const rows = kept.map(({ id, attributes, roleGiven, isOutByGroups, isDeleted = false }) => ({
    id,
    attributesSealed: vault.seal('provisioned.user', JSON.stringify(attributes)),
    userNameIndex: userIndexOf(vault, String(attributes.userName)),
    emailIndexes: emailsOf(attributes).map(({ value }) => userIndexOf(vault, String(value))),
    externalIdIndex: typeof attributes.externalId === 'string' ? externalIndexOf(vault, attributes.externalId) : null,
    ...{ roleGiven, isOutByGroups, changedAt: at, deletedAt: isDeleted ? at : null },
  }));
  await upsertUsers(tx, rows);
}
