/** Who opened and clicked: people, machines and all, side by side. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import {
  cursor,
  departmentFilter,
  id,
  instant,
  instantOrDay,
  noParams,
  nothing,
  recipientStatus,
  view,
} from './values.ts';

const range = { since: instantOrDay.optional(), until: instantOrDay.optional() };
const departmentId = departmentFilter;
const campaignFilter = z.string().min(1).max(200).optional();

export const engagementQuery = z.object({
  ...range,
  campaign: campaignFilter,
  departmentId,
  groupBy: z.enum(['campaign', 'day', 'recipientDomain', 'link', 'sender', 'department']).default('campaign'),
  automated: z.enum(['account', 'include', 'exclude']).default('account'),
  view: z.enum(['account', 'strict', 'balanced', 'lenient']).default('account'),
  format: z.enum(['json', 'csv']).default('json'),
});
export type EngagementQuery = z.infer<typeof engagementQuery>;

const opensAndClicks = z.object({ opened: z.int().nullable(), clicked: z.int() });

const estimatedOpens = z
  .object({
    openRate: z.number(),
    low: z.number(),
    high: z.number(),
    method: z.string(),
    assumption: z
      .string()
      .meta({ description: 'What must be true of people for the interval to hold, in one sentence.' }),
    apple: z
      .object({ recipients: z.int(), openRate: z.number(), low: z.number(), high: z.number() })
      .meta({ description: 'The same of the delivered recipients behind a prefetch alone.' }),
  })
  .meta({
    id: 'EstimatedOpens',
    description:
      'The share of the delivered recipients whom a person’s open is known of, or estimated behind Apple’s prefetch, with a 95 % interval; beside `openRate`.',
  });

const estimateWithheld = z
  .object({ code: z.enum(['no-prefetch', 'too-few-clickers', 'contradicted', 'no-opens']), text: z.string() })
  .meta({ id: 'EstimateWithheld', description: 'Why `estimated` is null.' });

const judgedBy = z.object({ ruleset: z.string(), hits: z.int() }).meta({ id: 'JudgedBy' });

export const engagementRow = z
  .object({
    key: z.string().nullable().meta({
      description:
        'Campaign, day, domain, link, sender or id of a department; null for mail without campaign or department.',
    }),
    label: z.string().nullable().meta({
      description:
        'What people call the department of `key`, for who may see people (`people.read`); null for every other key.',
    }),
    sent: z.int(),
    delivered: z.int(),
    bounced: z.int(),
    deferred: z.int(),
    unsubscribed: z.int().meta({ description: 'Recipients who unsubscribed by the link of this mail.' }),
    complained: z.int().meta({
      description:
        'Recipients whose provider told us that they called this mail unwanted (RFC 5965). Few providers do.',
    }),
    opened: z.int().nullable(),
    clicked: z.int(),
    openRate: z.number().nullable(),
    clickRate: z.number().nullable(),
    clickToOpenRate: z.number().nullable(),
    people: opensAndClicks,
    machines: opensAndClicks,
    all: opensAndClicks,
    anonymous: z.object({ opens: z.int(), clicks: z.int() }).nullable().meta({
      description:
        'Events of recipients who may only be counted, obeying the same choice; null where a range cuts a day or a row is finer than a campaign or day.',
    }),
    estimated: estimatedOpens.nullable(),
    estimateWithheld: estimateWithheld.nullable(),
    firstAcceptedDay: z.iso.date().nullable(),
    lastAcceptedDay: z.iso.date().nullable(),
  })
  .meta({ id: 'EngagementRow' });
export type EngagementRow = z.infer<typeof engagementRow>;

export const engagementReport = z
  .object({
    automatedEvents: z.enum(['included', 'excluded']),
    view,
    ruleset: z.string().meta({ description: 'In force now.' }),
    rulesets: z.array(judgedBy).meta({
      description:
        'By which rulesets the hits of this mail were judged, the most hits first; of a day that the range cuts, all of it.',
    }),
    groupBy: z.string(),
    rows: z.array(engagementRow),
    totals: engagementRow,
  })
  .meta({ id: 'EngagementReport' });
export type EngagementReport = z.infer<typeof engagementReport>;

export const readEngagement = endpoint({
  name: 'readEngagement',
  method: 'GET',
  path: '/v1/reports/engagement',
  summary: 'Unique recipients who were sent, delivered, opened, clicked; people, machines and all.',
  area: 'reports',
  params: noParams,
  query: engagementQuery,
  body: nothing,
  status: 200,
  result: engagementReport,
  alsoAs: ['text/csv'],
  problems: ['report.range_invalid'],
});

export const activityPoint = z.object({
  at: instant,
  people: z.object({ opens: z.int(), clicks: z.int() }),
  machines: z.object({ opens: z.int(), clicks: z.int() }),
});

export const readActivity = endpoint({
  name: 'readActivity',
  method: 'GET',
  path: '/v1/reports/activity',
  summary: 'Opens and clicks over time, by people and by machines (events, not recipients).',
  area: 'reports',
  params: noParams,
  query: z.object({
    ...range,
    campaign: campaignFilter,
    departmentId,
    by: z.enum(['hour', 'day']).default('hour'),
    view: z.enum(['account', 'strict', 'balanced', 'lenient']).default('account'),
  }),
  body: nothing,
  status: 200,
  result: z.object({ view, points: z.array(activityPoint) }),
  problems: ['report.range_invalid'],
});

const seenBy = z.enum(['people', 'machines']);
const seenFilter = z.enum(['people', 'machines', 'nobody']).optional();

export const reportRecipient = z
  .object({
    id,
    messageId: id,
    email: z.string(),
    departmentId: id.nullable(),
    campaign: z.string().nullable(),
    acceptedAt: instant,
    status: recipientStatus,
    deliveredAt: instant.nullable(),
    openedBy: seenBy.nullable(),
    clickedBy: seenBy.nullable(),
    opens: z.int().meta({ description: 'Requests for the pixel, whoever made them.' }),
    clicks: z.int(),
  })
  .meta({ id: 'ReportRecipient' });
export type ReportRecipient = z.infer<typeof reportRecipient>;

export const listReportRecipients = endpoint({
  name: 'listReportRecipients',
  method: 'GET',
  path: '/v1/reports/recipients',
  summary: 'The recipients behind a number of a report, newest first; each leads to its message and events.',
  area: 'reports',
  params: noParams,
  query: z.object({
    ...range,
    campaign: campaignFilter,
    departmentId,
    recipientDomain: z.string().min(1).max(255).optional(),
    status: recipientStatus.optional(),
    openedBy: seenFilter,
    clickedBy: seenFilter,
    view: z.enum(['account', 'strict', 'balanced', 'lenient']).default('account'),
    limit: z.coerce.number().int().min(1).max(100).default(50),
    cursor: cursor.optional(),
  }),
  body: nothing,
  status: 200,
  result: z.object({ view, recipients: z.array(reportRecipient), nextCursor: z.string().nullable() }),
  problems: ['report.range_invalid', 'request.bad_cursor'],
});
