/** All SQL of the providers area: connections, and which events were taken already. Secrets come and leave sealed. */
import type { ProviderName } from '../core/providers/provider-event.ts';
import { uuids } from '../platform/columns.ts';
import { type Database, sql, type Tx } from '../platform/database.ts';

export interface ConnectionRow {
  readonly id: string;
  readonly provider: ProviderName;
  readonly name: string;
  readonly secretSealed: Buffer;
  readonly hasKey: boolean;
  readonly createdAt: Date;
  readonly lastEventAt: Date | null;
  readonly accepted: number;
  readonly duplicates: number;
  readonly ignored: number;
  readonly refused: number;
  readonly lastRefusal: string | null;
  readonly lastRefusalAt: Date | null;
}

const columns = sql`id, provider, name, secret_sealed AS "secretSealed", has_key AS "hasKey", created_at AS "createdAt",
  last_event_at AS "lastEventAt", accepted, duplicates, ignored, refused, last_refusal AS "lastRefusal",
  last_refusal_at AS "lastRefusalAt"`;

export const listConnectionRows = (tx: Tx): Promise<ConnectionRow[]> =>
  tx.query<ConnectionRow>(sql`
    SELECT ${columns} FROM provider_connections
     WHERE account_id = current_account() AND deleted_at IS NULL ORDER BY created_at, id`);

export async function findConnectionRow(tx: Tx, id: string): Promise<ConnectionRow | undefined> {
  const rows = await tx.query<ConnectionRow>(sql`
    SELECT ${columns} FROM provider_connections
     WHERE account_id = current_account() AND id = ${id} AND deleted_at IS NULL`);
  return rows[0];
}

/** Whose connection it is, asked by a webhook that says no more than its address. */
export async function findConnectionAccount(db: Pick<Database, 'askGate'>, id: string): Promise<string | undefined> {
  const rows = await db.askGate<{ accountId: string }>(
    sql`SELECT account_id AS "accountId" FROM account_of_provider_connection(${id})`,
  );
  return rows[0]?.accountId;
}

export type NewConnection = Pick<ConnectionRow, 'id' | 'provider' | 'name' | 'secretSealed' | 'hasKey' | 'createdAt'>;

export const insertConnection = (tx: Tx, one: NewConnection): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO provider_connections (account_id, id, provider, name, secret_sealed, has_key, created_at)
    VALUES (current_account(), ${one.id}, ${one.provider}, ${one.name}, ${one.secretSealed}, ${one.hasKey},
            ${one.createdAt})`);

export const updateConnection = (
  tx: Tx,
  id: string,
  { name, secretSealed, hasKey }: Pick<ConnectionRow, 'name' | 'secretSealed' | 'hasKey'>,
): Promise<unknown> =>
  tx.query(sql`
    UPDATE provider_connections SET name = ${name}, secret_sealed = ${secretSealed}, has_key = ${hasKey}
     WHERE account_id = current_account() AND id = ${id}`);

/** False when there is no such connection. */
export async function markConnectionDeleted(tx: Tx, id: string, at: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE provider_connections SET deleted_at = ${at}
     WHERE account_id = current_account() AND id = ${id} AND deleted_at IS NULL RETURNING id`);
  return rows.length === 1;
}

export interface ConnectionNews {
  readonly at: Date;
  readonly accepted: number;
  readonly duplicates: number;
  readonly ignored: number;
  readonly refused: number;
  /** Null: none. */
  readonly refusal: string | null;
}

/** A call that was taken, refused, or taken in part. */
export const noteCall = (tx: Tx, id: string, isTaken: boolean, news: ConnectionNews): Promise<unknown> =>
  tx.query(sql`
    UPDATE provider_connections
       SET accepted = accepted + ${news.accepted}, duplicates = duplicates + ${news.duplicates},
           ignored = ignored + ${news.ignored}, refused = refused + ${news.refused},
           last_event_at = CASE WHEN ${isTaken}::boolean THEN greatest(last_event_at, ${news.at}::timestamptz) ELSE last_event_at END,
           last_refusal = coalesce(${news.refusal}::text, last_refusal),
           last_refusal_at = CASE WHEN ${news.refusal}::text IS NULL THEN last_refusal_at ELSE ${news.at}::timestamptz END
     WHERE account_id = current_account() AND id = ${id}`);

/** Gives those of these that were not taken before, and takes them. An event that another transaction is just taking is waited for. */
export async function takeEvents(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const ordered = [...new Set(ids)].sort();
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO provider_events (account_id, id)
    SELECT current_account(), m.id FROM unnest(${uuids(ordered)}::uuid[]) AS m (id)
    ON CONFLICT DO NOTHING RETURNING id`);
  return new Set(rows.map(({ id }) => id));
}
