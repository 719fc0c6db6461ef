/**
 * Who did what to what, written in the transaction of the act itself. What an entry may say is fixed by type for each
 * action, in src/contract/audit-actions.ts: there new actions are added. It never changes a row.
 */

import type { AuditAction, AuditDetails } from '../contract/audit-actions.ts';
import { bytes } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
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
  await tx.query(sql`
    INSERT INTO audit_entries (account_id, id, at, actor_kind, actor_id, action, object_kind, object_id, outcome, detail,
                               department_id, reason_kind, reason_id, address_sealed, address_commitment)
    SELECT current_account(), m.*
      FROM unnest(${entries.map(({ at }) => newId(at))}::uuid[], ${entries.map(({ at }) => at.toISOString())}::timestamptz[],
                  ${entries.map(({ actor }) => actor.kind)}::text[], ${entries.map(({ actor }) => actor.id)}::text[],
                  ${entries.map(({ action }) => action)}::text[], ${entries.map(({ object }) => object.kind)}::text[],
                  ${entries.map(({ object }) => object.id ?? null)}::text[],
                  ${entries.map(({ outcome }) => outcome ?? 'done')}::text[],
                  ${entries.map(({ actor, detail }) => JSON.stringify({ ...detail, ...markOf(actor) }))}::jsonb[],
                  ${entries.map(({ actor }) => actor.departmentId ?? null)}::uuid[],
                  ${entries.map((entry) => reasonOf(entry)?.kind ?? null)}::text[],
                  ${entries.map((entry) => reasonOf(entry)?.id ?? null)}::text[],
                  ${bytes(entries.map(({ actor }) => actor.address?.sealed ?? null))}::bytea[],
                  ${bytes(entries.map(({ actor }) => actor.address?.commitment ?? null))}::bytea[]) AS m`);
}

const reasonOf = ({ reason, actor }: AuditEntry<AuditAction>): AuditReason | undefined => {
  const { emergency } = markOf(actor);
  return reason ?? (emergency === undefined ? undefined : { kind: 'emergency', id: emergency });
};

const markOf = (actor: Actor): { emergency?: string } =>
  actor.kind === 'user' && actor.emergencyId !== undefined ? { emergency: actor.emergencyId } : {};

/** A list read under emergency access is told id by id, because its report names each message that was shown. */
export const shownUnderEmergency = <Ids extends object>(actor: Actor, ids: Ids): Partial<Ids> =>
  'emergency' in markOf(actor) ? ids : {};
