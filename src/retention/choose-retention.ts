/**
 * How long an account keeps its messages: read, tried, chosen. Nothing is erased here; what a choice would erase at once is
 * counted first, and a choice that would erase more than was seen is refused.
 */
import type { z } from 'zod';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { changeRetention as changeEndpoint, Retention, RetentionPolicy } from '../contract/retention.ts';
import { judgePolicy } from '../core/retention/policy.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { countHoldsInForce } from './hold-store.ts';
import { countOlder, oldestKept, selectPolicy, upsertPolicy } from './policy-store.ts';
import { latestRun, type RunRow } from './run-store.ts';

type Needs = Pick<World, 'db' | 'clock'>;

const dayMs = 86_400_000;
const outlookDays = 30;
const usual: RetentionPolicy = { messageDays: null, eventDays: null, minimumDays: null, hour: 3 };

export const readRetention = (world: Needs, caller: Caller): Promise<Retention> =>
  world.db.readAccount(caller.accountId, describe);

async function describe(tx: Tx): Promise<Retention> {
  const { messageDays, eventDays, minimumDays, hour, nextRunAt } = {
    nextRunAt: null,
    ...usual,
    ...(await selectPolicy(tx)),
  };
  const run = await latestRun(tx);
  return {
    ...{ messageDays, eventDays, minimumDays, hour },
    nextRunAt: nextRunAt?.toISOString() ?? null,
    lastRun: run === undefined ? null : runBody(run),
    holdsInForce: await countHoldsInForce(tx),
  };
}

const runBody = ({ startedAt, endedAt, endedHow, expected, erased, keptByHolds }: RunRow) => ({
  startedAt: startedAt.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
  how: endedHow ?? ('running' as const),
  ...{ expected, erased, keptByHolds },
});

type Wish = z.output<(typeof changeEndpoint)['body']>;

export async function changeRetention(world: Needs, caller: Caller, wish: Wish): Promise<Retention> {
  const { acknowledgedMessages, ...policy } = wish;
  if (judgePolicy(policy).kind === 'contradictory') throw new Problem('retention.contradictory');
  const at = world.clock.now();
  const { actor } = caller;
  return world.db.asAccount(caller.accountId, async (tx) => {
    const before = await selectPolicy(tx);
    if (isStricter(policy, before) && (await dueNow(tx, policy, at)) > acknowledgedMessages)
      throw new Problem('retention.preview_needed');
    await upsertPolicy(tx, policy, at);
    await record(tx, { at, actor, action: 'retention.changed', object: { kind: 'retention' }, detail: policy });
    return describe(tx);
  });
}

/** What erases no more than the choice before needs nobody's attention. */
const isStricter = (policy: RetentionPolicy, before: RetentionPolicy | undefined): boolean =>
  policy.messageDays !== null && policy.messageDays < (before?.messageDays ?? Number.POSITIVE_INFINITY);

async function dueNow(tx: Tx, { messageDays }: Pick<RetentionPolicy, 'messageDays'>, at: Date): Promise<number> {
  if (messageDays === null) return 0;
  const { all, held } = await countOlder(tx, cutoff(at, messageDays));
  return all - held;
}

export const cutoff = (now: Date, days: number): Date => new Date(now.getTime() - days * dayMs);

export async function previewRetention(world: Needs, caller: Caller, messageDays: number | null) {
  const at = world.clock.now();
  const preview = await world.db.readAccount(caller.accountId, async (tx) => {
    const oldest = (await oldestKept(tx))?.toISOString() ?? null;
    if (messageDays === null) return { dueNow: 0, dueIn30Days: 0, keptByHolds: 0, oldest };
    const now = await countOlder(tx, cutoff(at, messageDays));
    const soon = await countOlder(tx, cutoff(at, messageDays - outlookDays));
    const due = now.all - now.held;
    return { dueNow: due, dueIn30Days: soon.all - soon.held - due, keptByHolds: soon.held, oldest };
  });
  const { dueNow: now, keptByHolds } = preview;
  await world.db.asAccount(caller.accountId, (tx) =>
    record(tx, {
      at,
      actor: caller.actor,
      action: 'retention.previewed',
      object: { kind: 'retention' },
      detail: { dueNow: now, keptByHolds },
    }),
  );
  return preview;
}
