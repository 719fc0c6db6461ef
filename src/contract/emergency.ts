/** Emergency access: reaching beyond one's role for a while, with a reason, in the open, and reviewed afterwards. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { emergencyPermissions, role } from './permissions.ts';
import { id, instant, noParams, noQuery, nothing } from './values.ts';

export const shortestMinutes = 15;
export const longestMinutes = 240;

const category = z
  .enum(['treatment', 'patient_request', 'safety', 'outage', 'legal', 'other'])
  .meta({ description: 'The kind of reason; the audit log tells this and not the words.' });
export type EmergencyCategory = z.infer<typeof category>;

const emergencyPermission = z.enum(emergencyPermissions);
const reviewOutcome = z.enum(['justified', 'not_justified']);
const minutes = z.int().min(shortestMinutes).max(longestMinutes);

export const emergencyAccess = z
  .object({
    id,
    userId: id,
    userName: z.string(),
    category,
    reason: z.string(),
    permissions: z.array(emergencyPermission),
    openedAt: instant,
    endsAt: instant,
    endedAt: instant.nullable(),
    endedBy: z.enum(['time', 'user', 'reviewer', 'session']).nullable(),
    isOpen: z.boolean(),
    review: z
      .object({ outcome: reviewOutcome, note: z.string(), at: instant, by: id, byName: z.string() })
      .nullable()
      .meta({ description: 'Null: not reviewed yet.' }),
  })
  .meta({ id: 'EmergencyAccess' });
export type EmergencyAccessBody = z.infer<typeof emergencyAccess>;

export const openEmergencyAccess = endpoint({
  name: 'openEmergencyAccess',
  method: 'POST',
  path: '/v1/emergency-accesses',
  summary:
    'Open emergency access for this console session: it may then read what the role or department does not allow, everything is marked, and whoever answers for it is told at once.',
  area: 'emergency',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: z.object({
    category,
    reason: z.string().trim().min(10).max(2000).meta({ description: 'In words; sealed, never in the audit log.' }),
    minutes: minutes.optional().meta({ description: 'Absent: 60, or the account’s most where that is less.' }),
    permissions: z.array(emergencyPermission).min(1).max(10).optional().meta({ description: 'Absent: all of them.' }),
  }),
  status: 201,
  result: emergencyAccess,
  problems: ['emergency.needs_person', 'emergency.not_allowed', 'emergency.open_already'],
});

export const readOwnEmergency = endpoint({
  name: 'readOwnEmergency',
  method: 'GET',
  path: '/v1/emergency-accesses/own',
  summary: 'What this console session may open, what it has open, and one’s own earlier emergency accesses.',
  area: 'emergency',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({
    mayOpen: z.boolean(),
    maxMinutes: z.int(),
    current: emergencyAccess.nullable(),
    mine: z.array(emergencyAccess).meta({ description: 'The last 20, newest first.' }),
    toReview: z
      .int()
      .nullable()
      .meta({ description: 'How many wait for a review by somebody like the caller. Null: none of theirs.' }),
  }),
  problems: [],
});

export const endOwnEmergency = endpoint({
  name: 'endOwnEmergency',
  method: 'POST',
  path: '/v1/emergency-accesses/own/end',
  summary: 'End the emergency access of this console session.',
  area: 'emergency',
  params: noParams,
  query: noQuery,
  body: z.object({}),
  status: 200,
  result: emergencyAccess,
  problems: ['emergency.not_open'],
});

export const listEmergencyAccesses = endpoint({
  name: 'listEmergencyAccesses',
  method: 'GET',
  path: '/v1/emergency-accesses',
  summary: 'Emergency accesses of the account: those that wait for a review first, then the newest; at most 500.',
  area: 'emergency',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ emergencies: z.array(emergencyAccess) }),
  problems: [],
});

export const emergencyEntry = z.object({
  id,
  at: instant,
  action: z.string(),
  object: z.object({ kind: z.string(), id: z.string().nullable() }),
  outcome: z.string(),
  messageIds: z.array(z.string()).meta({ description: 'Every message that it showed or touched.' }),
  detail: z.record(z.string(), z.unknown()),
});
export type EmergencyEntryBody = z.infer<typeof emergencyEntry>;

const emergencyReport = emergencyAccess.extend({ entries: z.array(emergencyEntry) }).meta({ id: 'EmergencyReport' });

export const readEmergencyAccess = endpoint({
  name: 'readEmergencyAccess',
  method: 'GET',
  path: '/v1/emergency-accesses/{id}',
  summary: 'An emergency access and everything that was read and done under it, oldest first.',
  area: 'emergency',
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 200,
  result: emergencyReport,
  problems: ['emergency.not_found'],
});

export const exportEmergencyAccess = endpoint({
  name: 'exportEmergencyAccess',
  method: 'GET',
  path: '/v1/emergency-accesses/{id}/export',
  summary: 'The same report as a file to take away: `csv` is a table with a line for each message of each act.',
  area: 'emergency',
  stepUp: true,
  params: z.object({ id }),
  query: z.object({ format: z.enum(['json', 'csv']).default('csv') }),
  body: nothing,
  status: 200,
  result: emergencyReport,
  alsoAs: ['text/csv'],
  problems: ['emergency.not_found'],
});

export const endEmergencyAccess = endpoint({
  name: 'endEmergencyAccess',
  method: 'POST',
  path: '/v1/emergency-accesses/{id}/end',
  summary: 'End somebody’s emergency access; their session goes on without it.',
  area: 'emergency',
  params: z.object({ id }),
  query: noQuery,
  body: z.object({}),
  status: 200,
  result: emergencyAccess,
  problems: ['emergency.not_found', 'emergency.not_open'],
});

export const reviewEmergencyAccess = endpoint({
  name: 'reviewEmergencyAccess',
  method: 'POST',
  path: '/v1/emergency-accesses/{id}/review',
  summary: 'Say whether an emergency access that has ended was justified, and why. Never one’s own, and once.',
  area: 'emergency',
  params: z.object({ id }),
  query: noQuery,
  body: z.object({ outcome: reviewOutcome, note: z.string().trim().min(1).max(2000) }),
  status: 200,
  result: emergencyAccess,
  problems: [
    'emergency.not_found',
    'emergency.needs_person',
    'emergency.own',
    'emergency.still_open',
    'emergency.reviewed_already',
  ],
});

export const emergencySettings = z
  .object({
    openers: z.array(role).max(5).meta({ description: 'Roles that may open it. None: it is turned off.' }),
    maxMinutes: minutes,
  })
  .meta({ id: 'EmergencySettings' });
export type EmergencySettings = z.infer<typeof emergencySettings>;

const settingsEndpoint = {
  path: '/v1/emergency-settings',
  area: 'emergency',
  params: noParams,
  query: noQuery,
} as const;

export const readEmergencySettings = endpoint({
  ...settingsEndpoint,
  name: 'readEmergencySettings',
  method: 'GET',
  summary: 'Which roles may open emergency access, and for how long.',
  body: nothing,
  status: 200,
  result: emergencySettings,
  problems: [],
});

export const changeEmergencySettings = endpoint({
  ...settingsEndpoint,
  name: 'changeEmergencySettings',
  method: 'PATCH',
  summary: 'Set which roles may open emergency access, and for how long. What is open stays open until it ends.',
  stepUp: true,
  body: emergencySettings.partial().strict(),
  status: 200,
  result: emergencySettings,
  problems: [],
});

export const emergencyEndpoints = [
  openEmergencyAccess,
  readOwnEmergency,
  endOwnEmergency,
  listEmergencyAccesses,
  readEmergencyAccess,
  exportEmergencyAccess,
  endEmergencyAccess,
  reviewEmergencyAccess,
  readEmergencySettings,
  changeEmergencySettings,
];
