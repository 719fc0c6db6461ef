/** All SQL of the accounts area: accounts, their settings, API keys, sign-in links and sessions. */
import type { Permission, Role } from '../contract/permissions.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import { type Database, empty, join, raw, sql, type Tx } from '../platform/database.ts';

export interface StoredApiKey {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly permissions: readonly Permission[] | null;
  readonly expiresAt: Date | null;
  readonly allowedNetworks: readonly string[] | null;
  readonly replacedBy: string | null;
  /** Null: it is bound to none. */
  readonly departmentId: string | null;
}

/** Where somebody belongs, and the departments that they reach; null: the whole account. */
export interface FoundReach {
  readonly departmentId: string | null;
  readonly departments: readonly string[] | null;
}

export interface FoundApiKey extends FoundReach, Pick<StoredApiKey, 'permissions' | 'expiresAt' | 'allowedNetworks'> {
  readonly accountId: string;
  readonly keyId: string;
  /** Of the user who made it; null: it was made by nobody in particular. */
  readonly makerRole: Role | null;
  readonly makerPermissions: readonly Permission[] | null;
}

/** A session as the gate finds it, with all that its user, role and department say of it. */
export interface FoundSession extends FoundReach {
  readonly accountId: string;
  readonly sessionId: string;
  readonly userId: string | null;
  readonly role: Role | null;
  readonly permissions: readonly Permission[] | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly provedAt: Date;
  readonly hasPeople: boolean;
  readonly roleIdle: number | null;
  readonly roleAbsolute: number | null;
  readonly departmentIdle: number | null;
  readonly departmentAbsolute: number | null;
}

export type SessionOpener = 'link' | 'invitation' | 'passkey' | 'password' | 'recovery_code' | 'sso';

export interface StoredSession {
  readonly id: string;
  readonly userId: string | null;
  readonly openedBy: SessionOpener;
  readonly placeSealed: Buffer | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

/** Serialises the question "is there any account yet?" over all processes, until the transaction ends. */
export const lockFirstAccount = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtext('waxwing.first_account'))`);

export const listAccounts = (tx: Tx): Promise<{ accountId: string; name: string }[]> =>
  tx.query(sql`SELECT account_id AS "accountId", name FROM accounts ORDER BY created_at, account_id`);

export async function insertAccount(
  tx: Tx,
  account: { accountId: string; name: string; keySealed: Buffer; at: Date },
): Promise<void> {
  await tx.query(sql`
    INSERT INTO accounts (account_id, name, sealed_key, created_at)
    VALUES (${account.accountId}, ${account.name}, ${account.keySealed}, ${account.at})`);
  await tx.query(sql`INSERT INTO account_settings (account_id) VALUES (${account.accountId})`);
}

export async function readAccountRow(tx: Tx): Promise<{ name: string; keySealed: Buffer } | undefined> {
  const rows = await tx.query<{ name: string; keySealed: Buffer }>(
    sql`SELECT name, sealed_key AS "keySealed" FROM accounts WHERE account_id = current_account()`,
  );
  return rows[0];
}

export const insertApiKey = (
  tx: Tx,
  key: StoredApiKey & { readonly hash: Buffer; readonly madeBy: { userId: string | null; keyId: string | null } },
): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO api_keys (account_id, id, name, secret_hash, hint, created_at, permissions, expires_at,
                          allowed_networks, department_id, made_by)
    VALUES (current_account(), ${key.id}, ${key.name}, ${key.hash}, ${key.hint}, ${key.createdAt}, ${key.permissions},
            ${key.expiresAt}, ${key.allowedNetworks}::text[]::cidr[], ${key.departmentId},
            coalesce(${key.madeBy.userId}::uuid, (SELECT k.made_by FROM api_keys k
                      WHERE k.account_id = current_account() AND k.id = ${key.madeBy.keyId}::uuid)))`);

/** Of all there ever were, revoked or not. */
export const listApiKeyNames = (tx: Tx): Promise<{ id: string; name: string }[]> =>
  tx.query(sql`SELECT id, name FROM api_keys WHERE account_id = current_account()`);

const apiKeyColumns = raw(`id, name, hint, created_at AS "createdAt", last_used_at AS "lastUsedAt", permissions,
  expires_at AS "expiresAt", allowed_networks::text[] AS "allowedNetworks", replaced_by AS "replacedBy",
  department_id AS "departmentId"`);

/** Those that work, and those that only their expiry ended. */
export const listApiKeyRows = (tx: Tx): Promise<StoredApiKey[]> =>
  tx.query(sql`
    SELECT ${apiKeyColumns} FROM api_keys
    WHERE account_id = current_account() AND revoked_at IS NULL ORDER BY created_at, id`);

