/** Entries of the audit log in plain words: what somebody did, who it was, and on what. What only an older or newer version knows is told by its name. */
import type { AuditEntryAnswer } from '../../../../src/contract/audit.ts';
import type { AuditAction, AuditDetails } from '../../../../src/contract/audit-actions.ts';
import { plural } from '../../../shared/format.ts';

type AllWords = { readonly [A in AuditAction]: (detail: AuditDetails[A]) => string };
type Words = Partial<AllWords>;

const by = {
  link: 'by an installation link',
  invitation: 'by an invitation',
  passkey: 'with a passkey',
  password: 'with a password and a code',
  recovery_code: 'with a recovery code',
  sso: 'by single sign-on',
} as const;

const refusals = {
  'auth.forbidden': 'which they may not',
  'auth.account_wide': 'which is beyond their department',
  'auth.step_up_needed': 'without proving anew who they are',
  'auth.network_refused': 'from a network that the key is not taken from',
} as const;

const people = {
  'account.created': () => 'created the account',
  'access.refused': ({ code, times }) =>
    `was refused something, ${refusals[code]}${times > 1 ? ` (${times} more times)` : ''}`,
  'api_keys.listed': () => 'looked at the API keys',
  'api_key.created': () => 'created an API key',
  'api_key.rotated': () => 'replaced an API key',
  'api_key.revoked': () => 'revoked an API key',
  'sign_in_link.created': () => 'made an installation link',
  'session.opened': (detail) => `signed in ${by[detail.by]}`,
  'session.ended': () => 'ended a session',
  'session.proved': (detail) => `proved anew who they are ${by[detail.by]}`,
  'session.unusual': () => 'signed in from a new browser or network',
  'sessions.ended': ({ sessions }) => `ended ${plural(sessions, 'session')}`,
  'sessions.listed': () => 'looked at who is signed in',
  'sign_in.refused': () => 'refused a sign-in',
  'users.listed': () => 'looked at the people',
  'alerts.listed': () => 'looked at the alerts',
  'invitation.opened': () => 'opened their invitation',
  'user.invited': ({ role }) => `invited somebody as ${role}`,
  'user.invited_again': () => 'renewed an invitation',
  'user.made': ({ role }) => `let somebody in as ${role}`,
  'user.accepted': (detail) => `accepted their invitation ${by[detail.by]}`,
  'user.changed': ({ role }) => `changed a user, who is ${role} now`,
  'user.deactivated': () => 'deactivated a user',
  'user.reactivated': () => 'let a deactivated user in again',
  'passkey.added': () => 'added a passkey',
  'passkey.removed': () => 'removed a passkey',
  'password.changed': () => 'changed their password',
  'password.removed': () => 'removed their password',
  'recovery_codes.renewed': () => 'made new recovery codes',
  'department.created': () => 'created a department',
  'department.changed': () => 'changed a department',
  'department.deleted': () => 'deleted a department',
  'department_settings.changed': () => 'changed the policies of a department',
  'session_limits.changed': ({ role }) => `changed how long sessions of the role ${role} last`,
  'provisioned_group.created': () => 'created a group from the directory',
  'provisioned_group.changed': () => 'changed a group from the directory',
  'provisioned_group.deleted': () => 'deleted a group from the directory',
  'provisioned_group.mapped': () => 'set what members of a group may do',
  'provisioned_groups.listed': () => 'looked at the groups from the directory',
  'provisioning.changed': () => 'changed how a directory provisions people',
  'sso_connection.created': () => 'added a single sign-on connection',
  'sso_connection.changed': () => 'changed a single sign-on connection',
  'sso_connection.deleted': () => 'deleted a single sign-on connection',
  'sso_connection.checked': () => 'checked a single sign-on connection',
  'sso_domains.checked': ({ domains, proved, missed, over }) =>
    missed + over > 0
      ? `found the proof of ${plural(missed + over, 'domain')} of single sign-on gone from the DNS`
      : `looked whether ${plural(domains, 'domain')} of single sign-on can be shown to be the account’s (${proved} newly proved)`,
  'sso_identity.bound': () => 'was tied to their sign-on identity',
  'sso_identity.forgotten': () => 'untied somebody from their sign-on identity',
  'sso.refused': () => 'refused a single sign-on',
  'sso.logged_out': ({ sessions }) => `ended ${plural(sessions, 'session')} as the identity provider asked`,
} satisfies Words;

