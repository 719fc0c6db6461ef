/** All SQL of single sign-on: connections, the domains they serve, whom they recognised, the sessions they opened. */

import type { Permission } from '../contract/permissions.ts';
import type { DomainStanding } from '../core/access/domain-proof.ts';
import { bytes } from '../platform/columns.ts';
import { type Database, empty, raw, sql, type Tx } from '../platform/database.ts';

export interface StoredConnection {
  readonly id: string;
  readonly settingsSealed: Buffer;
  readonly clientSecretSealed: Buffer | null;
  readonly isEnabled: boolean;
  readonly reach: readonly Permission[] | null;
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly people: number;
}

const connectionColumns = raw(`id, settings_sealed AS "settingsSealed", client_secret_sealed AS "clientSecretSealed",
  is_enabled AS "isEnabled", reach, created_at AS "createdAt", changed_at AS "changedAt",
  (SELECT count(*) FROM sso_identities i
    WHERE i.account_id = sso_connections.account_id AND i.connection_id = sso_connections.id) AS people`);

export const listConnectionRows = (tx: Tx): Promise<StoredConnection[]> =>
  tx.query(sql`
    SELECT ${connectionColumns} FROM sso_connections WHERE account_id = current_account() ORDER BY created_at, id`);

export async function readConnectionRow(tx: Tx, id: string, forChange = false): Promise<StoredConnection | undefined> {
  const rows = await tx.query<StoredConnection>(sql`
    SELECT ${connectionColumns} FROM sso_connections
     WHERE account_id = current_account() AND id = ${id} ${forChange ? sql`FOR UPDATE` : empty}`);
  return rows[0];
}

/** Changes of an account's connections wait for one another. */
export const lockConnections = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.sso ' || current_account()::text, 0))`);

export const upsertConnection = (tx: Tx, one: Omit<StoredConnection, 'people'>): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO sso_connections (account_id, id, settings_sealed, client_secret_sealed, is_enabled, reach, created_at,
                                 changed_at)
    VALUES (current_account(), ${one.id}, ${one.settingsSealed}, ${one.clientSecretSealed}, ${one.isEnabled},
            ${one.reach}, ${one.createdAt}, ${one.changedAt})
    ON CONFLICT (id) DO UPDATE
      SET settings_sealed = excluded.settings_sealed, client_secret_sealed = excluded.client_secret_sealed,
          is_enabled = excluded.is_enabled, reach = excluded.reach, changed_at = excluded.changed_at
      WHERE sso_connections.account_id = current_account()`);

export async function deleteConnectionRow(tx: Tx, id: string): Promise<void> {
  await tx.query(sql`DELETE FROM sso_connections WHERE account_id = current_account() AND id = ${id}`);
}

/** False: another connection of the account serves one of them. */
export async function replaceDomains(
  tx: Tx,
  connectionId: string,
  lookups: readonly Buffer[],
  at: Date,
): Promise<boolean> {
  await tx.query(sql`
    DELETE FROM sso_domains
     WHERE account_id = current_account() AND connection_id = ${connectionId}
       AND domain_lookup <> ALL (${bytes(lookups)}::bytea[])`);
  for (const lookup of lookups) {
    const [row] = await tx.query<{ connectionId: string }>(sql`
      INSERT INTO sso_domains (account_id, connection_id, domain_lookup, claimed_at)
      VALUES (current_account(), ${connectionId}, ${lookup}, ${at})
      ON CONFLICT (account_id, domain_lookup) DO UPDATE SET connection_id = sso_domains.connection_id
      RETURNING connection_id AS "connectionId"`);
    if (row?.connectionId !== connectionId) return false;
  }
  return true;
}

export interface StoredDomain extends DomainStanding {
  readonly lookup: Buffer;
  readonly connectionId: string;
}

export const listDomainRows = (tx: Tx): Promise<StoredDomain[]> =>
  tx.query<StoredDomain>(sql`
    SELECT domain_lookup AS lookup, connection_id AS "connectionId", claimed_at AS "claimedAt", proved_at AS "provedAt",
           lost_at AS "lostAt", checked_at AS "checkedAt", last_seen AS "lastSeen"
      FROM sso_domains WHERE account_id = current_account()`);

/** False: another account has shown that it is theirs. */
export async function keepStanding(tx: Tx, lookup: Buffer, standing: DomainStanding): Promise<boolean> {
  const { claimedAt, provedAt, lostAt, checkedAt, lastSeen } = standing;
  await tx.query(sql`SAVEPOINT claim`);
  try {
    await tx.query(sql`
      UPDATE sso_domains
         SET claimed_at = ${claimedAt}, proved_at = ${provedAt}, lost_at = ${lostAt}, checked_at = ${checkedAt},
             last_seen = ${lastSeen}
       WHERE account_id = current_account() AND domain_lookup = ${lookup}`);
    await tx.query(sql`RELEASE SAVEPOINT claim`);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== '23505') throw error;
    await tx.query(sql`ROLLBACK TO SAVEPOINT claim`);
    return false;
  }
}

export interface FoundConnection {
  readonly accountId: string;
  readonly connectionId: string;
}

/** Of those who have shown that a domain is theirs there is one at most. */
export async function findConnectionOfDomain(db: Database, lookup: Buffer): Promise<FoundConnection | undefined> {
  const rows = await db.askGate<FoundConnection>(
    sql`SELECT account_id AS "accountId", connection_id AS "connectionId" FROM sso_connections_of_domain(${lookup})`,
  );
  return rows[0];
}

/** Only where it is switched on. */
export async function findAccountOfConnection(db: Database, id: string): Promise<string | undefined> {
  const rows = await db.askGate<{ accountId: string }>(
    sql`SELECT account_id AS "accountId" FROM account_of_sso_connection(${id})`,
  );
  return rows[0]?.accountId;
}

export async function readUserOfSubject(tx: Tx, connectionId: string, subject: Buffer): Promise<string | undefined> {
  const rows = await tx.query<{ userId: string }>(sql`
    SELECT user_id AS "userId" FROM sso_identities
     WHERE account_id = current_account() AND connection_id = ${connectionId} AND subject_index = ${subject}`);
  return rows[0]?.userId;
}

/** False: the user is somebody else at this provider. */
export async function insertIdentity(
  tx: Tx,
  one: { connectionId: string; subject: Buffer; userId: string; at: Date },
): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO sso_identities (account_id, connection_id, subject_index, user_id, created_at)
    VALUES (current_account(), ${one.connectionId}, ${one.subject}, ${one.userId}, ${one.at})
    ON CONFLICT DO NOTHING RETURNING user_id`);
  return rows.length === 1;
}