export async function lockApiKey(tx: Tx, id: string): Promise<StoredApiKey | undefined> {
  const rows = await tx.query<StoredApiKey>(sql`
    SELECT ${apiKeyColumns} FROM api_keys
    WHERE account_id = current_account() AND id = ${id} AND revoked_at IS NULL FOR UPDATE`);
  return rows[0];
}

export async function readApiKey(tx: Tx, id: string): Promise<StoredApiKey | undefined> {
  const rows = await tx.query<StoredApiKey>(sql`
    SELECT ${apiKeyColumns} FROM api_keys
    WHERE account_id = current_account() AND id = ${id} AND revoked_at IS NULL`);
  return rows[0];
}

export const replaceApiKey = (tx: Tx, id: string, replacedBy: string, expiresAt: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE api_keys SET replaced_by = ${replacedBy}, expires_at = ${expiresAt}
    WHERE account_id = current_account() AND id = ${id}`);

/** False when there is no such key, or it is revoked already. */
export async function markApiKeyRevoked(tx: Tx, id: string, at: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE api_keys SET revoked_at = ${at}
    WHERE account_id = current_account() AND id = ${id} AND revoked_at IS NULL RETURNING id`);
  return rows.length === 1;
}

export const markApiKeyUsed = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`UPDATE api_keys SET last_used_at = ${at} WHERE account_id = current_account() AND id = ${id}`);

export async function findApiKey(db: Database, hash: Buffer): Promise<FoundApiKey | undefined> {
  const rows = await db.askGate<FoundApiKey>(sql`
    SELECT account_id AS "accountId", key_id AS "keyId", permissions, expires_at AS "expiresAt",
           allowed_networks AS "allowedNetworks", maker_role AS "makerRole", maker_permissions AS "makerPermissions",
           r.department_id AS "departmentId", r.departments
      FROM account_of_api_key(${hash}) CROSS JOIN reach_of_api_key(${hash}) r`);
  return rows[0];
}

export const insertSignInLink = (tx: Tx, link: { hash: Buffer; at: Date; expiresAt: Date }): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO sign_in_links (account_id, token_hash, created_at, expires_at)
    VALUES (current_account(), ${link.hash}, ${link.at}, ${link.expiresAt})`);

export async function findSignInLink(db: Database, hash: Buffer): Promise<string | undefined> {
  const rows = await db.askGate<{ accountId: string }>(
    sql`SELECT account_id AS "accountId" FROM account_of_sign_in_link(${hash})`,
  );
  return rows[0]?.accountId;
}

/** True once per link. */
export async function redeemSignInLink(tx: Tx, hash: Buffer, at: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE sign_in_links SET used_at = ${at}
    WHERE account_id = current_account() AND token_hash = ${hash} AND used_at IS NULL AND expires_at > ${at}
    RETURNING account_id`);
  return rows.length === 1;
}

export const insertSession = (
  tx: Tx,
  session: Omit<StoredSession, 'lastSeenAt'> & { readonly hash: Buffer },
): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO sessions (account_id, id, token_hash, user_id, opened_by, place_sealed, created_at, last_seen_at,
                          proved_at, expires_at)
    VALUES (current_account(), ${session.id}, ${session.hash}, ${session.userId}, ${session.openedBy},
            ${session.placeSealed}, ${session.createdAt}, ${session.createdAt}, ${session.createdAt},
            ${session.expiresAt})`);

const foundColumns = raw(`f.account_id AS "accountId", f.session_id AS "sessionId", f.user_id AS "userId", f.role,
  f.permissions, f.created_at AS "createdAt", f.last_seen_at AS "lastSeenAt", f.expires_at AS "expiresAt",
  f.proved_at AS "provedAt", f.has_people AS "hasPeople", f.role_idle AS "roleIdle",
  f.role_absolute AS "roleAbsolute", f.department_idle AS "departmentIdle",
  f.department_absolute AS "departmentAbsolute", r.department_id AS "departmentId", r.departments`);

interface EmergencyColumns {
  /** Null: none that was not ended; its time is looked at by whoever asks. */
  readonly emergencyId: string | null;
  readonly emergencyEndsAt: Date;
  readonly emergencyPermissions: readonly Permission[];
}

export async function findSession(db: Database, hash: Buffer): Promise<(FoundSession & EmergencyColumns) | undefined> {
  const rows = await db.askGate<FoundSession & EmergencyColumns>(sql`
    SELECT ${foundColumns}, e.emergency_id AS "emergencyId", e.ends_at AS "emergencyEndsAt",
           e.permissions AS "emergencyPermissions"
      FROM account_of_session(${hash}) f LEFT JOIN LATERAL emergency_access_of(f.session_id) e ON true
      LEFT JOIN reach_of_session(${hash}) r ON true`);
  return rows[0];
}

export type ListedSession = FoundSession & Pick<StoredSession, 'openedBy' | 'placeSealed'>;

/** Newest first, those that only their age or rest ended among them. */
export const listSessionRows = (tx: Tx): Promise<ListedSession[]> =>
  tx.query(sql`
    SELECT ${foundColumns}, s.opened_by AS "openedBy", s.place_sealed AS "placeSealed"
      FROM sessions s CROSS JOIN LATERAL account_of_session(s.token_hash) f
      LEFT JOIN LATERAL reach_of_session(s.token_hash) r ON true
     WHERE s.account_id = current_account() AND s.ended_at IS NULL
     ORDER BY s.created_at DESC, s.id DESC LIMIT 1000`);

export async function readSessionRow(tx: Tx, id: string): Promise<FoundSession | undefined> {
  const rows = await tx.query<FoundSession>(sql`
    SELECT ${foundColumns} FROM sessions s CROSS JOIN LATERAL account_of_session(s.token_hash) f
      LEFT JOIN LATERAL reach_of_session(s.token_hash) r ON true
     WHERE s.account_id = current_account() AND s.id = ${id}`);
  return rows[0];
}

export const setSessionExpiry = (tx: Tx, id: string, expiresAt: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE sessions SET expires_at = ${expiresAt} WHERE account_id = current_account() AND id = ${id}`);