const mail = {
  'settings.changed': ({ to }) => `changed the settings: ${Object.keys(to).join(', ')}`,
  'message.accepted': ({ recipients, via }) =>
    `sent a message to ${plural(recipients, 'recipient')}${via === 'smtp' ? ' by SMTP' : ''}`,
  'message.read': ({ what }) =>
    what === 'receipt'
      ? 'read how a message travelled'
      : what === 'events'
        ? 'read what happened to a message'
        : 'read a message and its recipients',
  'routes.listed': () => 'looked at the routes that mail goes out by',
  'route.created': ({ relays }) =>
    relays === 0 ? 'added a direct route' : `added a route by ${plural(relays, 'relay')}`,
  'route.changed': ({ logins }) =>
    logins === 0 ? 'changed a route' : `changed a route, with the login of ${plural(logins, 'relay')}`,
  'route.deleted': () => 'removed a route',
  'route_rules.changed': ({ rules }) =>
    rules === 0 ? 'took back all rules for routes' : `wrote the rules for routes anew (${rules})`,
  'transport_rules.listed': () => 'looked at the rules for recipient domains',
  'transport_rule.changed': ({ to }) =>
    to === null ? 'took back a rule for a recipient domain' : `asked for ${to} transport to a recipient domain`,
  'transport.released': ({ transport }) =>
    transport === 'plain'
      ? 'let mail to a recipient go even unencrypted, below the policy'
      : 'let mail to a recipient go to a server that need not prove its name, below the policy',
  'preflight.asked': ({ recipients }) => `looked ahead how mail to ${plural(recipients, 'recipient')} would travel`,
  'message.erased': () => 'erased a message',
  'message.erasure_refused': ({ why }) =>
    `could not erase a message: ${why === 'on_hold' ? 'it is on legal hold' : 'it has to be kept'}`,
  'messages.listed': ({ messages }) => `looked at a list of ${plural(messages, 'message')}`,
  'recipients.listed': ({ recipients }) => `looked at ${plural(recipients, 'recipient')} behind a report`,
  'report.read': ({ report }) => (report === 'activity' ? 'read the activity report' : 'read the engagement report'),
  'request_keys.destroyed': ({ days }) => `destroyed the keys of ${plural(days, 'day')} of hits`,
  'consent.changed': ({ level }) => `set a recipient’s tracking to ${level}`,
  'unsubscribe_page.changed': () => 'changed what the unsubscribe page says',
  'consent.read': () => 'looked at a recipient’s tracking consent',
  'habits.read': () => 'looked at what was learned of scanners',
  'habits.forgotten': ({ domains }) => `had forgotten what was learned of scanners of ${plural(domains, 'domain')}`,
  'networks.imported': ({ list, prefixes }) =>
    `took the list of networks ${list} from a file (${plural(prefixes, 'prefix', 'prefixes')})`,
  'networks.forgotten': ({ list }) => `went back to the list of networks ${list} that comes with the program`,
  'networks.refresh_asked': () => 'asked for fresh lists of networks',
  'provider_connection.created': ({ provider }) => `connected ${provider}`,
  'provider_connection.changed': () => 'changed a provider connection',
  'provider_connection.deleted': () => 'deleted a provider connection',
  'provider_events.taken': ({ accepted, provider }) => `brought in ${plural(accepted, 'event')} of ${provider}`,
  'rejudgement.asked': ({ dryRun }) => (dryRun ? 'asked what judging again would change' : 'had history judged again'),
  'rejudgement.cancelled': () => 'cancelled a re-judging',
  'rejudgement.ended': ({ flipped }) => `ended a re-judging: ${plural(flipped, 'verdict')} changed`,
  'flips.listed': () => 'looked at changed verdicts',
} satisfies Words;

const going = (verb: string) => (detail: { readonly by: string; readonly recipients: number }) =>
  detail.recipients === 0
    ? `${verb} mail of a ${detail.by}`
    : `${verb} mail to ${plural(detail.recipients, 'recipient')}`;

const sending = {
  'message.planned_anew': ({ recipients }) => `planned mail to ${plural(recipients, 'recipient')} for another time`,
  'planned.listed': () => 'looked at what is planned',
  'template.created': () => 'wrote a template',
  'template.changed': ({ version }) => `changed a template, which is at version ${version} now`,
  'template.deleted': () => 'deleted a template',
  'queue.listed': () => 'looked at the queue',
  'queue.recipients_listed': ({ recipients }) => `looked at ${plural(recipients, 'recipient')} in the queue`,
  'queue.held': going('held back'),
  'queue.released': going('let go held'),
  'queue.cancelled': going('cancelled'),
  'queue.retried': going('had tried again'),
  'suppression.set': ({ scope }) =>
    scope === 'marketing' ? 'put an address off all marketing mail' : 'put an address off all mail',
  'suppression.read': () => 'looked whether an address is suppressed',
  'suppression.removed': () => 'took an address off the suppression list',
  'suppressions.listed': () => 'looked at the suppression list',
  'suppressions.imported': ({ suppressions }) =>
    `brought ${plural(suppressions, 'address', 'addresses')} into the suppression list`,
  'suppressions.exported': () => 'took away the suppression list as a file',
  'sender_domain.added': () => 'added a sender domain',
  'sender_domain.looked_at': ({ verified }) =>
    verified ? 'found a sender domain set up' : 'found a sender domain not set up',
  'sender_domain.checked': () => 'had a sender domain checked',
  'sender_domain.keys_made': () => 'made new signing keys of a sender domain',
  'sender_domain.removed': () => 'removed a sender domain',
  'webhook.created': () => 'added a webhook',
  'webhook.changed': ({ isEnabled }) => (isEnabled ? 'changed a webhook' : 'changed a webhook, which is off now'),
  'webhook.deleted': () => 'deleted a webhook',
  'webhook.secret_rotated': () => 'replaced the secret of a webhook',
  'webhook.tested': () => 'sent a test to a webhook',
  'webhook.replayed': ({ replayed }) => `had ${plural(replayed, 'event')} sent again to a webhook`,
  'webhook.disabled': ({ because }) =>
    because === 'gone'
      ? 'switched a webhook off: its address is gone'
      : 'switched a webhook off: it had failed for days',
} satisfies Words;

