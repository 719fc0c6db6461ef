/** All SQL on users that only a directory needs: another address, coming back, and how far the maker of a key reaches. */
import type { Permission, Role } from '../../contract/permissions.ts';
import { sql, type Tx } from '../../platform/database.ts';

export const updateUserAddress = (
  tx: Tx,
  id: string,
  address: { readonly emailSealed: Buffer; readonly emailIndex: Buffer; readonly emailLookup: Buffer },
): Promise<unknown> =>
  tx.query(sql`
    UPDATE users SET email_sealed = ${address.emailSealed}, email_index = ${address.emailIndex},
           email_lookup = ${address.emailLookup}
     WHERE account_id = current_account() AND id = ${id}`);

export async function findUserByEmail(tx: Tx, emailIndex: Buffer): Promise<string | undefined> {
  const rows = await tx.query<{ id: string }>(
    sql`SELECT id FROM users WHERE account_id = current_account() AND email_index = ${emailIndex}`,
  );
  return rows[0]?.id;
}

/** As somebody who was just invited: what they once accepted no longer counts. */
export const markUserExpected = (tx: Tx, id: string): Promise<unknown> =>
  tx.query(sql`
    UPDATE users SET accepted_at = NULL, deactivated_at = NULL WHERE account_id = current_account() AND id = ${id}`);

/** Undefined: the key was made by nobody in particular. */
export async function readMakerOfKey(
  tx: Tx,
  keyId: string,
): Promise<{ role: Role; permissions: readonly Permission[] | null } | undefined> {
  const rows = await tx.query<{ role: Role; permissions: readonly Permission[] | null }>(sql`
    SELECT u.role, u.permissions FROM api_keys k JOIN users u ON u.account_id = k.account_id AND u.id = k.made_by
     WHERE k.account_id = current_account() AND k.id = ${keyId}`);
  return rows[0];
}
