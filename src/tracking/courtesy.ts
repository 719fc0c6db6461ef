/**
 * Answering comes before judging: while the edge is under heavy load the drain works only a small share of the time, so
 * that both fit one machine. It never stops, and it stops being polite once much has piled up.
 */
import { folderBytes, type JournalPosition, journalEnd } from './journal-segments.ts';

/** Some 3,000 hits a second. */
const heavyBytesPerSecond = 1 << 20;
const restPerWork = 24;
const maxRestMs = 3_000;
/** A quarter of what a journal may hold by default. */
const patienceBytes = 2 * 1024 ** 3;
const sampleMs = 250;

export function courtesyTo(
  folder: string,
  nowMs: () => number = () => performance.now(),
): (workedMs: number) => Promise<number> {
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

  return async (workedMs) => {
    await look();
    return isHeavy ? Math.min(workedMs * restPerWork, maxRestMs) : 0;
  };
}
