/** A small history of people and machines, and judging it again to the end, for tests of re-judging. */
import { builtInNetworks, type Networks } from '@waxwing/verdict';
import type { z } from 'zod';
import { accountRoutes } from '../../src/accounts/index.ts';
import { changeOutboundSettings } from '../../src/contract/settings.ts';
import { sql } from '../../src/platform/database.ts';
import { askRejudgement, readRejudgement, runNext } from '../../src/rejudging/index.ts';
import { acceptMail, delivered, deliverMail, type SentMail, type TestAccount } from './mail.ts';
import { agents, hitsOf, storeVisits, type Visit } from './visits.ts';
import type { TestWorld } from './world.ts';

export const actor = { kind: 'system', id: 'test' } as const;
export const deliveredAt = new Date('2026-11-20T10:00:05Z');
const at = (seconds: number): number => deliveredAt.getTime() + seconds * 1_000;
const visit = (kind: Visit['kind'], seconds: number, ip: string, userAgent: string, link?: number): Visit => ({
  kind,
  atMs: at(seconds),
  ip,
  userAgent,
  ...(link === undefined ? {} : { link }),
});

const { chrome, gmail, apple } = agents;
export const people = {
  reader: [
    visit('open', 3_600, '203.0.113.7', chrome),
    visit('click', 3_660, '203.0.113.7', chrome, 1),
    visit('open', 90_000, '203.0.113.7', chrome),
  ],
  gmailReader: [visit('open', 1_800, '66.249.84.1', gmail)],
} as const;
export const machines = {
  /** From no network that is known: found by the shape of its burst alone. */
  burst: [0, 1, 2].map((link) => visit('click', 40 + link / 10, '198.51.100.9', chrome, link)),
  applePrefetch: [visit('open', 600, '104.28.1.1', apple)],
  head: [{ ...visit('click', 5_000, '203.0.113.80', chrome, 0), method: 'HEAD' }],
} as const;

/** One recipient for each kind of visitor, in their order, and one whom nobody visits. */
export async function storeHistory(world: TestWorld, account: TestAccount, networks: Networks = builtInNetworks) {
  const kinds = [...Object.values(people), ...Object.values(machines)];
  const mail = await sendTo(
    world,
    account,
    [...kinds, []].map((_, number) => `r${number}@d${number}.example`),
  );
  const hits = kinds.flatMap((visits, number) => hitsOf(mail, mail.recipientIds[number] ?? '', visits));
  await storeVisits(world, account, hits, networks);
  return { ...mail, hits };
}

export async function sendTo(world: TestWorld, account: TestAccount, to: readonly string[]): Promise<SentMail> {
  const mail = await acceptMail(world, account, {
    campaign: 'autumn',
    to,
    links: [0, 1, 2].map((link) => `https://clinic.example/${link}`),
    acceptedAt: '2026-11-20T10:00:00Z',
  });
  await deliverMail(
    world,
    account,
    mail.recipientIds.map((id) => delivered(id, deliveredAt)),
  );
  return mail;
}

export interface Choice {
  readonly dryRun?: boolean;
  readonly disabledRules?: readonly string[];
  readonly enabledRules?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly networks?: Networks;
}

/** Asks, runs to the end, and reads what came of it. */
export async function rejudged(world: TestWorld, { accountId }: TestAccount, choice: Choice = {}) {
  const { dryRun = false, networks = builtInNetworks, ...others } = choice;
  world.clock.advance(1_000); // ids sort by when they were given
  const { id } = await askRejudgement(world, { accountId, actor }, { dryRun, ...others });
  while (await runNext({ ...world, networks: { current: () => networks } }, new AbortController().signal));
  return readRejudgement(world, accountId, id);
}

type Settings = z.input<typeof changeOutboundSettings.body>;

/** As PATCH /v1/settings/outbound does. */
export async function choose(world: TestWorld, { accountId }: TestAccount, wish: Settings): Promise<void> {
  const route = accountRoutes(world, { forget: () => undefined } as never, { publicUrl: 'http://127.0.0.1' }).find(
    ({ endpoint }) => endpoint.name === changeOutboundSettings.name,
  );
  await route?.handle({ body: wish } as never, { accountId, actor });
}

export interface StoredOpinion {
  readonly eventId: string;
  readonly verdict: string;
  readonly strength: string;
  readonly actor: string;
  readonly unknowable: boolean;
  readonly rules: string;
  readonly ruleset: string;
}

export const opinions = (world: TestWorld, { accountId }: TestAccount): Promise<StoredOpinion[]> =>
  world.db.readAccount(accountId, (tx) =>
    tx.query<StoredOpinion>(sql`
      SELECT event_id AS "eventId", verdict, strength, actor, unknowable, ruleset,
             (SELECT string_agg(r ->> 'rule', ' ' ORDER BY r ->> 'rule') FROM jsonb_array_elements(reasons) r) AS rules
        FROM verdicts WHERE account_id = ${accountId} ORDER BY event_id`),
  );