export const markSessionProved = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`UPDATE sessions SET proved_at = ${at} WHERE account_id = current_account() AND id = ${id}`);

export const markSessionSeen = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE sessions SET last_seen_at = ${at} WHERE account_id = current_account() AND id = ${id} AND ended_at IS NULL`);

/** False: there is no such open session. */
export async function markSessionEnded(tx: Tx, id: string, at: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE sessions SET ended_at = ${at}
     WHERE account_id = current_account() AND id = ${id} AND ended_at IS NULL AND expires_at > ${at} RETURNING id`);
  return rows.length === 1;
}

export const settingColumnList =
  raw(`suppress_automated_events AS "suppressAutomatedEvents", track_opens AS "trackOpens",
           track_clicks AS "trackClicks", track_plain_text AS "trackPlainText", tracking_level AS "trackingLevel", view,
           minimum_transport AS "minimumTransport", require_verified_sender AS "requireVerifiedSender",
           disabled_rules AS "disabledRules", learn_scanner_habits AS "learnScannerHabits",
           one_click_unsubscribe AS "oneClickUnsubscribe", feedback_id AS "feedbackId",
           list_fields_by_smtp AS "listFieldsBySmtp",
           honeypot_links AS "honeypotLinks", keep_request_days AS "keepRequestDays",
           time_zone AS "timeZone"`);

/** Waits for a change of the same account's settings that is under way when the caller is about to change them. */
export async function readSettingsRow(tx: Tx, forChange: boolean): Promise<OutboundSettings> {
  const rows = await tx.query<OutboundSettings>(sql`
    SELECT ${settingColumnList}
    FROM account_settings WHERE account_id = current_account() ${forChange ? sql`FOR UPDATE` : empty}`);
  if (rows[0] === undefined) throw new Error('an account has no settings');
  return rows[0];
}

const settingColumns: Record<keyof OutboundSettings, string> = {
  suppressAutomatedEvents: 'suppress_automated_events',
  trackOpens: 'track_opens',
  trackClicks: 'track_clicks',
  trackPlainText: 'track_plain_text',
  trackingLevel: 'tracking_level',
  view: 'view',
  minimumTransport: 'minimum_transport',
  requireVerifiedSender: 'require_verified_sender',
  oneClickUnsubscribe: 'one_click_unsubscribe',
  feedbackId: 'feedback_id',
  listFieldsBySmtp: 'list_fields_by_smtp',
  disabledRules: 'disabled_rules',
  learnScannerHabits: 'learn_scanner_habits',
  honeypotLinks: 'honeypot_links',
  keepRequestDays: 'keep_request_days',
  timeZone: 'time_zone',
};

export async function updateSettings(tx: Tx, change: Partial<OutboundSettings>): Promise<void> {
  const columns = (Object.keys(settingColumns) as (keyof OutboundSettings)[]).filter(
    (key) => change[key] !== undefined,
  );
  if (columns.length === 0) return;
  const assignments = columns.map((key) => sql`${raw(settingColumns[key])} = ${change[key]}`);
  await tx.query(sql`UPDATE account_settings SET ${join(assignments)} WHERE account_id = current_account()`);
}
