/**
 * Answering comes before judging: while the edge is under heavy load the drain works only a small share of the time, so
 * that both fit one machine. It never stops, and it stops being polite once much has piled up.
 */
import { folderBytes, type JournalPosition, journalEnd } from './journal-segments.ts';

/** Some 8,000 hits a second; below it the drain keeps up beside the edge. */
const heavyBytesPerSecond = 2.5 * 1024 ** 2;
const restPerWork = 24;
const maxRestMs = 3_000;
/** A quarter of what a journal may hold by default. */
const patienceBytes = 2 * 1024 ** 3;
const sampleMs = 250;

/** Rests after work of so many milliseconds, for as long as the edge needs it; `nap` waits. */
export type Courtesy = (workedMs: number, nap: (waitMs: number) => Promise<void>) => Promise<void>;

export function courtesyTo(folder: string, nowMs: () => number = () => performance.now()): Courtesy {
  let isHeavy = false;
  let before: (JournalPosition & { readonly atMs: number }) | undefined;

  const look = async (): Promise<void> => {
    const atMs = nowMs();
    if (before !== undefined && atMs - before.atMs < sampleMs) return;
    const end = await journalEnd(folder);
    const grownBytes = before?.segment === end.segment ? end.offsetBytes - before.offsetBytes : end.offsetBytes;
    isHeavy = before !== undefined && grownBytes / ((atMs - before.atMs) / 1_000) > heavyBytesPerSecond;
    if (isHeavy && (await folderBytes(folder)) > patienceBytes) isHeavy = false;
    before = { ...end, atMs };
  };

  return async (workedMs, nap) => {
    await look();
    for (let leftMs = Math.min(workedMs * restPerWork, maxRestMs); isHeavy && leftMs > 0; leftMs -= sampleMs) {
      await nap(Math.min(leftMs, sampleMs));
      await look();
    }
  };
}
