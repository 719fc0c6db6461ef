/**
 * Reads a journal folder from a position on: whole frames in order, damage skipped and told, a torn end left until it is
 * whole or a newer segment shows that it never will be. It changes nothing on disk.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Sealer } from '../platform/vault.ts';
import { decodeEntries, type JournalEntry } from './hit.ts';
import { type FrameReading, headerBytes, maxBodyBytes, readFrame } from './journal-frame.ts';
import { type JournalPosition, listSegments, segmentPath } from './journal-segments.ts';

export interface JournalBatch {
  readonly hits: readonly JournalEntry[];
  /** Where to read on once these are stored. Moves over damage too, so it can differ with no hit. */
  readonly next: JournalPosition;
  readonly damage: readonly Damage[];
}

export interface Damage {
  readonly at: JournalPosition;
  readonly bytes: number;
  /** As the frame's header says; 0 when the header itself is damaged. */
  readonly hits: number;
}

const chunkBytes = 2 * (maxBodyBytes + headerBytes);

/**
 * @param maxHits reading stops after the frame that reaches it
 * @param isSettled false while the writer may be rewriting the end of the newest segment: damage there is not believed yet
 */
export async function readBatch(
  folder: string,
  sealer: Sealer,
  from: JournalPosition,
  maxHits: number,
  isSettled: boolean,
): Promise<JournalBatch> {
  const segments = (await listSegments(folder)).filter((segment) => segment >= from.segment);
  const hits: JournalEntry[] = [];
  const damage: Damage[] = [];
  let next = from;
  for (const segment of segments) {
    if (segment !== next.segment) next = { segment, offsetBytes: 0 };
    const isNewest = segment === segments.at(-1);
    const end = await readSegment(segmentPath(folder, segment), sealer, next, maxHits - hits.length, {
      isNewest,
      isSettled,
      onHits: (more) => hits.push(...more),
      onDamage: (found) => damage.push(found),
    });
    next = { segment, offsetBytes: end.offsetBytes };
    if (hits.length >= maxHits || !end.isAtEnd) break;
  }
  return { hits, next, damage };
}

interface SegmentReading {
  readonly isNewest: boolean;
  readonly isSettled: boolean;
  readonly onHits: (hits: JournalEntry[]) => void;
  readonly onDamage: (damage: Damage) => void;
}

async function readSegment(
  path: string,
  sealer: Sealer,
  from: JournalPosition,
  maxHits: number,
  reading: SegmentReading,
): Promise<{ offsetBytes: number; isAtEnd: boolean }> {
  const handle = await openIfThere(path);
  if (handle === undefined) return { offsetBytes: from.offsetBytes, isAtEnd: true };
  try {
    let offsetBytes = from.offsetBytes;
    let taken = 0;
    while (taken < maxHits) {
      const chunk = await readChunk(handle, offsetBytes);
      if (chunk.bytes.length === 0) return { offsetBytes, isAtEnd: true };
      const read = readFrames(chunk, sealer, { segment: from.segment, offsetBytes }, maxHits - taken, reading);
      offsetBytes += read.bytes;
      taken += read.hits;
      if (read.bytes === 0) return { offsetBytes, isAtEnd: false };
    }
    return { offsetBytes, isAtEnd: false };
  } finally {
    await handle.close();
  }
}

interface Chunk {
  readonly bytes: Buffer;
  readonly isLast: boolean;
}

function readFrames(
  chunk: Chunk,
  sealer: Sealer,
  base: JournalPosition,
  maxHits: number,
  reading: SegmentReading,
): { bytes: number; hits: number } {
  let at = 0;
  let taken = 0;
  while (at < chunk.bytes.length && taken < maxHits) {
    const frame = readFrame(sealer, chunk.bytes, at);
    if (frame.kind === 'frame') {
      const hits = decodeEntries(frame.text);
      reading.onHits(hits);
      taken += hits.length;
      at = frame.nextAt;
      continue;
    }
    const nextAt = skipTo(frame, chunk, at, reading);
    if (nextAt === undefined) break;
    const place = { segment: base.segment, offsetBytes: base.offsetBytes + at };
    reading.onDamage({ at: place, bytes: nextAt - at, hits: frame.kind === 'damaged' ? frame.hits : 0 });
    at = nextAt;
  }
  return { bytes: at, hits: taken };
}

/** Where to go on after bytes that are no whole frame; undefined: leave them, more may come. */
function skipTo(
  frame: Exclude<FrameReading, { kind: 'frame' }>,
  chunk: Chunk,
  at: number,
  { isNewest, isSettled }: SegmentReading,
): number | undefined {
  if (frame.kind === 'damaged') return isNewest && !isSettled ? undefined : frame.nextAt;
  if (chunk.isLast) return isNewest ? undefined : chunk.bytes.length;
  // The next chunk begins here and holds any frame whole; if this one did and held none, it is all damage.
  return at > 0 ? undefined : chunk.bytes.length - headerBytes;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readChunk(handle: FileHandle, position: number): Promise<Chunk> {
  const { size } = await handle.stat();
  const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(size - position, chunkBytes)));
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break; // cut back meanwhile
    length += bytesRead;
  }
  return { bytes: buffer.subarray(0, length), isLast: position + buffer.length >= size };
}
