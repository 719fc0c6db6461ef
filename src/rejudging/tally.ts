/** Counts what judging again changes: by class, by rule, and in the numbers that people read. It knows no database. */
import { classOf, type VerdictClass } from '@waxwing/verdict';
import type { Flip } from '../contract/rejudging.ts';
import { countNames, recipientCounts, type Status } from '../core/report/cells.ts';
import { bitOf } from '../core/report/kinds.ts';
import type { View } from '../core/report/view.ts';
import { type HitVerdict, isFlip, type JudgedHit } from '../events/index.ts';

export const examplesPerRule = 20;

export interface RuleCounts {
  readonly newly: number;
  readonly noLonger: number;
  readonly otherwise: number;
}

/** As JSON in the run's row. */
export interface Tally {
  readonly recipients: number;
  readonly judged: number;
  readonly flipped: number;
  readonly restated: number;
  readonly unreadable: number;
  readonly byRuleset: Readonly<Record<string, number>>;
  /** By `from to`. */
  readonly byClass: Readonly<Record<string, number>>;
  readonly byRule: Readonly<Record<string, RuleCounts>>;
  /** Recipients as reports count them, in the order of countNames. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const zeros = countNames.map(() => 0);

export const emptyTally: Tally = {
  recipients: 0,
  judged: 0,
  flipped: 0,
  restated: 0,
  unreadable: 0,
  byRuleset: {},
  byClass: {},
  byRule: {},
  before: zeros,
  after: zeros,
};

export interface Revised {
  readonly hit: JudgedHit;
  readonly verdict: HitVerdict;
}

/** Which kinds of hit a recipient had, as masks, by the old opinions and by the new ones. */
export interface MasksBeforeAndAfter {
  readonly opensBefore: number;
  readonly clicksBefore: number;
  readonly opensAfter: number;
  readonly clicksAfter: number;
}

export const noMasks: MasksBeforeAndAfter = { opensBefore: 0, clicksBefore: 0, opensAfter: 0, clicksAfter: 0 };

/** The kinds that a recipient's hits are of, added to those seen of it before. */
export function masksOf(known: MasksBeforeAndAfter, judged: readonly Revised[]): MasksBeforeAndAfter {
  let { opensBefore, clicksBefore, opensAfter, clicksAfter } = known;
  for (const { hit, verdict } of judged) {
    if (hit.kind === 'open') {
      opensBefore |= bitOf(hit.verdict);
      opensAfter |= bitOf(verdict);
    } else {
      clicksBefore |= bitOf(hit.verdict);
      clicksAfter |= bitOf(verdict);
    }
  }
  return { opensBefore, clicksBefore, opensAfter, clicksAfter };
}

/** Adds up a batch, and keeps the first flips of each rule until there are enough. */
export class BatchTally {
  readonly #before: Tally;
  readonly #byRuleset = new Map<string, number>();
  readonly #byClass = new Map<string, number>();
  readonly #byRule = new Map<string, { newly: number; noLonger: number; otherwise: number }>();
  readonly #was = [...zeros];
  readonly #is = [...zeros];
  readonly examples: { readonly rule: string; readonly place: number; readonly flip: Flip }[] = [];
  #recipients = 0;
  #judged = 0;
  #flipped = 0;
  #restated = 0;
  #unreadable = 0;

  constructor(before: Tally) {
    this.#before = before;
  }

