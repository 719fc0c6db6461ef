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
  | 'settings'
  | 'message'
  | 'messages'
  | 'report'
  | 'consent'
  | 'scanner-habits'
  | 'provider-connection'
  | 'rejudgement'
  | 'audit-log'
  | 'key-rotation'
  | 'networks';

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
                  ${entries.map(({ detail }) => JSON.stringify(detail))}::jsonb[]) AS m`);
}
