/** Counts, for each hit, how many different recipients its address and agent reached around it. It judges nothing. */
import type { Evidence } from './evidence.ts';
import type { Observation } from './observation.ts';

const SECOND_MS = 1_000;
const TEN_MINUTES_MS = 600_000;
/** Fewer hits than this from one source can reach no threshold. */
const FEWEST = 4;

interface Hit {
  readonly index: number;
  readonly atMs: number;
  readonly recipient: string;
}

/** The evidence again, with counts where a source reached several recipients. A caller's own higher counts stay. */
export function recipientsBySource(
  observations: readonly Observation[],
  evidence: readonly Evidence[],
): readonly Evidence[] {
  if (!areSeveralReached(observations)) return evidence;
  const counted = [...evidence];
  for (const hits of bySource(observations, evidence)) {
    if (hits.length < FEWEST || new Set(hits.map((hit) => hit.recipient)).size < FEWEST) continue;
    hits.sort((one, other) => one.atMs - other.atMs);
    const within1s = reached(hits, SECOND_MS);
    const within10min = reached(hits, TEN_MINUTES_MS);
    hits.forEach((hit, position) => {
      const before = counted[hit.index];
      if (before === undefined) return;
      const known = before.recipientsFromSource;
      counted[hit.index] = {
        ...before,
        recipientsFromSource: {
          within1s: Math.max(known?.within1s ?? 0, within1s[position] ?? 0),
          within10min: Math.max(known?.within10min ?? 0, within10min[position] ?? 0),
        },
      };
    });
  }
  return counted;
}

/** Most batches are about few recipients, and then nothing has to be sorted. */
function areSeveralReached(observations: readonly Observation[]): boolean {
  const reached = new Set<unknown>();
  return observations.some(({ recipient }) => reached.add(recipient).size >= FEWEST);
}

function bySource(observations: readonly Observation[], evidence: readonly Evidence[]): Iterable<Hit[]> {
  const sources = new Map<string, Hit[]>();
  evidence.forEach((hit, index) => {
    const recipient = observations[index]?.recipient;
    const { address, agent } = hit.keys;
    if (typeof recipient !== 'string' || hit.atMs === undefined || address === undefined || agent === undefined) return;
    const key = `${address} ${agent}`;
    const entry = { index, atMs: hit.atMs, recipient };
    const hits = sources.get(key);
    if (hits === undefined) sources.set(key, [entry]);
    else hits.push(entry);
  });
  return sources.values();
}

/** For each hit the most different recipients in any window of that length around it. Hits are in order of time. */
function reached(hits: readonly Hit[], windowMs: number): number[] {
  const windows = windowsOver(hits, windowMs);
  // A hit lies in the windows that end at or after it and begin at or before it: a sliding maximum over a falling queue.
  const falling: number[] = [];
  const sizeAt = (to: number | undefined): number => (to === undefined ? 0 : (windows[to]?.size ?? 0));
  let head = 0;
  let ahead = 0;
  return hits.map((_, index) => {
    for (; ahead < hits.length && (windows[ahead]?.from ?? 0) <= index; ahead += 1) {
      while (falling.length > head && sizeAt(falling.at(-1)) <= sizeAt(ahead)) falling.pop();
      falling.push(ahead);
    }
    while ((falling[head] ?? index) < index) head += 1;
    return sizeAt(falling[head]);
  });
}

/** For each hit the window that ends with it: where it begins, and how many recipients it holds. */
function windowsOver(hits: readonly Hit[], windowMs: number): { from: number; size: number }[] {
  const inside = new Map<string, number>();
  let from = 0;
  return hits.map((last) => {
    inside.set(last.recipient, (inside.get(last.recipient) ?? 0) + 1);
    for (let first = hits[from]; first !== undefined && last.atMs - first.atMs > windowMs; first = hits[from]) {
      const left = (inside.get(first.recipient) ?? 1) - 1;
      if (left === 0) inside.delete(first.recipient);
      else inside.set(first.recipient, left);
      from += 1;
    }
    return { from, size: inside.size };
  });
}
