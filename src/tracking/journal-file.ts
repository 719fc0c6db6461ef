/**
 * Appends bytes to the newest segment of a journal folder and says they are there only once the disk has them. When the
 * disk refuses, it leaves no half-written frame behind that a reader could stumble over, and tries again next time.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { folderBytes, journalEnd, listSegments, nextSegment, segmentPath } from './journal-segments.ts';
import { syncFolder } from './journal-slots.ts';

export interface JournalFile {
  /** Rejects when not all of the bytes are durable. */
  append(bytes: Buffer, nowMs: number): Promise<void>;
  /** Begins an empty segment behind one that is old and no longer empty, so that the old one can be deleted once drained. */
  turnOver(nowMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFileOptions {
  readonly folder: string;
  readonly segmentBytes: number;
  /** All segments together; what the drain has read is deleted and counts no more. */
  readonly maxBytes: number;
}

/** Enough of a full journal: the folder holds all it may. */
export class JournalFull extends Error {}

interface OpenSegment {
  readonly handle: FileHandle;
  readonly openedAtMs: number;
  sizeBytes: number;
}

/** A segment this old is closed, so that what has been drained does not stay on quiet days. */
const segmentAgeMs = 10 * 60_000;
const { O_WRONLY, O_CREAT, O_EXCL } = constants;

export function openJournalFile(options: JournalFileOptions): JournalFile {
  let segment: OpenSegment | undefined;

  const leave = async (): Promise<void> => {
    const left = segment;
    segment = undefined;
    await left?.handle.close().catch(() => undefined);
  };

  const current = async (nowMs: number): Promise<OpenSegment> => {
    if (segment !== undefined && !isDone(segment, options.segmentBytes, nowMs)) return segment;
    await leave();
    if ((await folderBytes(options.folder)) >= options.maxBytes) throw new JournalFull('the journal holds all it may');
    segment = await createSegment(options.folder, nowMs);
    return segment;
  };

  const isOld = async (nowMs: number): Promise<boolean> => {
    if (segment !== undefined) return isDone(segment, options.segmentBytes, nowMs);
    const end = await journalEnd(options.folder);
    return end.offsetBytes > 0 && nowMs - end.segment > segmentAgeMs; // a segment's number is when it was begun
  };

  return {
    async turnOver(nowMs) {
      if (!(await isOld(nowMs))) return;
      await leave();
      segment = await createSegment(options.folder, nowMs);
    },
    async append(bytes, nowMs) {
      const target = await current(nowMs);
      try {
        await writeAll(target.handle, bytes, target.sizeBytes);
        await target.handle.datasync();
        target.sizeBytes += bytes.length;
      } catch (error) {
        if (!(await cutBack(target))) await leave();
        throw error;
      }
    },
    close: leave,
  };
}

const isDone = (segment: OpenSegment, segmentBytes: number, nowMs: number): boolean =>
  segment.sizeBytes >= segmentBytes || (segment.sizeBytes > 0 && nowMs - segment.openedAtMs > segmentAgeMs);

async function createSegment(folder: string, nowMs: number): Promise<OpenSegment> {
  const number = nextSegment(await listSegments(folder), nowMs);
  const handle = await open(segmentPath(folder, number), O_WRONLY | O_CREAT | O_EXCL, 0o600);
  syncFolder(folder);
  return { handle, openedAtMs: nowMs, sizeBytes: 0 };
}

/** write(2) may take less than it was given, and says why only when asked again. */
async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    if (bytesWritten === 0) throw new Error('the disk took nothing');
    written += bytesWritten;
  }
}

/** After a failed fdatasync(2) nobody knows what the disk holds of these pages: only a full disk is trusted further. */
async function cutBack(segment: OpenSegment): Promise<boolean> {
  try {
    await segment.handle.truncate(segment.sizeBytes);
    await segment.handle.datasync();
    return true;
  } catch {
    return false;
  }
}
