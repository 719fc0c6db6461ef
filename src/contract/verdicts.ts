/** Observations in, verdicts out: the shapes of the judge on the wire. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { instant, noParams, noQuery } from './values.ts';

const text = (max: number) => z.string().max(max);

const linkNumber = z.union([z.int().min(0).max(100_000), z.string().regex(/^\d{1,6}$/)]);

/** Logs write null for what they do not know: it is missing, as an absent field is. */
export const observation = z
  .object({
    id: z.union([text(200), z.number()]).nullish(),
    kind: z.enum(['open', 'click']),
    at: text(64).nullish(),
    deliveredAt: text(64).nullish(),
    recipient: text(400).nullish(),
    message: text(400).nullish(),
    method: text(40).nullish(),
    ip: text(100).nullish(),
    userAgent: text(100_000).nullish(),
    headers: z.record(text(200), z.union([text(8000), z.array(text(8000)).max(20)])).nullish(),
    link: linkNumber.nullish(),
    linkCount: linkNumber.nullish(),
    honeypot: z.boolean().nullish(),
    token: z.enum(['valid', 'damaged']).nullish(),
    mx: text(400).nullish(),
    https: z.boolean().nullish(),
    oneClick: z.boolean().nullish(),
    deliveredVia: z.enum(['mx', 'relay']).nullish(),
    asn: z.int().min(0).max(4_294_967_295).nullish(),
    place: text(200).nullish(),
    providerSays: z.enum(['prefetch', 'machine']).nullish(),
    habit: z
      .object({ copies: z.int().min(0).max(1_000_000_000), fitsNetwork: z.boolean(), fitsDelay: z.boolean() })
      .nullish(),
  })
  .meta({ id: 'Observation' });

export const reason = z.object({ rule: z.string(), text: z.string() });

export const verdict = z
  .object({
    id: z.string().optional(),
    verdict: z.enum(['human', 'automated']),
    strength: z.enum(['certain', 'probable', 'suspected']),
    actor: z.string(),
    unknowable: z.boolean(),
    reasons: z.array(reason),
    ruleset: z.string(),
    provisional: z.boolean(),
  })
  .meta({ id: 'Verdict' });
export type VerdictBody = z.infer<typeof verdict>;

export const judgeObservations = endpoint({
  name: 'judgeObservations',
  method: 'POST',
  path: '/v1/verdicts',
  summary: 'Judge observations from anyone’s logs; nothing is stored. Sequences are judged together.',
  area: 'verdicts',
  params: noParams,
  query: noQuery,
  body: z.object({
    observations: z.array(observation).max(1000),
    asOf: instant.optional().meta({ description: 'Judge as of this instant: verdicts may still be provisional.' }),
    view: z.enum(['strict', 'balanced', 'lenient']).optional(),
    disabledRules: z.array(z.string().max(64)).max(100).optional().meta({
      description: 'Rules to leave out, to see what a verdict would be without them; GET /v1/rules lists them.',
    }),
  }),
  status: 200,
  result: z.object({ ruleset: z.string(), verdicts: z.array(verdict) }),
  problems: ['verdicts.too_many'],
});
