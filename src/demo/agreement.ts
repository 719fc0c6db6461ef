/** Compares what the play knows with what the judge said, visitor by visitor. */
import type { EventBody } from '../contract/messages.ts';
import type { Act } from './script.ts';

export interface Agreement {
  readonly who: string;
  readonly truth: Act['truth'];
  readonly hits: number;
  readonly agreed: number;
}

type Judged = Pick<EventBody, 'type' | 'verdict'>;

/** Acts and hits of one recipient, both in the order in which they happened. */
export function compare(acts: readonly Act[], hits: readonly Judged[]): { act: Act; agreed: boolean }[] {
  return acts.map((act, position) => {
    const hit = hits[position];
    const judged = hit?.verdict?.verdict === 'human' ? 'person' : 'machine';
    const sameKind = hit?.type === (act.kind === 'open' ? 'opened' : 'clicked');
    return { act, agreed: sameKind && judged === act.truth };
  });
}

export function tally(compared: readonly { act: Act; agreed: boolean }[]): Agreement[] {
  const byVisitor = new Map<string, Agreement>();
  for (const { act, agreed } of compared) {
    const known = byVisitor.get(act.who) ?? { who: act.who, truth: act.truth, hits: 0, agreed: 0 };
    byVisitor.set(act.who, { ...known, hits: known.hits + 1, agreed: known.agreed + (agreed ? 1 : 0) });
  }
  return [...byVisitor.values()].sort((a, b) => a.truth.localeCompare(b.truth) || b.hits - a.hits);
}
