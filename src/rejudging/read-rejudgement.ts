/** What is told of re-judgings: one with its counts and examples, all in short, every flip of one. Ids and rules, no addresses. */
import { readSettings } from '../accounts/index.ts';
import { record, shownUnderEmergency } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Flip, RejudgementBody } from '../contract/rejudging.ts';
import type { View } from '../core/report/view.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { selectFlips } from './history-store.ts';
import { readIdCursor, writeIdCursor } from './id-cursor.ts';
import type { Run } from './rejudgement.ts';
import { selectExamples, selectRun, selectRuns, selectUnfinishedRun } from './run-store.ts';
import { classMoves, peopleIn, type Tally } from './tally.ts';

type ReadWorld = Pick<World, 'db' | 'clock'>;

export function readRejudgement({ db, clock }: ReadWorld, accountId: string, id: string): Promise<RejudgementBody> {
  return db.readAccount(accountId, async (tx) => {
    const run = await runOrProblem(tx, accountId, id, clock.now());
    const { view } = await readSettings(tx);
    return { ...summaryOf(run), ...resultOf(run.tally, view, await selectExamples(tx, accountId, id)) };
  });
}

/** The one that is queued or running; `isHeld` tells whether somebody is at it. */
export const unfinishedRun = ({ db, clock }: ReadWorld, accountId: string): Promise<Run | undefined> =>
  db.readAccount(accountId, (tx) => selectUnfinishedRun(tx, accountId, clock.now()));

async function runOrProblem(tx: Tx, accountId: string, id: string, now: Date): Promise<Run> {
  const run = await selectRun(tx, accountId, id, now);
  if (run === undefined) throw new Problem('rejudging.not_found');
  return run;
}

interface Asked {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listAccountRejudgements({ db, clock }: ReadWorld, accountId: string, { limit, cursor }: Asked) {
  const before = readIdCursor(cursor);
  const runs = await db.readAccount(accountId, (tx) =>
    selectRuns(tx, accountId, { before, rows: limit + 1 }, clock.now()),
  );
  const shown = runs.slice(0, limit);
  return {
    rejudgements: shown.map(summaryOf),
    nextCursor: writeIdCursor(runs.length > limit ? shown.at(-1) : undefined),
  };
}

/** In the order in which they were written. */
export async function listFlipsOf({ db, clock }: ReadWorld, caller: Caller, id: string, { limit, cursor }: Asked) {
  const { accountId, actor } = caller;
  const after = readIdCursor(cursor);
  return db.asAccount(accountId, async (tx) => {
    await runOrProblem(tx, accountId, id, clock.now());
    const found = await selectFlips(tx, accountId, { runId: id, after, rows: limit + 1 });
    const shown = found.slice(0, limit);
    await record(tx, {
      at: clock.now(),
      actor,
      action: 'flips.listed',
      object: { kind: 'rejudgement', id },
      detail: {
        flips: shown.length,
        ...shownUnderEmergency(actor, { messageIds: [...new Set(shown.map(({ flip }) => flip.messageId))] }),
      },
    });
    return {
      flips: shown.map(({ flip }) => flip),
      nextCursor: writeIdCursor(found.length > limit ? shown.at(-1) : undefined),
    };
  });
}

const text = (at: Date | null): string | null => at?.toISOString() ?? null;

function summaryOf(run: Run) {
  const { recipients, judged, flipped, restated, unreadable } = run.tally;
  const of = Math.max(run.expectedHits, judged);
  const share = run.state === 'done' || of === 0 ? Number(run.state === 'done') : judged / of;
  return {
    id: run.id,
    dryRun: run.isDryRun,
    state: run.state,
    why: run.why,
    askedAt: run.askedAt.toISOString(),
    askedBy: { kind: run.askedBy.kind, id: run.askedBy.id },
    startedAt: text(run.startedAt),
    endedAt: text(run.endedAt),
    since: text(run.bounds.since),
    until: text(run.bounds.until),
    ruleset: run.ruleset,
    disabledRules: [...run.disabledRules],
    progress: { judged, of: run.state === 'done' ? judged : of, share },
    hitsPerSecond: run.activeMs === 0 ? null : Math.round((judged * 1000) / run.activeMs),
    counts: { recipients, judged, flipped, restated, unreadable },
  };
}

function resultOf(tally: Tally, view: View, examples: ReadonlyMap<string, Flip[]>) {
  const before = peopleIn(tally.before, view);
  const after = peopleIn(tally.after, view);
  return {
    rulesets: Object.entries(tally.byRuleset).map(([ruleset, hits]) => ({ ruleset, hits })),
    byClass: classMoves(tally),
    byRule: Object.entries(tally.byRule)
      .map(([rule, counts]) => ({ rule, ...counts, examples: examples.get(rule) ?? [] }))
      .sort((one, other) => flipsOf(other) - flipsOf(one)),
    report: {
      view,
      people: {
        opened: { before: before.opened, after: after.opened },
        clicked: { before: before.clicked, after: after.clicked },
      },
    },
  };
}

const flipsOf = (rule: { newly: number; noLonger: number; otherwise: number }): number =>
  rule.newly + rule.noLonger + rule.otherwise;
