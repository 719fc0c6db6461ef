/**
 * The edge's journal: takes hits one by one and calls each back once it is on disk. Hits that come while the disk is busy
 * form the next group: one frame, one write, one fdatasync. A hit that the disk refuses is called back too, and counted.
 */
import type { Sealer } from '../platform/vault.ts';
import type { Clock, Log } from '../platform/world.ts';
import { encodeEntry, type JournalEntry } from './hit.ts';
import type { CountHits } from './hit-counter.ts';
import { openJournalFile } from './journal-file.ts';
import { maxBodyBytes, maxFrameHits, sealFrame } from './journal-frame.ts';

export interface Journal {
  /** Calls `done` once the entry is durable, or is known to be lost: to a hit the answer goes out either way. */
  append(entry: JournalEntry, done: (isKept: boolean) => void): void;
  /** Whether the last group reached the disk. */
  isHealthy(): boolean;
  /** Writes what waits, then closes. */
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly folder: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: CountHits;
  readonly maxBytes: number;
  readonly segmentBytes?: number;
  /** How often it is looked whether what was written last has grown old. */
  readonly turnOverEveryMs?: number;
}

interface Waiting {
  readonly text: string;
  readonly done: (isKept: boolean) => void;
}

const defaultSegmentBytes = 32 << 20;
/** When the disk hangs, answers wait for it; beyond this many they no longer do. */
const maxWaiting = 50_000;
const complainEveryMs = 5_000;
const defaultTurnOverEveryMs = 60_000;

export function openJournal(options: JournalOptions): Journal {
  const file = openJournalFile({ segmentBytes: defaultSegmentBytes, ...options });
  const complain = complaints(options.log, options.count);
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let isHealthy = true;

  const writeGroup = async (group: readonly Waiting[]): Promise<void> => {
    const nowMs = options.clock.now().getTime();
    try {
      await file.append(framesOf(options.sealer, group), nowMs);
      options.count('journaled', group.length);
      if (!isHealthy) options.log.info('the journal takes hits again');
      isHealthy = true;
    } catch (error) {
      isHealthy = false;
      complain(group.length, error, nowMs);
    }
    for (const entry of group) entry.done(isHealthy);
  };

  const writeAll = async (): Promise<void> => {
    await new Promise(setImmediate); // lets every request that has arrived join the first group
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await writeGroup(group);
    }
    writing = undefined;
  };

  const turnOver = async (): Promise<void> => {
    await file.turnOver(options.clock.now().getTime()).catch(() => undefined); // a disk that refuses is told of by the next hit
    await writeAll();
  };
  const turning = setInterval(() => {
    writing ??= turnOver();
  }, options.turnOverEveryMs ?? defaultTurnOverEveryMs);
  turning.unref();

  return {
    append(entry, done) {
      if (waiting.length >= maxWaiting) {
        complain(1, new Error('too many hits wait for the disk'), entry.atMs);
        done(false);
        return;
      }
      waiting.push({ text: encodeEntry(entry), done });
      writing ??= writeAll();
    },
    isHealthy: () => isHealthy,
    async close() {
      clearInterval(turning);
      await writing;
      await file.close();
    },
  };
}

function framesOf(sealer: Sealer, group: readonly Waiting[]): Buffer {
  const frames: Buffer[] = [];
  let texts: string[] = [];
  let characters = 0;
  for (const { text } of group) {
    // A character is at most three bytes of UTF-8, so a frame can never outgrow what readers believe.
    if (texts.length === maxFrameHits || (characters + text.length) * 3 > maxBodyBytes - 1_024) {
      frames.push(sealFrame(sealer, texts));
      texts = [];
      characters = 0;
    }
    texts.push(text);
    characters += text.length + 1;
  }
  frames.push(sealFrame(sealer, texts));
  return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
}

/** Every loss is counted; the log hears of the first at once and then of the sum, so that a full disk is not filled by it. */
function complaints(log: Log, count: CountHits): (hits: number, error: unknown, nowMs: number) => void {
  let unsaid = 0;
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return (hits, error, nowMs) => {
    count('lost', hits);
    unsaid += hits;
    if (Math.abs(nowMs - saidAtMs) < complainEveryMs) return;
    log.error({ hits: unsaid, reason: reasonOf(error) }, 'hits are lost: the journal cannot be written');
    unsaid = 0;
    saidAtMs = nowMs;
  };
}

/** A system error's code, such as ENOSPC; its message would name the file. */
const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : 'unknown');
