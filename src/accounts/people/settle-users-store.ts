/** SQL on many users at once, as groups of a directory place them, end them and let them back in. */
import type { Role } from '../../contract/permissions.ts';
import { texts, uuids } from '../../platform/columns.ts';
import { sql, type Tx } from '../../platform/database.ts';

export interface Placed {
  readonly id: string;
  readonly role: Role;
  readonly departmentId: string | null;
}

/** A narrowing belongs to the role that it narrows. */
export const placeUsers = (tx: Tx, placed: readonly Placed[]): Promise<unknown> =>
  tx.query(sql`
    UPDATE users u SET role = m.role, department_id = m.department_id,
           permissions = CASE WHEN u.role = m.role THEN u.permissions END
      FROM unnest(${uuids(placed.map(({ id }) => id))}::uuid[], ${texts(placed.map(({ role }) => role))}::text[],
                  ${uuids(placed.map(({ departmentId }) => departmentId))}::uuid[]) AS m (id, role, department_id)
     WHERE u.account_id = current_account() AND u.id = m.id`);

/** Gives whose sessions and keys ended with them, once for each. */
export async function markUsersDeactivated(
  tx: Tx,
  ids: readonly string[],
  at: Date,
): Promise<{ sessionsOf: string[]; apiKeysOf: string[] }> {
  const those = uuids(ids);
  await tx.query(sql`
    UPDATE users SET deactivated_at = ${at} WHERE account_id = current_account() AND id = ANY (${those}::uuid[])`);
  await tx.query(sql`
    UPDATE invitations SET ended_at = ${at}
     WHERE account_id = current_account() AND user_id = ANY (${those}::uuid[]) AND ended_at IS NULL`);
  const sessions = await tx.query<{ id: string }>(sql`
    UPDATE sessions SET ended_at = ${at}
     WHERE account_id = current_account() AND user_id = ANY (${those}::uuid[]) AND ended_at IS NULL
    RETURNING user_id AS id`);
  const apiKeys = await tx.query<{ id: string }>(sql`
    UPDATE api_keys SET revoked_at = ${at}
     WHERE account_id = current_account() AND made_by = ANY (${those}::uuid[]) AND revoked_at IS NULL
    RETURNING made_by AS id`);
  return { sessionsOf: sessions.map(({ id }) => id), apiKeysOf: apiKeys.map(({ id }) => id) };
}

/** As somebody who was just invited: nothing that they signed in with before works again. */
export async function markUsersExpected(tx: Tx, ids: readonly string[]): Promise<void> {
  const those = uuids(ids);
  await tx.query(sql`
    DELETE FROM passkeys WHERE account_id = current_account() AND user_id = ANY (${those}::uuid[])`);
  await tx.query(sql`
    DELETE FROM recovery_codes WHERE account_id = current_account() AND user_id = ANY (${those}::uuid[])`);
  await tx.query(sql`
    UPDATE users SET accepted_at = NULL, deactivated_at = NULL, password_hash = NULL, totp_sealed = NULL, totp_step = 0
     WHERE account_id = current_account() AND id = ANY (${those}::uuid[])`);
}
