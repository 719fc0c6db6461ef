/** How far a run is: what each batch adds to its counts, and where the walk goes on. Written with what the batch changed. */
import type { Database, Tx } from '../platform/database.ts';
import type { World } from '../platform/world.ts';
import type { JudgedBatch } from './judge-batch.ts';
import type { Place, Progress, Run } from './rejudgement.ts';
import { type Hold, insertExamples, moveRun, type NewExample } from './run-store.ts';
import { BatchTally, type MasksBeforeAndAfter, masksOf, noMasks, type Tally } from './tally.ts';

const leaseMs = 60_000;

export const holdOf = (runner: string, { clock }: Pick<World, 'clock'>): Hold => {
  const now = clock.now();
  return { runner, now, leaseUntil: new Date(now.getTime() + leaseMs) };
};

/** The run is another's by now, or cancelled. */
export class RunLost extends Error {}

export class RunProgress {
  readonly #run: Run;
  readonly #runner: string;
  readonly #world: Pick<World, 'clock'>;
  readonly #startedAtMs = performance.now();
  #tally: Tally;
  #place: Place | null;
  /** Of batches that are counted and not yet written: a dry run writes once a while. */
  #unwritten: NewExample[] = [];
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(run: Run, runner: string, world: Pick<World, 'clock'>) {
    this.#run = run;
    this.#runner = runner;
    this.#world = world;
    this.#tally = run.tally;
    this.#place = run.place;
  }

  get now(): Progress {
    const activeMs = this.#run.activeMs + performance.now() - this.#startedAtMs;
    return { tally: this.#tally, place: this.#place, activeMs };
  }

  get writtenAgoMs(): number {
    return performance.now() - this.#writtenAtMs;
  }

  /** Counts a batch. Inside a transaction that fails, what was counted is not to be used any more: the run is read again. */
  count(batch: JudgedBatch): void {
    const tally = new BatchTally(this.#tally);
    for (const { hits, isReadable } of batch.judged)
      if (isReadable) tally.addHits(hits);
      else tally.addUnreadable(hits.length);
    const { upTo } = batch.batch.slice ?? { upTo: null };
    const last = batch.judged.at(-1);
    if (upTo === null || last === undefined) {
      for (const { recipient, hits } of batch.judged)
        tally.addRecipient(recipient.status, masksOf(this.#masksOf(recipient.id), hits));
      if (last !== undefined) this.#place = { at: last.recipient.acceptedAt, id: last.recipient.id };
    } else {
      const { id } = last.recipient;
      const within = { ...upTo, recipientId: id, masks: masksOf(this.#masksOf(id), last.hits) };
      this.#place = { ...(this.#place ?? this.#beginning), within };
    }
    this.#tally = tally.sum();
    this.#unwritten.push(...tally.examples);
  }

  /** Throws RunLost where the run is no longer ours: then nothing of the transaction stands. */
  async write(tx: Tx): Promise<void> {
    await insertExamples(tx, this.#run, this.#unwritten);
    if (!(await moveRun(tx, this.#run, holdOf(this.#runner, this.#world), this.now))) throw new RunLost();
    this.#unwritten = [];
    this.#writtenAtMs = performance.now();
  }

  #masksOf(recipientId: string): MasksBeforeAndAfter {
    const within = this.#place?.within;
    return within?.recipientId === recipientId ? within.masks : noMasks;
  }

  get #beginning(): Place {
    const { since } = this.#run.bounds;
    return { at: since?.toISOString() ?? '-infinity', id: '00000000-0000-0000-0000-000000000000' };
  }
}

export const writeProgress = (
  db: Pick<Database, 'asAccount'>,
  { accountId }: Pick<Run, 'accountId'>,
  progress: RunProgress,
): Promise<void> => db.asAccount(accountId, (tx) => progress.write(tx));
