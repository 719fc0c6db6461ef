/**
 * The lanes of one journal read the same places one after the other: what one has read and opened is kept until the other
 * has taken it. It decides nothing about positions, and forgets what nobody takes.
 */
import type { JournalBatch } from './journal-reader.ts';
import type { JournalPosition } from './journal-segments.ts';

export type ReadBatch = (from: JournalPosition, isSettled: boolean) => Promise<JournalBatch>;

/** How far one reader may be ahead of the other before it reads for itself alone. */
const mostKept = 4;

export function sharedReading(readBatch: ReadBatch): ReadBatch {
  const kept = new Map<string, Promise<JournalBatch>>();
  return (from, isSettled) => {
    const name = `${from.segment} ${from.offsetBytes} ${isSettled}`;
    const found = kept.get(name);
    if (found !== undefined) {
      kept.delete(name);
      return found;
    }
    const reading = readBatch(from, isSettled);
    kept.set(name, reading);
    forgetWhatIsNoUse(name, reading);
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
    return reading;
  };

  /** A failure is not shared, and neither is an end: more may have been written behind it by now. */
  function forgetWhatIsNoUse(name: string, reading: Promise<JournalBatch>): void {
    const forget = (): void => {
      if (kept.get(name) === reading) kept.delete(name);
    };
    reading.then(({ hits }) => (hits.length === 0 ? forget() : undefined), forget);
  }
}
