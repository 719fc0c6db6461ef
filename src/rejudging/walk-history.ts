/**
 * Cuts history into batches of a thousand hits: many recipients each, or a part of one who has more hits than that. It
 * reads ahead by a page and judges nothing.
 */
import { SEQUENCE_LIMIT } from '@waxwing/verdict';
import type { Database } from '../platform/database.ts';
import { type Slice, selectHitPlace, selectRecipients, type WalkedRecipient } from './history-store.ts';
import type { HitPlace, Place, Run } from './rejudgement.ts';

export interface Batch {
  readonly recipients: readonly WalkedRecipient[];
  /** A part of the only recipient's hits; null: all hits of all of them. */
  readonly slice: Slice | null;
}

const recipientsPerPage = 2_000;
export const hitsPerBatch = 1_000;
/** From here on a recipient's hits are read in parts. More than are judged together, so that those are in the first part. */
const hitsPerSlice = Math.max(10_000, SEQUENCE_LIMIT);

export async function* walkHistory(
  db: Pick<Database, 'readAccount'>,
  { accountId, bounds, place }: Pick<Run, 'accountId' | 'bounds' | 'place'>,
): AsyncGenerator<Batch> {
  const page = (after: Place | null): Promise<WalkedRecipient[]> =>
    db.readAccount(accountId, (tx) => selectRecipients(tx, accountId, { bounds, after, rows: recipientsPerPage }));
  const within = place?.within;
  let ahead = page(place);
  for (;;) {
    const recipients = await ahead;
    const last = recipients.at(-1);
    if (last === undefined) return;
    ahead = page({ at: last.acceptedAt, id: last.id });
    ahead.catch(() => undefined); // whoever stops early does not see it
    for (const batch of batchesOf(recipients)) {
      const only = batch[0];
      if (only !== undefined && only.hits > hitsPerSlice)
        yield* slices(db, accountId, only, within?.recipientId === only.id ? within : null);
      else yield { recipients: batch, slice: null };
    }
  }
}

/** In their order; who has very many hits stands alone. */
function* batchesOf(recipients: readonly WalkedRecipient[]): Generator<WalkedRecipient[]> {
  let batch: WalkedRecipient[] = [];
  let hits = 0;
  for (const recipient of recipients) {
    if (batch.length > 0 && hits + recipient.hits > hitsPerBatch) {
      yield batch;
      batch = [];
      hits = 0;
    }
    batch.push(recipient);
    hits += recipient.hits;
  }
  if (batch.length > 0) yield batch;
}

async function* slices(
  db: Pick<Database, 'readAccount'>,
  accountId: string,
  recipient: WalkedRecipient,
  from: HitPlace | null,
): AsyncGenerator<Batch> {
  let after = from;
  for (;;) {
    const behind = after;
    const upTo = await db.readAccount(accountId, (tx) =>
      selectHitPlace(tx, accountId, recipient.id, behind, hitsPerSlice),
    );
    yield { recipients: [recipient], slice: { after, upTo: upTo ?? null } };
    if (upTo === undefined) return;
    after = upTo;
  }
}
