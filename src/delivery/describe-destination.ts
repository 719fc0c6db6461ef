/** What is told of a destination: what waits there, how it takes mail, and what it said. Pure. */
import type { QueueDestination } from '../contract/queue.ts';
import { reasons, type Why } from '../core/delivery/reasons.ts';
import { countedAtMost, type DestinationRow, type PaceSeen } from './queue-store.ts';
import type { SlotRow } from './reply-store.ts';

/** What was seen longer ago says nothing of the rate now. */
const liveForMs = 15_000;

interface Known {
  readonly domain: string;
  /** Undefined: nothing waits. */
  readonly row: DestinationRow | undefined;
  readonly heldBackSince: Date | undefined;
  /** By each process, the latest first. */
  readonly seen: readonly PaceSeen[];
  readonly slots: readonly SlotRow[];
}

export const describeDestination = (known: Known, now: Date): QueueDestination => ({
  domain: known.domain,
  ...countsOf(known.row),
  heldBackSince: known.heldBackSince?.toISOString() ?? null,
  ...paceOf(known.seen, now),
  lately: slotBodies(known.slots),
});

export const slotBodies = (slots: readonly SlotRow[]): QueueDestination['lately'] =>
  slots.map(({ slotAt, delivered, deferred, bounced }) => ({ at: slotAt.toISOString(), delivered, deferred, bounced }));

export const wordsOf = (why: string): string => (reasons as Readonly<Record<string, string>>)[why] ?? why;

const nothingWaits = { queued: 0, due: 0, inFlight: 0, deferred: 0, scheduled: 0, held: 0, oldestAt: null };

function countsOf(row: DestinationRow | undefined) {
  const { queued, due, inFlight, deferred, scheduled, held, oldestAt } = row ?? nothingWaits;
  return {
    ...{ due, inFlight, deferred, scheduled, held },
    queued: Math.min(queued, countedAtMost),
    isMore: queued > countedAtMost,
    oldestAt: oldestAt?.toISOString() ?? null,
  };
}

function paceOf(seen: readonly PaceSeen[], now: Date) {
  const [last] = seen;
  const live = seen.filter(({ seenAt }) => now.getTime() - seenAt.getTime() < liveForMs);
  const pausedUntil = live.find((one) => one.pausedUntil !== null && one.pausedUntil > now)?.pausedUntil ?? null;
  return {
    deliveredPerMinute: live.reduce((sum, one) => sum + one.deliveredPerMinute, 0),
    atMost: live.length === 0 ? null : live.reduce((sum, one) => sum + one.atMost, 0),
    pausedUntil: pausedUntil?.toISOString() ?? null,
    last:
      last === undefined
        ? null
        : {
            outcome: last.lastOutcome,
            why: reasons[last.lastWhy as Why],
            replyCode: last.lastReplyCode,
            at: last.seenAt.toISOString(),
          },
  };
}
