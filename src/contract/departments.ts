/** What a department decides for its own mail, and what it inherits from the departments above it and the account. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { id, noQuery, nothing, trackingLevel } from './values.ts';

const minimumTransport = z.enum(['plain', 'opportunistic', 'verified', 'authenticated']);

/** Every policy is null where the department says nothing. */
const ownPolicies = z
  .object({
    minimumTransport: minimumTransport.nullable(),
    requireVerifiedSender: z.boolean().nullable(),
    trackingLevel: trackingLevel.nullable(),
    trackOpens: z.boolean().nullable(),
    trackClicks: z.boolean().nullable(),
    trackPlainText: z.boolean().nullable(),
    honeypotLinks: z.boolean().nullable(),
  })
  .meta({ id: 'DepartmentPolicies' });

export type OwnPolicies = z.infer<typeof ownPolicies>;

const fromWhere = id.nullable().meta({
  description:
    'The department that decides it, this one or one above; null: the account, or a department above those that you reach.',
});
const effective = <T extends z.ZodType>(value: T) => z.object({ value, from: fromWhere });

const policiesFromWhere = z.object({
  minimumTransport: effective(minimumTransport),
  requireVerifiedSender: effective(z.boolean()),
  trackingLevel: effective(trackingLevel),
  trackOpens: effective(z.boolean()),
  trackClicks: effective(z.boolean()),
  trackPlainText: effective(z.boolean()),
  honeypotLinks: effective(z.boolean()),
});

const policySummary =
  'The strictest of account and all departments above holds for transport, verified senders and tracking; for tracking in plain text and honeypot links what is nearest.';

const departmentSettings = z
  .object({
    own: ownPolicies,
    effective: policiesFromWhere.meta({ description: 'What holds for mail of the department.' }),
    inherited: policiesFromWhere.meta({ description: 'What would hold if the department itself said nothing.' }),
  })
  .meta({ id: 'DepartmentSettings' });
export type DepartmentSettings = z.infer<typeof departmentSettings>;

const shared = {
  path: '/v1/departments/{id}/settings',
  area: 'people',
  params: z.object({ id }),
  query: noQuery,
} as const;

export const readDepartmentSettings = endpoint({
  ...shared,
  name: 'readDepartmentSettings',
  method: 'GET',
  summary: `What a department decides for its mail, what it inherits, and what holds. ${policySummary}`,
  body: nothing,
  status: 200,
  result: departmentSettings,
  problems: ['department.not_found'],
});

export const changeDepartmentSettings = endpoint({
  ...shared,
  name: 'changeDepartmentSettings',
  method: 'PATCH',
  summary: 'Change what a department decides for mail of its own and of all departments below it; null: as inherited.',
  stepUp: true,
  body: ownPolicies.partial().strict(),
  status: 200,
  result: departmentSettings,
  problems: ['department.not_found', 'department.above_caller'],
});