  addHits(judged: readonly Revised[]): void {
    this.#judged += judged.length;
    for (const { hit, verdict } of judged) {
      increase(this.#byRuleset, hit.verdict.ruleset);
      if (isFlip(hit.verdict, verdict)) this.#addFlip(hit, verdict);
      else if (hit.verdict.ruleset !== verdict.ruleset) this.#restated += 1;
    }
  }

  addUnreadable(hits: number): void {
    this.#unreadable += hits;
  }

  /** A recipient whose hits are all judged. */
  addRecipient(status: Status, masks: MasksBeforeAndAfter): void {
    this.#recipients += 1;
    add(this.#was, recipientCounts({ status, opens: masks.opensBefore, clicks: masks.clicksBefore }));
    add(this.#is, recipientCounts({ status, opens: masks.opensAfter, clicks: masks.clicksAfter }));
  }

  sum(): Tally {
    const before = this.#before;
    return {
      recipients: before.recipients + this.#recipients,
      judged: before.judged + this.#judged,
      flipped: before.flipped + this.#flipped,
      restated: before.restated + this.#restated,
      unreadable: before.unreadable + this.#unreadable,
      byRuleset: together(before.byRuleset, this.#byRuleset),
      byClass: together(before.byClass, this.#byClass),
      byRule: { ...before.byRule, ...Object.fromEntries(this.#byRule) },
      before: before.before.map((count, at) => count + (this.#was[at] ?? 0)),
      after: before.after.map((count, at) => count + (this.#is[at] ?? 0)),
    };
  }

  #addFlip(hit: JudgedHit, verdict: HitVerdict): void {
    this.#flipped += 1;
    increase(this.#byClass, `${classOf(hit.verdict)} ${classOf(verdict)}`);
    for (const [rule, how] of rulesOfFlip(hit.verdict, verdict)) {
      const counts = this.#byRule.get(rule) ?? { ...(this.#before.byRule[rule] ?? noCounts) };
      const place = counts.newly + counts.noLonger + counts.otherwise;
      if (place < examplesPerRule) this.examples.push({ rule, place, flip: flipOf(hit, verdict) });
      counts[how] += 1;
      this.#byRule.set(rule, counts);
    }
  }
}

const noCounts: RuleCounts = { newly: 0, noLonger: 0, otherwise: 0 };

const increase = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

function add(sum: number[], counts: readonly number[]): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (counts[at] ?? 0);
}

function together(known: Readonly<Record<string, number>>, more: ReadonlyMap<string, number>): Record<string, number> {
  const sum: Record<string, number> = { ...known };
  for (const [name, count] of more) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** Which rules came or went. Where the same ones speak, something else about them changed: their strength, their actor. */
function rulesOfFlip(was: HitVerdict, becomes: HitVerdict): [rule: string, how: keyof RuleCounts][] {
  const before = new Set(was.reasons.map(({ rule }) => rule));
  const after = new Set(becomes.reasons.map(({ rule }) => rule));
  const newly = [...after].filter((rule) => !before.has(rule));
  const noLonger = [...before].filter((rule) => !after.has(rule));
  if (newly.length + noLonger.length === 0) return [...after].map((rule) => [rule, 'otherwise']);
  return [
    ...newly.map((rule): [string, keyof RuleCounts] => [rule, 'newly']),
    ...noLonger.map((rule): [string, keyof RuleCounts] => [rule, 'noLonger']),
  ];
}

const told = ({ verdict, strength, actor, unknowable, reasons, ruleset }: HitVerdict): Flip['was'] => ({
  verdict,
  strength,
  actor,
  unknowable,
  reasons: reasons.map(({ rule, text }) => ({ rule, text })),
  ruleset,
});

const flipOf = (hit: JudgedHit, verdict: HitVerdict): Flip => ({
  eventId: hit.id,
  messageId: hit.messageId,
  recipientId: hit.recipientId,
  kind: hit.kind,
  occurredAt: hit.occurredAt.toISOString(),
  was: told(hit.verdict),
  becomes: told(verdict),
});

/** Unique recipients as one view counts people. */
export function peopleIn(counts: readonly number[], view: View): { opened: number; clicked: number } {
  const count = (name: 'opened' | 'clicked'): number => counts[countNames.indexOf(`${view}_${name}_by_people`)] ?? 0;
  return { opened: count('opened'), clicked: count('clicked') };
}

export interface ClassMove {
  readonly from: VerdictClass;
  readonly to: VerdictClass;
  readonly hits: number;
}

export const classMoves = ({ byClass }: Tally): ClassMove[] =>
  Object.entries(byClass)
    .map(([name, hits]) => {
      const [from, to] = name.split(' ') as [VerdictClass, VerdictClass];
      return { from, to, hits };
    })
    .sort((one, other) => other.hits - one.hits);
