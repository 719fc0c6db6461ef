/**
 * Opened messages that copies are made from, held in memory so that a message with many recipients is opened once. Bounded
 * in bytes and in time: what is erased, or no longer asked for, is not kept. It opens nothing.
 */
import type { StoredHeader } from '../core/delivery/stored-header.ts';
import type { Plan } from '../core/message/index.ts';
import type { Letter, LetterPlan } from '../templates/index.ts';

export interface OpenMessage {
  readonly header: StoredHeader;
  readonly content: Buffer;
  readonly plan: Plan | LetterPlan;
  /** Each copy has words of its own; null: all have the same. */
  readonly letter: Letter | null;
}

export interface OpenedMessages {
  get(messageId: string): OpenMessage | undefined;
  keep(messageId: string, message: OpenMessage, now: Date): void;
  drop(messageId: string): void;
  /** Those that were not kept anew since then. */
  dropBefore(moment: Date): void;
  /** What is held, by estimate. */
  bytes(): number;
}

interface Kept {
  readonly message: OpenMessage;
  readonly bytes: number;
  readonly atMs: number;
}

/** Header, plan and place in the table take about so much beside the content, and each link more: small messages are many. */
const besideContent = 4_096;
const perLink = 512;

/** The least recently kept go first. A message larger than all that may be held is not kept. */
export function holdOpenedMessages(maxBytes: number): OpenedMessages {
  const kept = new Map<string, Kept>();
  let bytes = 0;
  const drop = (messageId: string): void => {
    bytes -= kept.get(messageId)?.bytes ?? 0;
    kept.delete(messageId);
  };
  return {
    drop,
    get: (messageId) => kept.get(messageId)?.message,
    keep(messageId, message, now) {
      drop(messageId);
      const one = { message, bytes: bytesOf(message), atMs: now.getTime() };
      kept.set(messageId, one);
      bytes += one.bytes;
      for (const oldest of kept.keys()) {
        if (bytes <= maxBytes) return;
        drop(oldest);
      }
    },
    dropBefore(moment) {
      for (const [messageId, { atMs }] of kept) if (atMs < moment.getTime()) drop(messageId);
    },
    bytes: () => bytes,
  };
}

const bytesOf = ({ content, plan }: OpenMessage): number =>
  content.length + besideContent + perLink * plan.links.length;
