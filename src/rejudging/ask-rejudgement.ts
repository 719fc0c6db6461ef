/** Asks for a re-judging, or a dry run of one: which mail, by which rules. One of an account's is under way at a time. */
import { rulesetWithout } from '@waxwing/verdict';
import { readSettings } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import { dayOf } from '../core/report/days.ts';
import { type AskedRange, boundsOf } from '../core/report/range.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { knownRules } from '../tracking/index.ts';
import type { Run, Wish } from './rejudgement.ts';
import { countExpectedHits, insertRun, selectRun } from './run-store.ts';

export interface Asked extends AskedRange {
  readonly dryRun: boolean;
  /** Of a dry run: beside those that the account has switched off. */
  readonly disabledRules?: readonly string[] | undefined;
  /** Of a dry run: although the account has switched them off. */
  readonly enabledRules?: readonly string[] | undefined;
}

export async function askRejudgement(
  world: Pick<World, 'db' | 'clock'>,
  { accountId, actor }: Caller,
  asked: Asked,
): Promise<Run> {
  if (!asked.dryRun && (asked.disabledRules ?? asked.enabledRules) !== undefined)
    throw new Problem('rejudging.rules_are_settings');
  const at = world.clock.now();
  return world.db.asAccount(accountId, async (tx) => {
    const settings = await readSettings(tx);
    const wish = wishOf(settings, asked, { askedAt: at, askedBy: { kind: actor.kind, id: actor.id } });
    const id = newId(at);
    const expectedHits = await expected(tx, accountId, settings, wish);
    if (!(await insertRun(tx, accountId, { ...wish, id, expectedHits })))
      throw new Problem('rejudging.already_running');
    await record(tx, {
      at,
      actor,
      action: 'rejudgement.asked',
      object: { kind: 'rejudgement', id },
      detail: {
        dryRun: wish.isDryRun,
        since: wish.bounds.since?.toISOString() ?? null,
        until: wish.bounds.until?.toISOString() ?? null,
        disabledRules: [...wish.disabledRules],
      },
    });
    const run = await selectRun(tx, accountId, id, at);
    if (run === undefined) throw new Error('a run that was just made is not there');
    return run;
  });
}

type Choices = Pick<OutboundSettings, 'disabledRules' | 'timeZone'>;

function wishOf(settings: Choices, asked: Asked, who: Pick<Wish, 'askedAt' | 'askedBy'>): Wish {
  const bounds = boundsOf(settings.timeZone, asked);
  if (bounds === null) throw new Problem('report.range_invalid');
  const without = [...settings.disabledRules, ...knownRules(asked.disabledRules ?? [])];
  const enabled = knownRules(asked.enabledRules ?? [], 'enabledRules');
  const disabledRules = [...new Set(without)].filter((id) => !enabled.includes(id)).sort();
  return { isDryRun: asked.dryRun, bounds, disabledRules, ruleset: rulesetWithout(disabledRules), ...who };
}

function expected(tx: Tx, accountId: string, { timeZone }: Choices, { bounds }: Wish): Promise<number> {
  const day = (at: Date | null): string | null => (at === null ? null : dayOf(timeZone, at));
  const last = bounds.until === null ? null : new Date(bounds.until.getTime() - 1);
  return countExpectedHits(tx, accountId, { from: day(bounds.since), to: day(last) });
}
