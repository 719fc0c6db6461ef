/** Judging the past again: runs and dry runs, what they changed or would change, and the rules that there are. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { cursor, id, instant, instantOrDay, noParams, noQuery, nothing, view } from './values.ts';
import { reason, verdict } from './verdicts.ts';

const opinion = verdict
  .pick({ verdict: true, strength: true, actor: true, unknowable: true, ruleset: true })
  .extend({ reasons: z.array(reason) });

const verdictClass = z.enum(['human', 'human-suspected', 'automated-probable', 'automated-certain']);

export const flip = z
  .object({
    eventId: id,
    messageId: id,
    recipientId: id,
    kind: z.enum(['open', 'click']),
    occurredAt: instant,
    was: opinion,
    becomes: opinion,
  })
  .meta({ id: 'VerdictFlip' });
export type Flip = z.infer<typeof flip>;

const state = z.enum(['queued', 'running', 'done', 'cancelled', 'failed']);
const moved = z.object({ before: z.int(), after: z.int() });

const rejudgementFields = {
  id,
  dryRun: z.boolean(),
  state,
  why: z.string().nullable().meta({ description: 'Of a failed run: a code of docs/errors.md.' }),
  askedAt: instant,
  askedBy: z.object({ kind: z.string(), id: z.string() }),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  since: instant.nullable().meta({ description: 'Mail accepted from then on.' }),
  until: instant.nullable().meta({ description: 'Mail accepted before then.' }),
  ruleset: z.string().meta({ description: 'The ruleset that judges; without the rules that are switched off.' }),
  disabledRules: z.array(z.string()),
  progress: z.object({
    judged: z.int(),
    of: z.int().meta({ description: 'An estimate, counted by whole days.' }),
    share: z.number(),
  }),
  hitsPerSecond: z.number().nullable(),
  counts: z.object({
    recipients: z.int().meta({ description: 'With at least one hit.' }),
    judged: z.int(),
    flipped: z.int().meta({ description: 'Another verdict, strength, actor or knowability.' }),
    restated: z.int().meta({ description: 'The same opinion, by another ruleset.' }),
    unreadable: z.int().meta({
      description: 'Hits of copies of which a hit’s stored evidence does not open; they keep their verdicts.',
    }),
  }),
} as const;

export const rejudgementSummary = z.object(rejudgementFields).meta({ id: 'RejudgementSummary' });

export const rejudgement = z
  .object({
    ...rejudgementFields,
    rulesets: z
      .array(z.object({ ruleset: z.string(), hits: z.int() }))
      .meta({ description: 'Which rulesets had judged these hits before.' }),
    byClass: z.array(z.object({ from: verdictClass, to: verdictClass, hits: z.int() })),
    byRule: z
      .array(
        z.object({
          rule: z.string(),
          newly: z.int().meta({ description: 'Flipped hits of which this rule now speaks, and did not.' }),
          noLonger: z.int(),
          otherwise: z
            .int()
            .meta({ description: 'Of which the same rules speak, this among them, and come to something else.' }),
          examples: z.array(flip).meta({ description: 'Up to 20.' }),
        }),
      )
      .meta({ description: 'Of the flipped hits only; most flips first.' }),
    report: z
      .object({ view, people: z.object({ opened: moved, clicked: moved }) })
      .meta({ description: 'Unique recipients as the account’s view counts them, before and after.' }),
  })
  .meta({ id: 'Rejudgement' });
export type RejudgementBody = z.infer<typeof rejudgement>;

const common = { area: 'rejudging', params: noParams, query: noQuery } as const;
const one = { area: 'rejudging', params: z.object({ id }) } as const;

export const startRejudgement = endpoint({
  ...common,
  name: 'startRejudgement',
  method: 'POST',
  path: '/v1/rejudgements',
  summary: 'Judge stored hits again by the rules, lists and settings of now; a dry run only tells what would change.',
  body: z
    .object({
      since: instantOrDay.optional().meta({ description: 'Mail accepted from then on; a day is the account’s.' }),
      until: instantOrDay.optional().meta({ description: 'Mail accepted before then; a day is the last of them.' }),
      dryRun: z.boolean().default(false),
      disabledRules: z.array(z.string().max(64)).max(100).optional().meta({
        description: 'Of a dry run: rules to leave out beside those that the account has switched off.',
      }),
      enabledRules: z.array(z.string().max(64)).max(100).optional().meta({
        description: 'Of a dry run: rules to judge by although the account has switched them off.',
      }),
    })
    .strict(),
  status: 202,
  result: rejudgement,
  problems: ['rejudging.already_running', 'rejudging.rules_are_settings', 'report.range_invalid'],
});

export const listRejudgements = endpoint({
  ...common,
  name: 'listRejudgements',
  method: 'GET',
  path: '/v1/rejudgements',
  summary: 'The account’s re-judgings, newest first: who, when, by which rules, how many verdicts changed.',
  accountWide: true,
  query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(20), cursor: cursor.optional() }),
  body: nothing,
  status: 200,
  result: z.object({ rejudgements: z.array(rejudgementSummary), nextCursor: z.string().nullable() }),
  problems: ['request.bad_cursor'],
});

export const readRejudgement = endpoint({
  ...one,
  name: 'readRejudgement',
  method: 'GET',
  path: '/v1/rejudgements/{id}',
  summary: 'One re-judging: its progress, and what it changed or would change, by class and by rule, with examples.',
  accountWide: true,
  query: noQuery,
  body: nothing,
  status: 200,
  result: rejudgement,
  problems: ['rejudging.not_found'],
});

export const listFlips = endpoint({
  ...one,
  name: 'listFlips',
  method: 'GET',
  path: '/v1/rejudgements/{id}/flips',
  summary: 'Every verdict that a run changed, in the order in which it changed them. A dry run changes none.',
  accountWide: true,
  query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(1000), cursor: cursor.optional() }),
  body: nothing,
  status: 200,
  result: z.object({ flips: z.array(flip), nextCursor: z.string().nullable() }),
  problems: ['rejudging.not_found', 'request.bad_cursor'],
});

export const cancelRejudgement = endpoint({
  ...one,
  name: 'cancelRejudgement',
  method: 'POST',
  path: '/v1/rejudgements/{id}/cancel',
  summary: 'End a re-judging where it is. What it has changed stays changed, and recorded.',
  query: noQuery,
  body: nothing,
  status: 200,
  result: rejudgement,
  problems: ['rejudging.not_found', 'rejudging.ended'],
});

export const listRules = endpoint({
  ...common,
  name: 'listRules',
  method: 'GET',
  path: '/v1/rules',
  summary: 'Every rule of the judge, and whether it judges for this account.',
  body: nothing,
  status: 200,
  result: z.object({
    ruleset: z.string(),
    rules: z.array(
      z.object({
        id: z.string(),
        text: z.string(),
        says: z.enum(['machine', 'person']),
        family: z.string().nullable(),
        strengths: z.array(z.enum(['certain', 'probable', 'weak'])),
        kinds: z.array(z.enum(['open', 'click'])),
        source: z.string(),
        enabled: z.boolean(),
      }),
    ),
  }),
  problems: [],
});
