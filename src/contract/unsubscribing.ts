/** What recipients who unsubscribe are shown. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, nothing } from './values.ts';

const line = /^\P{Cc}*$/u;
const lines = /^[\P{Cc}\n]*$/u;

const unsubscribePage = z
  .object({
    organisation: z.string().trim().min(1).max(100).regex(line).nullable().meta({
      description: 'Whose mail it is, as recipients know you. Null: the name of the account.',
    }),
    words: z.string().trim().min(1).max(1_000).regex(lines).nullable().meta({
      description: 'Your own words below ours: plain text. Anybody who has a link can read them. Null: none.',
    }),
  })
  .strict()
  .meta({ id: 'UnsubscribePage' });
export type UnsubscribePageBody = z.infer<typeof unsubscribePage>;

const page = {
  path: '/v1/settings/unsubscribe-page',
  area: 'settings',
  accountWide: true,
  params: noParams,
  query: noQuery,
  status: 200,
  result: unsubscribePage,
  problems: [],
} as const;

export const readUnsubscribePage = endpoint({
  ...page,
  name: 'readUnsubscribePage',
  method: 'GET',
  summary: 'What the page of an unsubscribe link says beside its own words.',
  body: nothing,
});

export const setUnsubscribePage = endpoint({
  ...page,
  name: 'setUnsubscribePage',
  method: 'PUT',
  summary:
    'Say whose mail it is, and something of your own, on the page of an unsubscribe link. It shows within seconds.',
  body: unsubscribePage,
});

export const unsubscribingEndpoints = [readUnsubscribePage, setUnsubscribePage];
