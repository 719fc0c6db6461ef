/**
 * How many recipients a source reached, written into a reason and read out of it again. Evidence is kept as it was when
 * the hit came; what became known of its source later stands only in the verdict beside it. It judges nothing.
 */
import type { Evidence } from './evidence.ts';
import type { Reason } from './verdict.ts';

/** The beginning of a reason's sentence. */
export const tellRecipients = (count: number): string => `The same source reached ${count} recipients`;

const told = /^The same source reached (\d+) recipients /;

/** 0 where no reason tells it. */
export function toldRecipients(reasons: readonly Reason[]): NonNullable<Evidence['recipientsFromSource']> {
  const countOf = (rule: string): number =>
    Number(told.exec(reasons.find((reason) => reason.rule === rule)?.text ?? '')?.[1] ?? 0);
  return { within1s: countOf('shared-source-second'), within10min: countOf('shared-source-minutes') };
}
