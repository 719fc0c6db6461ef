/**
 * The files of one journal folder: numbered segments, appended to at the end of the newest. A number is never used twice,
 * and the newest segment is never deleted, so that a place in the journal means the same for good.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface JournalPosition {
  readonly segment: number;
  readonly offsetBytes: number;
}

const segmentName = /^(\d{16})\.wxj$/;

export const segmentPath = (folder: string, segment: number): string =>
  join(folder, `${String(segment).padStart(16, '0')}.wxj`);

/** In order, oldest first. */
export async function listSegments(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => (segmentName.test(name) ? [Number(name.slice(0, 16))] : [])).sort((a, b) => a - b);
}

/** Numbers follow the clock, so that a folder restored from a backup does not repeat those it had given since. */
export const nextSegment = (existing: readonly number[], nowMs: number): number =>
  Math.max(nowMs, (existing.at(-1) ?? 0) + 1);

/** Deletes segments read to their end: those before the position, but never the newest. */
export async function deleteDrained(folder: string, position: JournalPosition): Promise<void> {
  const segments = await listSegments(folder);
  const done = segments.filter((segment) => segment < position.segment && segment !== segments.at(-1));
  for (const segment of done) await rm(segmentPath(folder, segment), { force: true });
}

export async function folderBytes(folder: string): Promise<number> {
  const segments = await listSegments(folder);
  const sizes = await Promise.all(segments.map((segment) => sizeOf(segmentPath(folder, segment))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0; // drained and deleted meanwhile
    throw error;
  }
}

/** Where the journal ends now. */
export async function journalEnd(folder: string): Promise<JournalPosition> {
  const segment = (await listSegments(folder)).at(-1) ?? 0;
  return { segment, offsetBytes: segment === 0 ? 0 : await sizeOf(segmentPath(folder, segment)) };
}
