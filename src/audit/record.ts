/**
 * Who did what to what, written in the transaction of the act itself. What an entry may say is fixed by type for each
 * action, in src/contract/audit-actions.ts: there new actions are added. It never changes a row.
 */

import type { AuditAction, AuditDetails } from '../contract/audit-actions.ts';
import { bytes, instants, jsons, texts, uuids } from '../platform/columns.ts';
import { type Sql, sql, type Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Actor } from '../platform/route.ts';

export type AuditObjectKind =
  | 'account'
  | 'permission'
  | 'api-key'
  | 'api-keys'
  | 'alerts'
  | 'webhook'
  | 'route'
  | 'sign-in-link'
  | 'session'
  | 'sessions'
  | 'user'
  | 'users'
  | 'passkey'
  | 'department'
  | 'session-limits'
  | 'provisioning'
  | 'provisioned-group'
  | 'provisioned-groups'
  | 'settings'
  | 'message'
  | 'messages'
  | 'queue'
  | 'template'
  | 'legal-hold'
  | 'legal-holds'
  | 'retention'
  | 'report'
  | 'consent'
  | 'suppression'
  | 'suppressions'
  | 'scanner-habits'
  | 'provider-connection'
  | 'sender-domain'
  | 'sso-connection'
  | 'rejudgement'
  | 'audit-log'
  | 'key-rotation'
  | 'backup'
  | 'networks'
  | 'emergency'
  | 'emergencies'
  | 'emergency-settings'
  | 'alert'
  | 'alert-settings';

export interface AuditEntry<A extends AuditAction> {
  readonly at: Date;
  readonly actor: Actor;
  readonly action: A;
  /** The id is one of ours or a keyed hash, never a value that means something outside. */
  readonly object: { readonly kind: AuditObjectKind; readonly id?: string };
  readonly detail: AuditDetails[A];
  /** Default: done. */
  readonly outcome?: 'done' | 'refused';
  /** Default: the emergency access under which the actor acts, if any. */
  readonly reason?: AuditReason;
}

/** Why something was done: a word of ours, and the id of what holds the words of whoever gave it. */
export interface AuditReason {
  readonly kind: 'emergency';
  readonly id: string;
}

/** Adds entries for the account of the transaction, in one statement. They stand or fall with the transaction. */
export async function record<A extends AuditAction>(tx: Tx, ...entries: readonly AuditEntry<A>[]): Promise<void> {
  const [first, ...others] = entries.map(rowOf);
  if (first === undefined) return;
  await tx.query(others.length === 0 ? insertOne(first) : insertSeveral([first, ...others]));
}

/** In the order of the columns below. */
const rowOf = (entry: AuditEntry<AuditAction>) => ({
  id: newId(entry.at),
  at: entry.at,
  actorKind: entry.actor.kind,
  actorId: entry.actor.id,
  action: entry.action,
  objectKind: entry.object.kind,
  objectId: entry.object.id ?? null,
  outcome: entry.outcome ?? 'done',
  detail: JSON.stringify({ ...entry.detail, ...markOf(entry.actor) }),
  departmentId: entry.actor.departmentId ?? null,
  reasonKind: reasonOf(entry)?.kind ?? null,
  reasonId: reasonOf(entry)?.id ?? null,
  sealed: entry.actor.address?.sealed ?? null,
  commitment: entry.actor.address?.commitment ?? null,
});

type Row = ReturnType<typeof rowOf>;

const columns = sql`account_id, id, at, actor_kind, actor_id, action, object_kind, object_id, outcome, detail,
  department_id, reason_kind, reason_id, address_sealed, address_commitment`;

/** Nearly every act has one entry: as arrays of one its values cost twice as much. */
const insertOne = (row: Row): Sql => sql`
  INSERT INTO audit_entries (${columns})
  VALUES (current_account(), ${row.id}, ${row.at.toISOString()}, ${row.actorKind}, ${row.actorId}, ${row.action},
          ${row.objectKind}, ${row.objectId}, ${row.outcome}, ${row.detail}, ${row.departmentId}, ${row.reasonKind},
          ${row.reasonId}, ${row.sealed}, ${row.commitment})`;

const insertSeveral = (rows: readonly Row[]): Sql => sql`
  INSERT INTO audit_entries (${columns})
  SELECT current_account(), m.*
    FROM unnest(${uuids(rows.map(({ id }) => id))}::uuid[], ${instants(rows.map(({ at }) => at))}::timestamptz[],
                ${texts(rows.map(({ actorKind }) => actorKind))}::text[], ${texts(rows.map(({ actorId }) => actorId))}::text[],
                ${texts(rows.map(({ action }) => action))}::text[], ${texts(rows.map(({ objectKind }) => objectKind))}::text[],
                ${texts(rows.map(({ objectId }) => objectId))}::text[], ${texts(rows.map(({ outcome }) => outcome))}::text[],
                ${jsons(rows.map(({ detail }) => detail))}::jsonb[],
                ${uuids(rows.map(({ departmentId }) => departmentId))}::uuid[],
                ${texts(rows.map(({ reasonKind }) => reasonKind))}::text[],
                ${texts(rows.map(({ reasonId }) => reasonId))}::text[],
                ${bytes(rows.map(({ sealed }) => sealed))}::bytea[],
                ${bytes(rows.map(({ commitment }) => commitment))}::bytea[]) AS m`;

const reasonOf = ({ reason, actor }: AuditEntry<AuditAction>): AuditReason | undefined => {
  const { emergency } = markOf(actor);
  return reason ?? (emergency === undefined ? undefined : { kind: 'emergency', id: emergency });
};

const markOf = (actor: Actor): { emergency?: string } =>
  actor.kind === 'user' && actor.emergencyId !== undefined ? { emergency: actor.emergencyId } : {};

/** A list read under emergency access is told id by id, because its report names each message that was shown. */
export const shownUnderEmergency = <Ids extends object>(actor: Actor, ids: Ids): Partial<Ids> =>
  'emergency' in markOf(actor) ? ids : {};