/** All of a connection, or one user's. Gives how many. */
export async function deleteIdentities(tx: Tx, connectionId: string, userId?: string): Promise<number> {
  const rows = await tx.query(sql`
    DELETE FROM sso_identities
     WHERE account_id = current_account() AND connection_id = ${connectionId}
           ${userId === undefined ? empty : sql`AND user_id = ${userId}`} RETURNING user_id`);
  return rows.length;
}

export const insertSignOnSession = (
  tx: Tx,
  one: { sessionId: string; connectionId: string; subject: Buffer; sid: Buffer | null },
): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO sso_sessions (account_id, session_id, connection_id, subject_index, sid_index)
    VALUES (current_account(), ${one.sessionId}, ${one.connectionId}, ${one.subject}, ${one.sid})`);

/** Of a connection: those of a session at the provider, of a person, or all. */
export async function listSignOnSessions(
  tx: Tx,
  connectionId: string,
  of: { readonly sid?: Buffer; readonly subject?: Buffer } = {},
): Promise<string[]> {
  const rows = await tx.query<{ sessionId: string }>(sql`
    SELECT session_id AS "sessionId" FROM sso_sessions
     WHERE account_id = current_account() AND connection_id = ${connectionId}
           ${of.sid === undefined ? empty : sql`AND sid_index = ${of.sid}`}
           ${of.subject === undefined ? empty : sql`AND subject_index = ${of.subject}`}`);
  return rows.map((row) => row.sessionId);
}

/** By which connection, and as whom, a session came in. */
export async function readSignOnSession(
  tx: Tx,
  sessionId: string,
): Promise<{ readonly connectionId: string; readonly subject: Buffer } | undefined> {
  const rows = await tx.query<{ connectionId: string; subject: Buffer }>(sql`
    SELECT connection_id AS "connectionId", subject_index AS subject FROM sso_sessions
     WHERE account_id = current_account() AND session_id = ${sessionId}`);
  return rows[0];
}

/** True once per state. */
export async function claimState(tx: Tx, state: Buffer, expiresAt: Date, at: Date): Promise<boolean> {
  await tx.query(sql`DELETE FROM sso_used_states WHERE account_id = current_account() AND expires_at <= ${at}`);
  const rows = await tx.query(sql`
    INSERT INTO sso_used_states (account_id, state, expires_at)
    VALUES (current_account(), ${state}, ${expiresAt}) ON CONFLICT DO NOTHING RETURNING state`);
  return rows.length === 1;
}
