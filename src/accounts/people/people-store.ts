/** All SQL on users, invitations, departments and session limits. Rows hold sealed addresses and names; it opens none. */
import type { AlertKind } from '../../contract/people.ts';
import type { Permission, Role } from '../../contract/permissions.ts';
import type { OwnPolicies, Policies, PolicyHolder } from '../../core/access/department-policy.ts';
import { uuids } from '../../platform/columns.ts';
import { type Database, empty, join, raw, type Sql, sql, type Tx } from '../../platform/database.ts';
import type { UserReach } from '../narrowing.ts';

export interface StoredUser {
  readonly id: string;
  readonly emailSealed: Buffer;
  readonly nameSealed: Buffer;
  readonly role: Role;
  readonly permissions: readonly Permission[] | null;
  readonly departmentId: string | null;
  readonly reach: UserReach;
  readonly createdAt: Date;
  readonly acceptedAt: Date | null;
  readonly deactivatedAt: Date | null;
  readonly lastSignedInAt: Date | null;
  readonly passwordHash: string | null;
  readonly totpSealed: Buffer | null;
  readonly passkeys: number;
}

const userColumns = raw(`id, email_sealed AS "emailSealed", name_sealed AS "nameSealed", role, permissions,
  department_id AS "departmentId", reach, created_at AS "createdAt", accepted_at AS "acceptedAt",
  deactivated_at AS "deactivatedAt", last_signed_in_at AS "lastSignedInAt", password_hash AS "passwordHash",
  totp_sealed AS "totpSealed",
  (SELECT count(*) FROM passkeys p WHERE p.account_id = users.account_id AND p.user_id = users.id) AS passkeys`);

export const listUserRows = (tx: Tx): Promise<StoredUser[]> =>
  tx.query(sql`SELECT ${userColumns} FROM users WHERE account_id = current_account() ORDER BY created_at, id`);

export async function readUserRow(tx: Tx, id: string, forChange = false): Promise<StoredUser | undefined> {
  const rows = await tx.query<StoredUser>(sql`
    SELECT ${userColumns} FROM users WHERE account_id = current_account() AND id = ${id} ${forChange ? sql`FOR UPDATE` : empty}`);
  return rows[0];
}

/** Locked until the transaction ends. */
export const readUserRows = (tx: Tx, ids: readonly string[]): Promise<StoredUser[]> =>
  tx.query(sql`
    SELECT ${userColumns} FROM users WHERE account_id = current_account() AND id = ANY (${uuids(ids)}::uuid[])
     ORDER BY id FOR UPDATE`);

/** Changes of people wait for one another, so that two owners cannot remove each other at once. */
export const lockPeople = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.people ' || current_account()::text, 0))`);

export interface NewUser
  extends Pick<
    StoredUser,
    'id' | 'emailSealed' | 'nameSealed' | 'role' | 'permissions' | 'departmentId' | 'createdAt'
  > {
  /** Default: account. */
  readonly reach?: UserReach;
  readonly emailIndex: Buffer;
  readonly emailLookup: Buffer;
}

/** False: the account has a user with this address. */
export async function insertUser(tx: Tx, user: NewUser): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO users (account_id, id, email_sealed, email_index, email_lookup, name_sealed, role, permissions,
                       department_id, reach, created_at)
    VALUES (current_account(), ${user.id}, ${user.emailSealed}, ${user.emailIndex}, ${user.emailLookup},
            ${user.nameSealed}, ${user.role}, ${user.permissions}, ${user.departmentId}, ${user.reach ?? 'account'},
            ${user.createdAt})
    ON CONFLICT (account_id, email_index) DO NOTHING RETURNING id`);
  return rows.length === 1;
}

export const updateUser = (
  tx: Tx,
  id: string,
  /** Without a reach: it stays. */
  user: Pick<StoredUser, 'nameSealed' | 'role' | 'permissions' | 'departmentId'> & { readonly reach?: UserReach },
): Promise<unknown> =>
  tx.query(sql`
    UPDATE users SET name_sealed = ${user.nameSealed}, role = ${user.role}, permissions = ${user.permissions},
           department_id = ${user.departmentId}, reach = coalesce(${user.reach ?? null}::text, reach)
     WHERE account_id = current_account() AND id = ${id}`);

/** Owners who can sign in and may do everything. */
export async function countOtherOwners(tx: Tx, exceptId: string): Promise<number> {
  const [row] = await tx.query<{ owners: number }>(sql`
    SELECT count(*)::int AS owners FROM users
     WHERE account_id = current_account() AND id <> ${exceptId} AND role = 'owner' AND permissions IS NULL AND reach = 'account'
       AND accepted_at IS NOT NULL AND deactivated_at IS NULL`);
  return row?.owners ?? 0;
}

export async function hasActiveUsers(tx: Tx): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM users WHERE account_id = current_account() AND accepted_at IS NOT NULL AND deactivated_at IS NULL
     LIMIT 1`);
  return rows.length > 0;
}

