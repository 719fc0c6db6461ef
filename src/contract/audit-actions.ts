/**
 * What the audit log can tell: every action with what it says beside who, when and on what. Ids, counts and choices, never
 * an address, subject, URL or name.
 */
import type { OwnPolicies } from './departments.ts';
import type { EngagementQuery } from './reports.ts';
import type { OutboundSettings } from './settings.ts';
import type { MinimumTransport, TrackingLevel } from './values.ts';

export interface AuditDetails {
  'account.created': Record<never, never>;
  'access.refused': {
    code: 'auth.forbidden' | 'auth.account_wide' | 'auth.step_up_needed' | 'auth.network_refused';
    /** Like this one, since the entry before. */
    times: number;
  };
  'api_keys.listed': { keys: number };
  'api_key.created': {
    permissions: readonly string[] | null;
    expiresAt: string | null;
    networks: number | null;
    departmentId?: string | null;
  };
  'api_key.rotated': { replacedBy: string; expiresAt: string };
  'api_key.revoked': Record<never, never>;
  'sign_in_link.created': Record<never, never>;
  'session.opened': { by: 'link' | 'invitation' | 'passkey' | 'password' | 'recovery_code' | 'sso' };
  'session.ended': Record<never, never>;
  'session.proved': { by: 'link' | 'passkey' | 'password' | 'recovery_code' | 'sso' };
  'session.unusual': { isNewBrowser: boolean; isNewNetwork: boolean };
  'sessions.ended': { sessions: number };
  'sessions.listed': { sessions: number };
  'sign_in.refused': Record<never, never>;
  'users.listed': { users: number };
  'alerts.listed': { alerts: number };
  'invitation.opened': Record<never, never>;
  'user.invited': {
    role: string;
    permissions: readonly string[] | null;
    by?: 'scim';
    reach?: 'account' | 'department';
    departmentId?: string | null;
  };
  'user.invited_again': Record<never, never>;
  'user.made': { role: string };
  'user.accepted': { by: 'passkey' | 'password' | 'sso' };
  'user.changed': {
    name: boolean;
    department: boolean;
    role: string;
    permissions: readonly string[] | null;
    address?: boolean;
    by?: 'scim';
    reach?: 'account' | 'department';
    departmentId?: string | null;
  };
  'user.deactivated': { sessions: number; apiKeys: number; by?: 'scim' };
  'user.reactivated': { by: 'scim' };
  'provisioned_group.created': { members: number };
  'provisioned_group.changed': { name: boolean; added: number; removed: number };
  'provisioned_group.deleted': { members: number };
  'provisioned_group.mapped': { role: string | null; department: boolean; members: number };
  'provisioned_groups.listed': { groups: number };
  'provisioning.changed': { defaultRole: string; withoutGroup: string };
  'passkey.added': Record<never, never>;
  'passkey.removed': Record<never, never>;
  'password.changed': { sessions: number };
  'password.removed': Record<never, never>;
  'recovery_codes.renewed': Record<never, never>;
  'department.created': { idleMinutes: number | null; absoluteMinutes: number | null };
  'department.changed': { idleMinutes: number | null; absoluteMinutes: number | null; isMoved: boolean };
  'department.deleted': Record<never, never>;
  'department_settings.changed': { from: Partial<OwnPolicies>; to: Partial<OwnPolicies> };
  'session_limits.changed': { role: string; idleMinutes: number; absoluteMinutes: number };
  'sso_connection.created': { isEnabled: boolean; isRequired: boolean };
  'sso_connection.changed': { settings: readonly string[]; isEnabled: boolean; isRequired: boolean };
  'sso_connection.deleted': { sessions: number };
  'sso_connection.checked': { findings: readonly string[] };
  'sso_domains.checked': { domains: number; proved: number; missed: number; over: number };
  'sso_identity.bound': { connection: string };
  'sso_identity.forgotten': { connection: string };
  'sso.refused': { why: string };
  'sso.logged_out': { sessions: number };
  'settings.changed': { from: Partial<OutboundSettings>; to: Partial<OutboundSettings> };
  'message.accepted': { via: 'rest' | 'smtp'; recipients: number; sizeBytes: number };
  'message.read': { what: 'message' | 'events' | 'receipt' };
  'routes.listed': { routes: number; rules: number };
  'route.created': { kind: 'direct' | 'relay'; relays: number };
  'route.changed': {
    kind: 'direct' | 'relay';
    relays: number;
    /** How many relays got another user or password. */
    logins: number;
  };
  'route.deleted': Record<never, never>;
  'route_rules.changed': { rules: number };
  'transport_rules.listed': { rules: number };
  'transport_rule.changed': { from: MinimumTransport | null; to: MinimumTransport | null };
  'transport.released': { transport: 'plain' | 'opportunistic'; hours: number };
  'preflight.asked': { recipients: number };
  'message.erased': { recipients: number };
  'message.erasure_refused': { why: 'on_hold' | 'kept_by_policy' };
  'message.planned_anew': { recipients: number };
  'planned.listed': { messages: number };
  'template.created': { version: number };
  'template.changed': { version: number };
  'template.deleted': { versions: number };
  'queue.listed': { destinations: number };
  'queue.recipients_listed': { recipients: number; addresses: boolean; recipientIds?: readonly string[] };
  'queue.held': { by: string; recipients: number };
  'queue.released': { by: string; recipients: number };
  'queue.cancelled': { by: string; recipients: number };
  'queue.retried': { by: string; recipients: number };
  'hold.placed': { scope: string; messages: number };
  'hold.released': Record<never, never>;
  'hold.read': Record<never, never>;
  'holds.listed': { holds: number };
  'retention.changed': {
    messageDays: number | null;
    eventDays: number | null;
    minimumDays: number | null;
    hour: number;
  };
  'retention.previewed': { dueNow: number; keptByHolds: number };
  'retention.ran': { how: 'done' | 'stopped'; erased: number; keptByHolds: number };
  'messages.listed': { messages: number; messageIds?: readonly string[] };
  'recipients.listed': { recipients: number; messageIds?: readonly string[]; recipientIds?: readonly string[] };
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
  'suppression.set': { reason: string; scope: string };
  'suppression.read': Record<never, never>;
  'suppression.removed': { reason: string | null; removed: number };
  'suppressions.listed': { suppressions: number };
  'suppressions.imported': { suppressions: number };
  'suppressions.exported': { suppressions: number };
  'unsubscribe_page.changed': { organisation: boolean; words: boolean };
  'habits.read': { habits: number; format: 'json' | 'csv' };
  'habits.forgotten': { domains: number };
  'networks.imported': { list: string; prefixes: number; forced: boolean };
  'networks.forgotten': { list: string };
  'networks.refresh_asked': { due: number };
  'sender_domain.added': Record<never, never>;
  'sender_domain.looked_at': { verified: boolean; keysTaken: number };
  'sender_domain.checked': Record<never, never>;
  'sender_domain.keys_made': Record<never, never>;
  'sender_domain.removed': Record<never, never>;
  'provider_connection.created': { provider: string };
  'provider_connection.changed': { name: boolean; key: boolean };
  'provider_connection.deleted': Record<never, never>;
  'provider_events.taken': { provider: string; accepted: number; duplicates: number; ignored: number; refused: number };
  'webhook.created': { eventTypes: readonly string[]; department: boolean };
  'webhook.changed': { eventTypes: readonly string[]; department: boolean; isEnabled: boolean; isMoved: boolean };
  'webhook.deleted': Record<never, never>;
  'webhook.secret_rotated': { overlapHours: number };
  'webhook.tested': { sequence: number };
  'webhook.replayed': { replayed: number };
  'webhook.disabled': { because: 'gone' | 'failing' };
  'rejudgement.asked': { dryRun: boolean; since: string | null; until: string | null; disabledRules: string[] };
  'rejudgement.cancelled': Record<never, never>;
  'rejudgement.ended': { state: 'done' | 'cancelled' | 'failed'; judged: number; flipped: number };
  'flips.listed': { flips: number; messageIds?: readonly string[] };
  'keys.rotation_started': { version: number; messages: number };
  'keys.rotated': { version: number; messages: number };
  'keys.rewrapped': { keys: number };
  'keys.retired': { before: number };
  'backup.made': { kind: 'full' | 'increment' };
  'backup.restored': { madeAt: string; erasedAgain: number; hasKeys: boolean };
  'backup.asked': { what: 'backup' | 'full_backup' | 'check' };
  'backup_plan.changed': { everyHours: number | null; keepDays: number | null };
  'emergency.opened': { category: string; minutes: number; permissions: readonly string[] };
  'emergency.ended': { by: 'time' | 'user' | 'reviewer' | 'session' };
  'emergency.reviewed': { outcome: 'justified' | 'not_justified' };
  'emergency.read': { entries: number };
  'emergency.exported': { entries: number; format: 'json' | 'csv' };
  'emergencies.listed': { emergencies: number };
  'emergency_settings.changed': { openers: readonly string[]; maxMinutes: number };
  'alert.acknowledged': { what: string };
  'alert_settings.changed': { isMailed: boolean; maxPerHour: number };
  'audit.searched': {
    /** Names of the filters, not what was looked for. */
    filters: readonly string[];
    /** Of a file: at most so many. */
    entries: number;
    format: 'json' | 'csv';
  };
  'audit.exported': { since: string | null; until: string | null };
}

export type AuditAction = keyof AuditDetails;

/** What a route writes to the audit log when it does what it is for. */
export interface AuditDeclaration {
  readonly always: readonly AuditAction[];
  /** What it writes beside that when there is something more to tell, such as a sign-in from a new place. */
  readonly sometimes: readonly AuditAction[];
  /** Why nothing is written; undefined where something is. */
  readonly nothingBecause?: string;
}
