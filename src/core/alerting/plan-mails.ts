/** Decides which waiting alerts one person is mailed now: each by itself while the hour has room, then all others in one summary. */

export interface EarlierMail {
  readonly at: Date;
  readonly isSummary: boolean;
}

export interface MailPlan {
  /** Alerts that get a mail of their own. */
  readonly singles: readonly string[];
  /** Alerts that go together into one mail; none: no summary. */
  readonly summary: readonly string[];
  readonly why: 'room' | 'full' | 'summary_sent';
}

const hourMs = 3_600_000;

/** `waiting`: oldest first. After a summary nothing goes out until it is an hour old; what comes meanwhile is held. */
export function planMails(
  waiting: readonly string[],
  earlier: readonly EarlierMail[],
  maxPerHour: number,
  now: Date,
): MailPlan {
  const recent = earlier.filter(({ at }) => now.getTime() - at.getTime() < hourMs);
  if (recent.some(({ isSummary }) => isSummary)) return { singles: [], summary: [], why: 'summary_sent' };
  const room = Math.max(0, maxPerHour - recent.length);
  const why = waiting.length > room ? 'full' : 'room';
  return { singles: waiting.slice(0, room), summary: waiting.slice(room), why };
}
