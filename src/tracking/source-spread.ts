/**
 * How many different recipients one source (an address and agent) reached around each of its hits. It counts; what a
 * count means is for the judge's rules.
 */

export interface SourceMark {
  /** Keyed hash, in hex. */
  readonly sourceKey: string;
  readonly recipientId: string;
  readonly atMs: number;
}

export interface Spread {
  readonly within1s: number;
  readonly within10min: number;
}

export const spreadWindowMs = 600_000;
const secondMs = 1_000;
/** Fewer recipients than this matter to no rule. */
const fewest = 4;

export class SourceSpreads {
  readonly #bySource = new Map<string, ReadonlyMap<number, Spread>>();

  constructor(marks: readonly SourceMark[]) {
    for (const [sourceKey, own] of Map.groupBy(marks, (mark) => mark.sourceKey)) {
      if (own.length < fewest || new Set(own.map((mark) => mark.recipientId)).size < fewest) continue;
      this.#bySource.set(sourceKey, spreadsOf(own));
    }
  }

  /** Undefined where a source reached too few to matter, or has no hit at that moment. */
  at(sourceKey: string, atMs: number): Spread | undefined {
    return this.#bySource.get(sourceKey)?.get(atMs);
  }
}

function spreadsOf(marks: readonly SourceMark[]): ReadonlyMap<number, Spread> {
  const inOrder = [...marks].sort((one, other) => one.atMs - other.atMs);
  const within1s = reached(inOrder, secondMs);
  const within10min = reached(inOrder, spreadWindowMs);
  const spreads = new Map<number, Spread>();
  for (const [place, { atMs }] of inOrder.entries()) {
    const known = spreads.get(atMs);
    spreads.set(atMs, {
      within1s: Math.max(known?.within1s ?? 0, within1s[place] ?? 0),
      within10min: Math.max(known?.within10min ?? 0, within10min[place] ?? 0),
    });
  }
  return spreads;
}

/** For each mark the most recipients in any window of that length that holds it. */
function reached(inOrder: readonly SourceMark[], windowMs: number): readonly number[] {
  const most: number[] = [];
  const inside = new Map<string, number>();
  let from = 0;
  for (const [to, last] of inOrder.entries()) {
    inside.set(last.recipientId, (inside.get(last.recipientId) ?? 0) + 1);
    for (let first = inOrder[from]; first && last.atMs - first.atMs > windowMs; first = inOrder[++from])
      leave(inside, first.recipientId);
    raise(most, from, to, inside.size);
  }
  return most;
}

function leave(inside: Map<string, number>, recipientId: string): void {
  const left = (inside.get(recipientId) ?? 1) - 1;
  if (left === 0) inside.delete(recipientId);
  else inside.set(recipientId, left);
}

/** Going back from the newest: what already has as many had them from a window that began no later, as has all before. */
function raise(most: number[], from: number, to: number, size: number): void {
  for (let at = to; at >= from && (most[at] ?? 0) < size; at--) most[at] = size;
}