/** Gives how many sessions and keys ended with them. */
export async function markUserDeactivated(
  tx: Tx,
  id: string,
  at: Date,
): Promise<{ sessions: number; apiKeys: number }> {
  await tx.query(sql`
    UPDATE users SET deactivated_at = ${at} WHERE account_id = current_account() AND id = ${id}`);
  await endInvitations(tx, id, at);
  const sessions = await endSessionsOf(tx, id, at);
  const apiKeys = await tx.query(sql`
    UPDATE api_keys SET revoked_at = ${at}
     WHERE account_id = current_account() AND made_by = ${id} AND revoked_at IS NULL RETURNING id`);
  return { sessions, apiKeys: apiKeys.length };
}

/** All but one, when one is to stay. Gives how many ended. */
export async function endSessionsOf(tx: Tx, userId: string, at: Date, exceptId?: string): Promise<number> {
  const rows = await tx.query(sql`
    UPDATE sessions SET ended_at = ${at}
     WHERE account_id = current_account() AND user_id = ${userId} AND ended_at IS NULL
       AND id IS DISTINCT FROM ${exceptId ?? null}::uuid RETURNING id`);
  return rows.length;
}

export const markUserAccepted = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE users SET accepted_at = ${at}, deactivated_at = NULL WHERE account_id = current_account() AND id = ${id}`);

export const markUserSignedIn = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`UPDATE users SET last_signed_in_at = ${at} WHERE account_id = current_account() AND id = ${id}`);

export const insertInvitation = (
  tx: Tx,
  invitation: { hash: Buffer; userId: string; at: Date; expiresAt: Date },
): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO invitations (account_id, token_hash, user_id, created_at, expires_at)
    VALUES (current_account(), ${invitation.hash}, ${invitation.userId}, ${invitation.at}, ${invitation.expiresAt})`);

export const endInvitations = (tx: Tx, userId: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE invitations SET ended_at = ${at}
     WHERE account_id = current_account() AND user_id = ${userId} AND ended_at IS NULL`);

export async function findInvitation(
  db: Database,
  hash: Buffer,
): Promise<{ accountId: string; userId: string } | undefined> {
  const rows = await db.askGate<{ accountId: string; userId: string }>(
    sql`SELECT account_id AS "accountId", user_id AS "userId" FROM account_of_invitation(${hash})`,
  );
  return rows[0];
}

export async function readInvitationExpiry(tx: Tx, hash: Buffer, at: Date): Promise<Date | undefined> {
  const rows = await tx.query<{ expiresAt: Date }>(sql`
    SELECT expires_at AS "expiresAt" FROM invitations
     WHERE account_id = current_account() AND token_hash = ${hash} AND ended_at IS NULL AND expires_at > ${at}`);
  return rows[0]?.expiresAt;
}

/** True once per invitation. */
export async function redeemInvitation(tx: Tx, hash: Buffer, at: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE invitations SET ended_at = ${at}
     WHERE account_id = current_account() AND token_hash = ${hash} AND ended_at IS NULL AND expires_at > ${at}
    RETURNING user_id`);
  return rows.length === 1;
}

export interface StoredDepartment {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
  readonly idleMinutes: number | null;
  readonly absoluteMinutes: number | null;
}

export const listDepartmentRows = (tx: Tx): Promise<StoredDepartment[]> =>
  tx.query(sql`
    SELECT id, name, parent_id AS "parentId", idle_minutes AS "idleMinutes", absolute_minutes AS "absoluteMinutes"
      FROM departments WHERE account_id = current_account() ORDER BY name, id`);

