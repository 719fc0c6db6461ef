/**
 * Who did what to what, written in the transaction of the act itself. What an entry may say is fixed by type for each
 * action: ids, counts and choices, never an address, subject, URL or name. It never changes a row.
 */

import type { EngagementQuery } from '../contract/reports.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import type { TrackingLevel } from '../contract/values.ts';
import { sql, type Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Actor } from '../platform/route.ts';

/** What each action tells beside who, when and on what. */
interface AuditDetails {
  'account.created': Record<never, never>;
  'api_key.created': { permissions: readonly string[] | null; expiresAt: string | null; networks: number | null };
  'api_key.rotated': { replacedBy: string; expiresAt: string };
  'api_key.revoked': Record<never, never>;
  'sign_in_link.created': Record<never, never>;
  'session.opened': { by: 'link' | 'invitation' | 'passkey' | 'password' | 'recovery_code' };
  'session.ended': Record<never, never>;
  'session.proved': { by: 'link' | 'passkey' | 'password' | 'recovery_code' };
  'session.unusual': { isNewBrowser: boolean; isNewNetwork: boolean };
  'sessions.ended': { sessions: number };
  'sessions.listed': { sessions: number };
  'sign_in.refused': Record<never, never>;
  'users.listed': { users: number };
  'user.invited': { role: string; permissions: readonly string[] | null };
  'user.invited_again': Record<never, never>;
  'user.accepted': { by: 'passkey' | 'password' };
  'user.changed': { name: boolean; department: boolean; role: string; permissions: readonly string[] | null };
  'user.deactivated': { sessions: number; apiKeys: number };
  'passkey.added': Record<never, never>;
  'passkey.removed': Record<never, never>;
  'password.changed': { sessions: number };
  'password.removed': Record<never, never>;
  'recovery_codes.renewed': Record<never, never>;
  'department.created': { idleMinutes: number | null; absoluteMinutes: number | null };
  'department.changed': { idleMinutes: number | null; absoluteMinutes: number | null; isMoved: boolean };
  'department.deleted': Record<never, never>;
  'session_limits.changed': { role: string; idleMinutes: number; absoluteMinutes: number };
  'settings.changed': { from: Partial<OutboundSettings>; to: Partial<OutboundSettings> };
  'message.accepted': { via: 'rest' | 'smtp'; recipients: number; sizeBytes: number };
  'message.read': { what: 'message' | 'events' };
  'message.erased': { recipients: number };
  'messages.listed': { messages: number };
  'recipients.listed': { recipients: number };
  'report.read': {
    report: 'engagement' | 'activity';
    groupBy?: EngagementQuery['groupBy'];
    format?: EngagementQuery['format'];
    automatedEvents?: 'included' | 'excluded';
    rows: number;
  };
  'request_keys.destroyed': { days: number };
  'consent.changed': { level: TrackingLevel };
  'consent.read': Record<never, never>;
  'habits.read': { habits: number; format: 'json' | 'csv' };
  'habits.forgotten': { domains: number };
  'networks.refresh_asked': { due: number };
  'provider_connection.created': { provider: string };
  'provider_connection.changed': { name: boolean; key: boolean };
  'provider_connection.deleted': Record<never, never>;
  'provider_events.taken': { provider: string; accepted: number; duplicates: number; ignored: number; refused: number };
  'rejudgement.asked': { dryRun: boolean; since: string | null; until: string | null; disabledRules: string[] };
  'rejudgement.cancelled': Record<never, never>;
  'rejudgement.ended': { state: 'done' | 'cancelled' | 'failed'; judged: number; flipped: number };
  'flips.listed': { flips: number };
  'keys.rotation_started': { version: number; messages: number };
  'keys.rotated': { version: number; messages: number };
  'keys.rewrapped': { keys: number };
  'audit.exported': { since: string | null; until: string | null };
}

export type AuditAction = keyof AuditDetails;

export type AuditObjectKind =
  | 'account'
  | 'api-key'
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
