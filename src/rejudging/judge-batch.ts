/** What the judge now thinks of a batch of loaded hits, and which of it is another opinion than the one stored. It writes nothing. */
import { isFlip, type JudgedHit } from '../events/index.ts';
import type { judgingAgain, StoredCopy } from '../tracking/index.ts';
import type { WalkedRecipient } from './history-store.ts';
import type { LoadedHistory } from './load-history.ts';
import type { Revised } from './tally.ts';
import type { Batch } from './walk-history.ts';

export type Judge = ReturnType<typeof judgingAgain>;

/** What may have become known of a recipient since the walk came by. */
type Known = ReadonlyMap<string, StoredCopy['recipient'] & Pick<WalkedRecipient, 'status'>>;

export interface JudgedRecipient {
  readonly recipient: WalkedRecipient;
  readonly hits: readonly Revised[];
  /** False: nothing of it was judged, and every verdict stays. */
  readonly isReadable: boolean;
}

export interface JudgedBatch {
  readonly batch: Batch;
  readonly judged: readonly JudgedRecipient[];
}

export function judgeBatch(judge: Judge, batch: Batch, loaded: LoadedHistory, now: Date, known?: Known): JudgedBatch {
  const judged = batch.recipients.map((walked) => {
    const recipient = { ...walked, ...standing(known?.get(walked.id)) };
    const hits = loaded.hits.get(walked.id) ?? [];
    if (loaded.unreadable.has(walked.id))
      return { recipient, hits: hits.map((hit) => ({ hit, verdict: hit.verdict })), isReadable: false };
    const { sources, openRequest, habits } = loaded;
    const isEachAlone = batch.slice !== null && batch.slice.after !== null;
    const copy = { recipient, hits, isEachAlone, sources, openRequest, habits };
    return { recipient, hits: revised(hits, judge(copy, now)), isReadable: true };
  });
  return { batch, judged };
}

const standing = (known: ReturnType<Known['get']>) =>
  known === undefined
    ? {}
    : {
        status: known.status,
        deliveredAt: known.deliveredAt,
        deliveredVia: known.deliveredVia,
        gatewayMx: known.gatewayMx,
      };

const revised = (hits: readonly JudgedHit[], verdicts: readonly Revised['verdict'][]): Revised[] =>
  hits.flatMap((hit, place) => {
    const verdict = verdicts[place];
    return verdict === undefined ? [] : [{ hit, verdict }];
  });

/** Other reasons alone are no other opinion; another ruleset is written beside the verdict. */
export const isToBeWritten = ({ hit, verdict }: Revised): boolean =>
  isFlip(hit.verdict, verdict) || hit.verdict.ruleset !== verdict.ruleset;

export const changedRecipients = ({ judged }: JudgedBatch): JudgedRecipient[] =>
  judged.filter(({ hits }) => hits.some(isToBeWritten));