const policyColumns = {
  minimumTransport: 'minimum_transport',
  requireVerifiedSender: 'require_verified_sender',
  trackingLevel: 'tracking_level',
  trackOpens: 'track_opens',
  trackClicks: 'track_clicks',
  trackPlainText: 'track_plain_text',
  honeypotLinks: 'honeypot_links',
} as const satisfies Record<keyof Policies, string>;
const policyNames = Object.keys(policyColumns) as (keyof Policies)[];
const policyList = policyNames.map((name) => `${policyColumns[name]} AS "${name}"`).join(', ');

/** These departments and all above them, with what each says itself. */
export const listPolicyHolders = (tx: Tx, ids: readonly string[]): Promise<PolicyHolder[]> =>
  tx.query(policyHoldersAbove(ids));

export const policyHoldersAbove = (ids: readonly string[]): Sql =>
  sql`
    WITH RECURSIVE above AS (
      SELECT * FROM departments WHERE account_id = current_account() AND id = ANY (${ids}::uuid[])
      UNION
      SELECT d.* FROM departments d JOIN above a ON d.id = a.parent_id WHERE d.account_id = current_account())
    SELECT id, parent_id AS "parentId", ${raw(policyList)} FROM above`;

export const updatePolicies = (tx: Tx, id: string, own: OwnPolicies): Promise<unknown> => {
  const assignments = policyNames.map((name) => sql`${raw(policyColumns[name])} = ${own[name]}`);
  return tx.query(sql`
    UPDATE departments SET ${join(assignments)} WHERE account_id = current_account() AND id = ${id}`);
};

export const insertDepartment = (tx: Tx, one: StoredDepartment, at: Date): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO departments (account_id, id, name, parent_id, created_at, idle_minutes, absolute_minutes)
    VALUES (current_account(), ${one.id}, ${one.name}, ${one.parentId}, ${at}, ${one.idleMinutes},
            ${one.absoluteMinutes})`);

export const updateDepartment = (tx: Tx, one: StoredDepartment): Promise<unknown> =>
  tx.query(sql`
    UPDATE departments SET name = ${one.name}, parent_id = ${one.parentId}, idle_minutes = ${one.idleMinutes},
           absolute_minutes = ${one.absoluteMinutes}
     WHERE account_id = current_account() AND id = ${one.id}`);

/** False: people, keys, mail or departments are in it, or routes and webhooks name it. */
export async function deleteDepartmentRow(tx: Tx, id: string): Promise<boolean> {
  await tx.query(sql`
    UPDATE api_keys SET department_id = NULL
     WHERE account_id = current_account() AND department_id = ${id} AND revoked_at IS NOT NULL`);
  const rows = await tx.query(sql`
    DELETE FROM departments
     WHERE account_id = current_account() AND id = ${id}
       AND NOT EXISTS (SELECT 1 FROM users u WHERE u.account_id = current_account() AND u.department_id = ${id})
       AND NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.account_id = current_account() AND k.department_id = ${id})
       AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.account_id = current_account() AND m.department_id = ${id})
       AND NOT EXISTS (SELECT 1 FROM dimensions n WHERE n.account_id = current_account() AND n.department_id = ${id})
       AND NOT EXISTS (SELECT 1 FROM departments d WHERE d.account_id = current_account() AND d.parent_id = ${id})
       AND NOT EXISTS (SELECT 1 FROM mail_route_rules r WHERE r.account_id = current_account() AND r.department_id = ${id})
       AND NOT EXISTS (SELECT 1 FROM webhook_endpoints w WHERE w.account_id = current_account() AND w.department_id = ${id})
    RETURNING id`);
  return rows.length === 1;
}

export interface StoredLimit {
  readonly role: Role;
  readonly idleMinutes: number;
  readonly absoluteMinutes: number;
}

export const listLimitRows = (tx: Tx): Promise<StoredLimit[]> =>
  tx.query(sql`
    SELECT role, idle_minutes AS "idleMinutes", absolute_minutes AS "absoluteMinutes"
      FROM session_limits WHERE account_id = current_account()`);

export const upsertLimit = (tx: Tx, limit: StoredLimit): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO session_limits (account_id, role, idle_minutes, absolute_minutes)
    VALUES (current_account(), ${limit.role}, ${limit.idleMinutes}, ${limit.absoluteMinutes})
    ON CONFLICT (account_id, role)
    DO UPDATE SET idle_minutes = excluded.idle_minutes, absolute_minutes = excluded.absolute_minutes`);

