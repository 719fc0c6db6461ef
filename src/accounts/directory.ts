/** Who the people of an account are, for areas that tell or name them: roles and addresses, opened. It changes nothing. */
import type { Role } from '../contract/permissions.ts';
import { limitsOf } from '../core/access/session-life.ts';
import type { Tx } from '../platform/database.ts';
import type { AccountVault } from '../platform/vault.ts';
import { listUserRows, readUserRow } from './people/people-store.ts';
import { readSessionRow } from './store.ts';

export interface DirectoryPerson {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  /** Can sign in. */
  readonly isActive: boolean;
}

export async function readDirectory(tx: Tx, vault: AccountVault): Promise<DirectoryPerson[]> {
  return (await listUserRows(tx)).map((row) => ({
    id: row.id,
    name: vault.open('user.name', row.nameSealed).toString(),
    email: vault.open('user.email', row.emailSealed).toString(),
    role: row.role,
    isActive: row.acceptedAt !== null && row.deactivatedAt === null,
  }));
}

export const readRole = async (tx: Tx, userId: string): Promise<Role | undefined> =>
  (await readUserRow(tx, userId))?.role;

/** Neither ended, nor beyond its time or rest; its user can sign in. */
export async function isSessionOpen(tx: Tx, sessionId: string, now: Date): Promise<boolean> {
  const found = await readSessionRow(tx, sessionId);
  if (found === undefined) return false;
  const { idleMinutes, absoluteMinutes } = limitsOf(found);
  const restedMs = now.getTime() - found.lastSeenAt.getTime();
  const lastedMs = now.getTime() - found.createdAt.getTime();
  return found.expiresAt > now && restedMs < idleMinutes * 60_000 && lastedMs < absoluteMinutes * 60_000;
}
