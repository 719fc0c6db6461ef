/** Decides how far one recipient of one message may be tracked. The strictest of everybody's wish wins; nothing loosens it. */

export type TrackingLevel = 'off' | 'anonymous' | 'identified';

/** Strictest first. */
const levels: readonly TrackingLevel[] = ['off', 'anonymous', 'identified'];

export interface TrackingWish {
  readonly level?: TrackingLevel | undefined;
  readonly opens?: boolean | undefined;
  readonly clicks?: boolean | undefined;
}

/** Frozen on the recipient at acceptance. */
export interface TrackingDecision {
  readonly level: TrackingLevel;
  readonly opens: boolean;
  readonly clicks: boolean;
}

/** Account settings, the message's own choice, the recipient's in it, the recipient's stored consent: order is no matter. */
export function decideTracking(wishes: readonly TrackingWish[]): TrackingDecision {
  const level = strictest(wishes.map((wish) => wish.level ?? 'identified'));
  const tracked = level !== 'off';
  return {
    level,
    opens: tracked && wishes.every((wish) => wish.opens !== false),
    clicks: tracked && wishes.every((wish) => wish.clicks !== false),
  };
}

const strictest = (asked: readonly TrackingLevel[]): TrackingLevel =>
  levels.find((level) => asked.includes(level)) ?? 'identified';
