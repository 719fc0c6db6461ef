/** SQL of endpoints as people manage them. Addresses and secrets come and leave sealed. */
import { texts } from '../platform/columns.ts';
import { empty, sql, type Tx } from '../platform/database.ts';

export type DisabledBecause = 'asked' | 'gone' | 'failing';

export interface EndpointRow {
  readonly id: string;
  readonly description: string;
  readonly urlSealed: Buffer;
  readonly secretSealed: Buffer;
  readonly earlierSecretSealed: Buffer | null;
  readonly earlierSecretEndsAt: Date | null;
  readonly eventTypes: readonly string[];
  readonly departmentId: string | null;
  readonly isEnabled: boolean;
  readonly disabledBecause: DisabledBecause | null;
  readonly disabledAt: Date | null;
  readonly failingSince: Date | null;
  readonly failures: number;
  readonly nextAt: Date | null;
  readonly lastSequence: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

const columns = sql`id, description, url_sealed AS "urlSealed", secret_sealed AS "secretSealed",
  earlier_secret_sealed AS "earlierSecretSealed", earlier_secret_ends_at AS "earlierSecretEndsAt",
  event_types AS "eventTypes", department_id AS "departmentId", is_enabled AS "isEnabled",
  disabled_because AS "disabledBecause", disabled_at AS "disabledAt", failing_since AS "failingSince", failures,
  next_at AS "nextAt", last_sequence AS "lastSequence", created_at AS "createdAt", changed_at AS "changedAt"`;

export const listEndpointRows = (tx: Tx): Promise<EndpointRow[]> =>
  tx.query<EndpointRow>(sql`
    SELECT ${columns} FROM webhook_endpoints
     WHERE account_id = current_account() AND deleted_at IS NULL ORDER BY created_at, id`);

/** `lock`: whoever changes it meanwhile waits. */
export async function findEndpointRow(tx: Tx, id: string, lock = false): Promise<EndpointRow | undefined> {
  const rows = await tx.query<EndpointRow>(sql`
    SELECT ${columns} FROM webhook_endpoints
     WHERE account_id = current_account() AND id = ${id} AND deleted_at IS NULL ${lock ? sql`FOR UPDATE` : empty}`);
  return rows[0];
}

/** Held by whoever changes which endpoints there are, and by whoever numbers events. */
export async function lockFeed(tx: Tx): Promise<number> {
  await tx.query(
    sql`INSERT INTO webhook_feeds (account_id) VALUES (current_account()) ON CONFLICT (account_id) DO NOTHING`,
  );
  const rows = await tx.query<{ n: number }>(
    sql`SELECT last_number AS n FROM webhook_feeds WHERE account_id = current_account() FOR UPDATE`,
  );
  return rows[0]?.n ?? 0;
}

export type NewEndpoint = Pick<
  EndpointRow,
  'id' | 'description' | 'urlSealed' | 'secretSealed' | 'eventTypes' | 'departmentId' | 'createdAt'
>;

/** It is told of what is numbered after `seenNumber`. */
export const insertEndpoint = (tx: Tx, one: NewEndpoint, seenNumber: number): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO webhook_endpoints (account_id, id, description, url_sealed, secret_sealed, event_types, department_id,
                                   created_at, changed_at, seen_number)
    VALUES (current_account(), ${one.id}, ${one.description}, ${one.urlSealed}, ${one.secretSealed},
            ${texts(one.eventTypes)}::text[], ${one.departmentId}, ${one.createdAt}, ${one.createdAt}, ${seenNumber})`);

export type ChangedEndpoint = Pick<EndpointRow, 'description' | 'urlSealed' | 'eventTypes' | 'departmentId'>;

export const updateEndpoint = (tx: Tx, id: string, one: ChangedEndpoint, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE webhook_endpoints
       SET description = ${one.description}, url_sealed = ${one.urlSealed}, event_types = ${texts(one.eventTypes)}::text[],
           department_id = ${one.departmentId}, changed_at = ${at}
     WHERE account_id = current_account() AND id = ${id}`);

/** What waits begins its three days anew. */
export async function enableEndpoint(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.query(sql`
    UPDATE webhook_endpoints
       SET is_enabled = true, disabled_at = NULL, disabled_because = NULL, failures = 0, failing_since = NULL, next_at = ${at}, paused_until = NULL
     WHERE account_id = current_account() AND id = ${id}`);
  await tx.query(sql`
    UPDATE webhook_messages SET due_at = ${at}, first_tried_at = NULL, tries = 0
     WHERE account_id = current_account() AND endpoint_id = ${id} AND state = 'waiting'`);
}

export const disableEndpoint = (tx: Tx, id: string, because: DisabledBecause, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE webhook_endpoints
       SET is_enabled = false, disabled_at = ${at}, disabled_because = ${because}, next_at = NULL
     WHERE account_id = current_account() AND id = ${id} AND is_enabled`);

export async function deleteEndpoint(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.query(sql`
    UPDATE webhook_endpoints SET is_enabled = false, deleted_at = ${at}, next_at = NULL
     WHERE account_id = current_account() AND id = ${id}`);
  await tx.query(sql`
    DELETE FROM webhook_messages
     WHERE account_id = current_account() AND endpoint_id = ${id} AND state = 'waiting'`);
}

export interface RotatedSecret {
  readonly secretSealed: Buffer;
  readonly earlierSecretSealed: Buffer | null;
  readonly earlierSecretEndsAt: Date | null;
}

export const updateSecret = (tx: Tx, id: string, one: RotatedSecret, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE webhook_endpoints
       SET secret_sealed = ${one.secretSealed}, earlier_secret_sealed = ${one.earlierSecretSealed},
           earlier_secret_ends_at = ${one.earlierSecretEndsAt}, changed_at = ${at}
     WHERE account_id = current_account() AND id = ${id}`);

export async function isDepartment(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query(sql`SELECT FROM departments WHERE account_id = current_account() AND id = ${id}`);
  return rows.length > 0;
}

/** What any endpoint of the account wishes to be told of; also one that is switched off, which may come back. */
export async function wishedTypes(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ type: string }>(sql`
    SELECT DISTINCT type FROM webhook_endpoints, unnest(event_types) AS type
     WHERE account_id = current_account() AND deleted_at IS NULL ORDER BY type`);
  return rows.map(({ type }) => type);
}