const trust = {
  'hold.placed': ({ messages }) => `placed a legal hold on ${plural(messages, 'message')}`,
  'hold.released': () => 'released a legal hold',
  'hold.read': () => 'looked at a legal hold',
  'holds.listed': () => 'looked at the legal holds',
  'retention.changed': () => 'changed how long messages are kept',
  'retention.previewed': () => 'looked at what would be erased',
  'retention.ran': ({ erased }) => `erased ${plural(erased, 'message')} whose time was over`,
  'keys.rotation_started': () => 'started replacing the keys of messages',
  'keys.rotated': ({ messages }) => `replaced the keys of ${plural(messages, 'message')}`,
  'keys.rewrapped': () => 'renewed what guards the account’s keys',
  'keys.retired': () => 'retired old lines of the key file',
  'backup.made': ({ kind }) => (kind === 'full' ? 'made a full backup' : 'made a backup of what is new'),
  'backup.restored': () => 'brought back a backup: what came after it is gone',
  'backup.asked': ({ what }) => (what === 'check' ? 'asked for a check of the backups' : 'asked for a backup'),
  'backup_plan.changed': () => 'changed when backups are made',
  'emergency.opened': ({ category, minutes }) =>
    `opened emergency access for ${plural(minutes, 'minute')} (${category})`,
  'emergency.ended': (detail) =>
    detail.by === 'time' ? 'ended an emergency access: its time was over' : 'ended an emergency access',
  'emergency.reviewed': ({ outcome }) =>
    `reviewed an emergency access: ${outcome === 'justified' ? 'justified' : 'not justified'}`,
  'emergency.read': () => 'read the report of an emergency access',
  'emergency.exported': () => 'took away the report of an emergency access as a file',
  'emergencies.listed': () => 'looked at the emergency accesses',
  'emergency_settings.changed': () => 'changed who may open emergency access',
  'alert.acknowledged': () => 'acknowledged an alert',
  'alert_settings.changed': () => 'changed how alerts are mailed',
  'audit.searched': ({ format }) => (format === 'csv' ? 'took a table from the audit log' : 'looked at the audit log'),
  'audit.exported': () => 'exported the signed audit log',
} satisfies Words;

const words: AllWords = { ...people, ...mail, ...sending, ...trust };

const isKnown = (action: string): action is AuditAction => Object.hasOwn(words, action);

export function whatOf({ action, detail }: Pick<AuditEntryAnswer, 'action' | 'detail'>): string {
  return isKnown(action) ? (words[action] as (given: unknown) => string)(detail) : nameOf(action);
}

export const nameOf = (action: string): string => action.replaceAll(/[._]/g, ' ');

const kinds: Readonly<Record<string, string>> = {
  user: 'A user',
  'api-key': 'An API key',
  session: 'Somebody with an installation link',
  system: 'Waxwing',
};

export function whoOf({ actor }: Pick<AuditEntryAnswer, 'actor'>): string {
  if (actor.name === null) return kinds[actor.kind] ?? nameOf(actor.kind);
  return actor.kind === 'api-key' ? `API key “${actor.name}”` : actor.name;
}

/** The page of what was done something to; undefined where it has none. */
export function pathOf({ kind, id }: AuditEntryAnswer['object']): string | undefined {
  if (kind === 'message' && id !== null) return `/messages/${id}`;
  return places[kind];
}

const places: Readonly<Record<string, string>> = {
  user: '/people',
  users: '/people',
  department: '/people',
  session: '/people',
  'api-key': '/api-keys',
  settings: '/settings',
  'provider-connection': '/providers',
  alert: '/trust/alerts',
  emergency: '/trust/emergency',
};

/** For the filter: kinds of objects, by what people call them. */
export const objectKinds: readonly { readonly value: string; readonly label: string }[] = [
  { value: 'message', label: 'Messages' },
  { value: 'messages', label: 'Lists of messages' },
  { value: 'report', label: 'Reports' },
  { value: 'consent', label: 'Tracking consents' },
  { value: 'user', label: 'Users' },
  { value: 'session', label: 'Sign-ins and sessions' },
  { value: 'api-key', label: 'API keys' },
  { value: 'permission', label: 'Refused attempts' },
  { value: 'settings', label: 'Settings' },
  { value: 'department', label: 'Departments' },
  { value: 'emergency', label: 'Emergency accesses' },
  { value: 'audit-log', label: 'The audit log itself' },
];
