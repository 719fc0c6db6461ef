/** What was learned of the scanners before the recipients' mailboxes, by recipient domain. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { cursor, instant, noParams, noQuery, nothing } from './values.ts';

export const scannerHabit = z
  .object({
    domain: z.string(),
    gateway: z.string().nullable().meta({
      description: 'What the domain’s MX names: `proofpoint`, `microsoft`…; null where it names none we know.',
    }),
    copies: z
      .int()
      .meta({ description: 'Copies that a scanner handled for certain; counts are halved every 30 days.' }),
    sentence: z.string().meta({
      description: 'For people: “mercy.example: Proofpoint, bursts of 6 links about 40 s after delivery”.',
    }),
    delay: z.object({ medianMs: z.int(), lowMs: z.int(), highMs: z.int() }).nullable().meta({
      description:
        'From delivery to the scanner’s first click, or to its first open where it follows no link; nine tenths lie between low and high. Null below 5 copies.',
    }),
    burstLinks: z
      .object({ median: z.int(), most: z.int() })
      .nullable()
      .meta({ description: 'Different links that the scanner follows in one copy. Null below 5 copies.' }),
    actors: z.array(z.object({ actor: z.string(), copies: z.int() })),
    networks: z
      .array(z.object({ class: z.string(), list: z.string(), copies: z.int() }))
      .meta({ description: 'Known networks that the scanner came from.' }),
    learnedBlocks: z.int().meta({
      description: 'Networks (/24, IPv6 /48) in which nothing but the scanner was seen. Kept as keyed hashes only.',
    }),
    isUsed: z.boolean().meta({ description: 'Whether hits are compared with this habit.' }),
    whyNotUsed: z.string().nullable(),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'ScannerHabit' });
export type ScannerHabit = z.infer<typeof scannerHabit>;

export const scannerHabitQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: cursor.optional(),
  format: z.enum(['json', 'csv']).default('json').meta({ description: '`csv` exports all of them at once.' }),
});
export type ScannerHabitQuery = z.infer<typeof scannerHabitQuery>;

export const listScannerHabits = endpoint({
  name: 'listScannerHabits',
  method: 'GET',
  path: '/v1/scanner-habits',
  summary: 'What the scanners of the recipients’ domains usually do, learned from settled verdicts; most copies first.',
  area: 'scanner habits',
  params: noParams,
  query: scannerHabitQuery,
  body: nothing,
  status: 200,
  result: z.object({
    isLearning: z.boolean().meta({ description: 'The setting `learnScannerHabits`.' }),
    habits: z.array(scannerHabit),
    nextCursor: z.string().nullable(),
  }),
  alsoAs: ['text/csv'],
  problems: ['request.bad_cursor'],
});

export const forgetScannerHabits = endpoint({
  name: 'forgetScannerHabits',
  method: 'DELETE',
  path: '/v1/scanner-habits',
  summary: 'Forget everything that was learned of scanners. Judging follows within a minute.',
  area: 'scanner habits',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: [],
});

export const forgetScannerHabit = endpoint({
  name: 'forgetScannerHabit',
  method: 'DELETE',
  path: '/v1/scanner-habits/{domain}',
  summary: 'Forget what was learned of one domain’s scanner. Judging follows within a minute.',
  area: 'scanner habits',
  params: z.object({ domain: z.string().min(1).max(255) }),
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['habit.not_found'],
});
