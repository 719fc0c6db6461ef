/** What may be allowed: every permission in a sentence, and the roles that are templates of them. The one table that decides. */
import { z } from 'zod';

export const permissions = {
  'messages.send': 'Send mail, over HTTP and SMTP.',
  'messages.read': 'Read messages, their recipients and events: this shows personal data.',
  'messages.erase': 'Erase messages for good.',
  'reports.read': 'Read reports: numbers, no recipients.',
  'settings.read': 'See the account’s settings.',
  'settings.change': 'Change the account’s settings.',
  'consents.change': 'Read and set how far recipients may be tracked.',
  'suppressions.manage': 'See and change whom no mail goes to: this shows addresses.',
  'keys.manage': 'List, make, replace and revoke API keys.',
  'people.read': 'See who has access: users, departments, sessions, alerts.',
  'people.manage': 'Invite, change and deactivate users; departments, session limits, ending sessions.',
  'people.provision': 'Provision users and groups from a directory, over SCIM.',
  'audit.read': 'Read the audit log: who did what, when and from where.',
  'audit.export': 'Export the audit log.',
  'safety.read': 'See what the doctor finds, the keys in use and the backups.',
  'safety.manage': 'Have keys rotated and backups made, and plan them.',
  'templates.read': 'See the letters that the account keeps to send again, and preview them.',
  'templates.manage': 'Write, change and delete letters to send again.',
  'queue.read': 'See what waits to be sent, by recipient domain.',
  'queue.manage': 'Hold mail back, release, cancel and retry it.',
  'transport.release': 'Let mail go with less protection than the policy asks, one recipient at a time.',
  'holds.read': 'See legal holds and what they cover.',
  'holds.manage': 'Place and release legal holds.',
  'retention.change': 'Decide how long messages are kept.',
  'emergency.open': 'Open emergency access, where the account lets the role.',
  'emergency.review': 'See, end and review emergency accesses of others.',
  'networks.read': 'See the lists of networks and their age.',
  'networks.refresh': 'Have the lists of networks fetched now.',
  'habits.read': 'See what was learned of scanners.',
  'habits.change': 'Forget what was learned of scanners.',
  'verdicts.judge': 'Have observations judged; nothing is stored.',
  'verdicts.rejudge': 'Judge stored events again, and try rules.',
  'senders.manage': 'Add, verify and remove the domains that mail is sent from, and their keys.',
  'routes.manage': 'Decide where mail goes out: routes, their relays and logins, and the rules that choose one.',
  'providers.manage': 'Connect other sending providers.',
  'events.import': 'Bring in events of other providers.',
  'webhooks.manage': 'Have programs told of events: endpoints, their secrets and what they were told.',
} as const;

export type Permission = keyof typeof permissions;
export const permissionNames = Object.keys(permissions) as readonly Permission[];

export const permission = z.enum(Object.keys(permissions) as [Permission, ...Permission[]]);

/**
 * What somebody narrowed to a department may still do there. Everything else is the account's as a whole, and refused to
 * them with auth.account_wide: a new permission is account-wide until it stands here.
 */
export const narrowable: readonly Permission[] = [
  'messages.send',
  'messages.read',
  'messages.erase',
  'reports.read',
  'settings.read',
  'keys.manage',
  'people.read',
  'people.manage',
  'networks.read',
  'verdicts.judge',
  'emergency.open',
];

export type Role = 'owner' | 'admin' | 'compliance' | 'sender' | 'viewer';

const reading: readonly Permission[] = ['reports.read', 'settings.read', 'networks.read', 'habits.read'];
/** What emergency access opens: reading, and nothing that changes, removes or hands on. */
export const emergencyPermissions = ['messages.read', 'reports.read', 'settings.read'] as const satisfies Permission[];

const judging: readonly Permission[] = ['verdicts.judge', 'verdicts.rejudge', 'networks.refresh', 'habits.change'];

/** Templates: each can be narrowed, none reaches beyond `owner`. */
export const roles: Readonly<Record<Role, { readonly about: string; readonly permissions: readonly Permission[] }>> = {
  owner: { about: 'Everything, also what later versions add.', permissions: permissionNames },
  admin: {
    about: 'Runs the account: settings, people, keys, judging, connections. Reads no recipient.',
    permissions: [
      ...reading,
      ...judging,
      'emergency.open',
      'settings.change',
      'safety.read',
      'safety.manage',
      'keys.manage',
      'queue.read',
      'queue.manage',
      'people.read',
      'retention.change',
      'people.manage',
      'people.provision',
      'senders.manage',
      'routes.manage',
      'templates.read',
      'templates.manage',
      'providers.manage',
      'events.import',
      'webhooks.manage',
    ],
  },
  compliance: {
    about: 'Checks and answers for it: the audit log, consents, erasure, legal holds, messages.',
    permissions: [
      ...reading,
      'people.read',
      'audit.read',
      'audit.export',
      'holds.read',
      'holds.manage',
      'retention.change',
      'emergency.open',
      'emergency.review',
      'consents.change',
      'suppressions.manage',
      'transport.release',
      'messages.read',
      'messages.erase',
      'verdicts.judge',
    ],
  },
  sender: {
    about: 'Sends, and sees what became of it.',
    permissions: [
      ...reading,
      'messages.send',
      'messages.read',
      'suppressions.manage',
      'templates.read',
      'templates.manage',
      'emergency.open',
    ],
  },
  viewer: { about: 'Reads reports.', permissions: [...reading, 'emergency.open'] },
};

/** Whether somebody's role is about the whole account, or only about their department and everything below it. */
export const reach = z.enum(['account', 'department']);

export const role = z.enum(Object.keys(roles) as [Role, ...Role[]]);
