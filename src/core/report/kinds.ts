/** The four kinds of hit, how many of each there were, and the masks that say which were there at all. */

/** How many hits of each kind: human, human suspected, automated probably, automated certainly. */
export type KindCounts = readonly [number, number, number, number];

export const noHits: KindCounts = [0, 0, 0, 0];

/** The bits of a mask, in the order of KindCounts. */
export const kindBit = { human: 1, suspected: 2, probable: 4, certain: 8 } as const;

export interface Opinion {
  readonly verdict: 'human' | 'automated';
  readonly strength: 'certain' | 'probable' | 'suspected';
}

/** The one bit that an opinion sets. A machine that is only suspected counts as a probable one. */
export function bitOf(opinion: Opinion): number {
  if (opinion.verdict === 'human') return opinion.strength === 'suspected' ? kindBit.suspected : kindBit.human;
  return opinion.strength === 'certain' ? kindBit.certain : kindBit.probable;
}

export function maskOf(counts: KindCounts): number {
  return counts.reduce((mask, count, position) => (count > 0 ? mask | (1 << position) : mask), 0);
}

/** The counts after `by` more hits of the kind whose bit is given. */
export function countHit(counts: KindCounts, bit: number, by: number): KindCounts {
  const [human, suspected, probable, certain] = counts;
  const more = (kind: number, count: number): number => (bit === kind ? count + by : count);
  return [
    more(kindBit.human, human),
    more(kindBit.suspected, suspected),
    more(kindBit.probable, probable),
    more(kindBit.certain, certain),
  ];
}

export type HitKind = 'open' | 'click';
