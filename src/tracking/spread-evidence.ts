/** Puts beside a hit's evidence how many recipients its source reached, as its neighbours or its earlier verdict tell it. */
import { type Evidence, toldRecipients } from '@waxwing/verdict';
import type { JudgedHit } from '../events/index.ts';
import { restoreEvidence } from './kept-evidence.ts';
import type { SourceSpreads, Spread } from './source-spread.ts';

export const keyText = (sourceKey: Uint8Array | null): string | undefined =>
  sourceKey === null ? undefined : Buffer.from(sourceKey).toString('hex');

/** What an earlier verdict says of its source stays known, though the evidence beside it was kept before. */
export function earlierEvidence(hit: JudgedHit): Evidence {
  const evidence = restoreEvidence(hit);
  const told = toldRecipients(hit.verdict.reasons);
  return told.within1s + told.within10min === 0 ? evidence : widened(evidence, told);
}

export function spread(evidence: Evidence, sourceKey: string | undefined, spreads: SourceSpreads): Evidence {
  const found = sourceKey === undefined ? undefined : spreads.at(sourceKey, evidence.atMs ?? Number.NaN);
  return found === undefined ? evidence : widened(evidence, found);
}

const widened = (evidence: Evidence, found: Spread): Evidence => ({
  ...evidence,
  recipientsFromSource: {
    within1s: Math.max(found.within1s, evidence.recipientsFromSource?.within1s ?? 0),
    within10min: Math.max(found.within10min, evidence.recipientsFromSource?.within10min ?? 0),
  },
});
