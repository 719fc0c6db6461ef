/** Alerts beyond the console: acknowledging them, and from which address people are mailed. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { id, instant, noParams, noQuery, nothing } from './values.ts';

export const acknowledgeAlert = endpoint({
  name: 'acknowledgeAlert',
  method: 'POST',
  path: '/v1/alerts/{id}/acknowledgement',
  summary:
    'Say that an alert was looked at. Whoever was first stays named; nobody says so of their own emergency access.',
  area: 'people',
  params: z.object({ id }),
  query: noQuery,
  body: z.object({}),
  status: 204,
  result: nothing,
  problems: ['alert.not_found', 'emergency.own'],
});

export const alertSettings = z
  .object({
    alertFrom: z.string().nullable().meta({
      description: 'The address that alert mails come from. Null: alerts show in the console only.',
    }),
    maxPerHour: z
      .int()
      .meta({ description: 'Mails to one person within an hour; what is beyond comes in one summary.' }),
    lastTrouble: z
      .object({ at: instant, code: z.string() })
      .nullable()
      .meta({ description: 'Why the newest mail that is not on its way was not accepted for sending.' }),
  })
  .meta({ id: 'AlertSettings' });

const settingsEndpoint = { path: '/v1/alert-settings', area: 'people', params: noParams, query: noQuery } as const;

export const readAlertSettings = endpoint({
  ...settingsEndpoint,
  name: 'readAlertSettings',
  method: 'GET',
  summary: 'Whether and from which address alerts are mailed.',
  body: nothing,
  status: 200,
  result: alertSettings,
  problems: [],
});

export const changeAlertSettings = endpoint({
  ...settingsEndpoint,
  name: 'changeAlertSettings',
  method: 'PATCH',
  summary: 'Set the address that alert mails come from, or none; and how many a person gets within an hour.',
  stepUp: true,
  body: z
    .object({ alertFrom: z.email().max(254).nullable().optional(), maxPerHour: z.int().min(1).max(100).optional() })
    .strict(),
  status: 200,
  result: alertSettings,
  problems: [],
});

export const alertEndpoints = [acknowledgeAlert, readAlertSettings, changeAlertSettings];
