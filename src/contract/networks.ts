/** The lists of networks that verdicts lean on: which are in use, how old they are, and what was wrong with the last try. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, nothing } from './values.ts';

/** Why a list was not taken in. The one before stays in use. */
export const listRefusalCode = z.enum([
  'unreachable',
  'timeout',
  'incomplete',
  'http_status',
  'redirect_refused',
  'too_large',
  'unreadable',
  'too_few',
  'too_wide',
  'not_public',
  'shrunken',
]);

const networkList = z
  .object({
    name: z.string(),
    class: z.string().meta({ description: 'What an address in it means; `several` for a table of several classes.' }),
    origin: z
      .enum(['ruleset', 'package', 'import', 'publisher'])
      .meta({ description: 'Where what is in use came from: the ruleset, the program’s own table, a file, or a URL.' }),
    sourceUrl: z.string().nullable().meta({ description: 'Where it is fetched, without the query; null: it is not.' }),
    prefixes: z.int(),
    fetchedAt: z.iso.datetime().nullable().meta({
      description: 'When its source gave it, or last said that it had not changed; null for the ruleset’s facts.',
    }),
    checkedAt: z.iso.datetime().nullable().meta({ description: 'When its publisher was asked last, with any result.' }),
    ageDays: z.number().nullable(),
    isStale: z.boolean().meta({ description: 'Older than 14 days: its certain signs are only probable.' }),
    lastRefusal: z
      .object({ code: listRefusalCode, text: z.string(), at: z.iso.datetime() })
      .nullable()
      .meta({ description: 'Why the latest try brought no list; null when it did.' }),
  })
  .meta({ id: 'NetworkList' });

export const readNetworks = endpoint({
  name: 'readNetworks',
  method: 'GET',
  path: '/v1/networks',
  summary: 'The lists of networks that verdicts lean on, with their age and the last refusal.',
  area: 'networks',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({
    refreshHours: z.number().nullable().meta({ description: 'How often publishers are asked; null: never.' }),
    lists: z.array(networkList),
  }),
  problems: [],
});

export const refreshNetworks = endpoint({
  name: 'refreshNetworks',
  method: 'POST',
  path: '/v1/networks/refresh',
  summary:
    'Has the workers ask the publishers of network lists now. What was asked for in the last minute is not asked again.',
  area: 'networks',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 202,
  result: z.object({ due: z.int().meta({ description: 'How many lists will be asked for.' }) }),
  problems: ['networks.refresh_off'],
});
