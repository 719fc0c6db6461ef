/**
 * The lanes of one journal read the same places one after the other: what one has read, opened and sorted by lane is kept
 * until the other has taken it. It decides nothing about positions, and forgets what nobody takes.
 */
import type { JournalEntry } from './hit.ts';
import type { JournalBatch } from './journal-reader.ts';
import type { JournalPosition } from './journal-segments.ts';
import { laneOf } from './lanes.ts';

export interface SharedBatch extends JournalBatch {
  /** The hits by the lane they fall to. */
  readonly byLane: ReadonlyMap<number, readonly JournalEntry[]>;
}

type ReadBatch = (from: JournalPosition, isSettled: boolean) => Promise<JournalBatch>;
export type ReadShared = (from: JournalPosition, isSettled: boolean) => Promise<SharedBatch>;

/** How far one reader may be ahead of the other before it reads for itself alone. */
const mostKept = 4;

export function sharedReading(readBatch: ReadBatch): ReadShared {
  const kept = new Map<string, Promise<SharedBatch>>();
  return (from, isSettled) => {
    const name = `${from.segment} ${from.offsetBytes} ${isSettled}`;
    const found = kept.get(name);
    if (found !== undefined) {
      kept.delete(name);
      return found;
    }
    const reading = readBatch(from, isSettled).then(sorted);
    kept.set(name, reading);
    forgetWhatIsNoUse(name, reading);
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
    return reading;
  };

  /** A failure is not shared, and neither is an end: more may have been written behind it by now. */
  function forgetWhatIsNoUse(name: string, reading: Promise<SharedBatch>): void {
    const forget = (): void => {
      if (kept.get(name) === reading) kept.delete(name);
    };
    reading.then(({ hits }) => (hits.length === 0 ? forget() : undefined), forget);
  }
}

const sorted = (batch: JournalBatch): SharedBatch => ({ ...batch, byLane: Map.groupBy(batch.hits, laneOf) });
