/**
 * Who did what to what, written in the transaction of the act itself. What an entry may say is fixed by type for each
 * action, in src/contract/audit-actions.ts: there new actions are added. It never changes a row.
 */

import type { AuditAction, AuditDetails } from '../contract/audit-actions.ts';
import { sql, type Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Actor } from '../platform/route.ts';

export type AuditObjectKind =
  | 'account'
  | 'api-key'
  | 'api-keys'
  | 'alerts'
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
  | 'legal-hold'
  | 'legal-holds'
  | 'retention'
  | 'report'
  | 'consent'
  | 'scanner-habits'
  | 'provider-connection'
  | 'rejudgement'
  | 'audit-log'
  | 'key-rotation'
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
}

/** Adds entries for the account of the transaction, in one statement. They stand or fall with the transaction. */
export async function record<A extends AuditAction>(tx: Tx, ...entries: readonly AuditEntry<A>[]): Promise<void> {
  await tx.query(sql`
    INSERT INTO audit_entries (account_id, id, at, actor_kind, actor_id, action, object_kind, object_id, outcome, detail)
    SELECT current_account(), m.*
      FROM unnest(${entries.map(({ at }) => newId(at))}::uuid[], ${entries.map(({ at }) => at.toISOString())}::timestamptz[],
                  ${entries.map(({ actor }) => actor.kind)}::text[], ${entries.map(({ actor }) => actor.id)}::text[],
                  ${entries.map(({ action }) => action)}::text[], ${entries.map(({ object }) => object.kind)}::text[],
                  ${entries.map(({ object }) => object.id ?? null)}::text[],
                  ${entries.map(({ outcome }) => outcome ?? 'done')}::text[],
                  ${entries.map(({ actor, detail }) => JSON.stringify({ ...detail, ...markOf(actor) }))}::jsonb[]) AS m`);
}

const markOf = (actor: Actor): { emergency?: string } =>
  actor.kind === 'user' && actor.emergencyId !== undefined ? { emergency: actor.emergencyId } : {};

/** A list read under emergency access is told id by id, because its report names each message that was shown. */
export const shownUnderEmergency = <Ids extends object>(actor: Actor, ids: Ids): Partial<Ids> =>
  'emergency' in markOf(actor) ? ids : {};