export interface StoredAlert {
  readonly id: string;
  readonly at: Date;
  readonly what: AlertKind;
  readonly userId: string | null;
  readonly detail: {
    readonly isNewBrowser?: boolean;
    readonly isNewNetwork?: boolean;
    readonly emergencyId?: string;
    readonly connectionId?: string;
    readonly webhookId?: string;
    readonly because?: 'gone' | 'failing';
  };
}

/** Whoever tells people of alerts finds it among the waiting ones. */
export const insertAlert = (tx: Tx, alert: StoredAlert): Promise<unknown> =>
  tx.query(sql`
    WITH raised AS (
      INSERT INTO alerts (account_id, id, at, what, user_id, detail)
      VALUES (current_account(), ${alert.id}, ${alert.at}, ${alert.what}, ${alert.userId},
              ${JSON.stringify(alert.detail)}::jsonb) RETURNING account_id, id)
    INSERT INTO alerts_waiting (account_id, alert_id) SELECT account_id, id FROM raised`);

export interface ListedAlert extends StoredAlert {
  readonly acknowledgedAt: Date | null;
  /** Null beside a time: no user, but a program or an installation link's holder. */
  readonly acknowledgedBy: string | null;
}

/** `departments`: only of their people; undefined: all. */
const alertOf = (departments: readonly string[] | undefined): Sql =>
  departments === undefined
    ? empty
    : sql`AND user_id IN (SELECT id FROM users WHERE account_id = current_account()
                             AND department_id = ANY (${departments}::uuid[]))`;

export const listAlertRows = (tx: Tx, departments?: readonly string[]): Promise<ListedAlert[]> =>
  tx.query(sql`
    SELECT id, at, what, user_id AS "userId", detail, acknowledged_at AS "acknowledgedAt",
           acknowledged_by AS "acknowledgedBy"
      FROM alerts WHERE account_id = current_account() ${alertOf(departments)} ORDER BY at DESC, id DESC LIMIT 200`);

/** Whom an alert is about, and of what kind; undefined: there is no such alert. */
export async function readAlertRow(
  tx: Tx,
  id: string,
  departments?: readonly string[],
): Promise<Pick<StoredAlert, 'what' | 'userId'> | undefined> {
  const rows = await tx.query<Pick<StoredAlert, 'what' | 'userId'>>(sql`
    SELECT what, user_id AS "userId" FROM alerts
     WHERE account_id = current_account() AND id = ${id} ${alertOf(departments)}`);
  return rows[0];
}

/** True for whoever is first. */
export async function markAlertAcknowledged(tx: Tx, id: string, at: Date, userId: string | null): Promise<boolean> {
  const marked = await tx.query(sql`
    UPDATE alerts SET acknowledged_at = ${at}, acknowledged_by = ${userId}
     WHERE account_id = current_account() AND id = ${id} AND acknowledged_at IS NULL RETURNING id`);
  return marked.length === 1;
}

/** Which of these places the user was seen at, and whether anywhere at all. */
export async function readKnownPlaces(
  tx: Tx,
  userId: string,
  places: readonly Buffer[],
): Promise<{ known: Buffer[]; isFirst: boolean }> {
  const rows = await tx.query<{ place: Buffer; isAsked: boolean }>(sql`
    SELECT place, place IN (${join([...places])}) AS "isAsked" FROM known_places
     WHERE account_id = current_account() AND user_id = ${userId}`);
  return { known: rows.filter((row) => row.isAsked).map((row) => row.place), isFirst: rows.length === 0 };
}

export async function rememberPlaces(
  tx: Tx,
  userId: string,
  places: readonly Buffer[],
  at: Date,
  forgetBefore: Date,
): Promise<void> {
  await tx.query(sql`
    DELETE FROM known_places
     WHERE account_id = current_account() AND user_id = ${userId} AND last_seen_at < ${forgetBefore}`);
  for (const place of places)
    await tx.query(sql`
      INSERT INTO known_places (account_id, user_id, place, last_seen_at)
      VALUES (current_account(), ${userId}, ${place}, ${at})
      ON CONFLICT (account_id, user_id, place) DO UPDATE SET last_seen_at = excluded.last_seen_at`);
}
