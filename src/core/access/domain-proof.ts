/**
 * Judges whether an organisation has shown that a mail domain is its own, from what stands in the DNS: proved at the first
 * sight, lost only after a time of warning. It asks no DNS and knows no account.
 */

export type DomainSight =
  | 'right'
  /** There are records, none of them the one. */
  | 'wrong'
  | 'missing'
  /** No server answered: that says nothing against it. */
  | 'unanswered'
  /** It is right, and another account has the domain. */
  | 'claimed';

export interface DomainStanding {
  readonly claimedAt: Date;
  readonly provedAt: Date | null;
  /** Since when a proved one is no longer seen. */
  readonly lostAt: Date | null;
  readonly checkedAt: Date | null;
  readonly lastSeen: DomainSight | null;
}

export type DomainNews = 'proved' | 'missed' | 'seen_again' | 'over';

const [minuteMs, dayMs] = [60_000, 86_400_000];

export const daysOfWarning = 7;
const warningMs = daysOfWarning * dayMs;
/** How long a domain that nobody proved yet is looked at often. */
const freshMs = 2 * dayMs;
const [whileFreshMs, whileLostMs, otherwiseMs] = [10 * minuteMs, 60 * minuteMs, dayMs];

export const proofRecordName = (domain: string): string => `_waxwing-challenge.${domain}`;
export const proofRecordText = (proof: string): string => `waxwing-sign-on=${proof}`;

export type FoundTexts =
  | { readonly kind: 'found'; readonly records: readonly string[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed' };

export function sightOf(found: FoundTexts, wanted: string): Exclude<DomainSight, 'claimed'> {
  if (found.kind === 'failed') return 'unanswered';
  if (found.kind === 'none') return 'missing';
  return found.records.some((text) => text.trim() === wanted) ? 'right' : 'wrong';
}

/** How it stands after a look, and what is new about it. A sight of `claimed` proves nothing. */
export function afterLook(
  before: DomainStanding,
  lastSeen: DomainSight,
  at: Date,
): { readonly standing: DomainStanding; readonly news: DomainNews | null } {
  const looked = { ...before, lastSeen, checkedAt: at };
  if (lastSeen === 'right') {
    if (before.provedAt === null) return { standing: { ...looked, provedAt: at }, news: 'proved' };
    return { standing: { ...looked, lostAt: null }, news: before.lostAt === null ? null : 'seen_again' };
  }
  const isGone = lastSeen === 'wrong' || lastSeen === 'missing';
  if (before.provedAt === null || !isGone) return { standing: looked, news: null };
  if (before.lostAt === null) return { standing: { ...looked, lostAt: at }, news: 'missed' };
  return isOver(before.lostAt, at)
    ? { standing: { ...looked, provedAt: null, lostAt: null, claimedAt: at }, news: 'over' }
    : { standing: looked, news: null };
}

const isOver = (lostAt: Date, at: Date): boolean => at.getTime() - lostAt.getTime() >= warningMs;

/** Until when a proved domain that is no longer seen still counts. */
export const endOfWarning = (lostAt: Date): Date => new Date(lostAt.getTime() + warningMs);

export function isLookDue({ claimedAt, provedAt, lostAt, checkedAt }: DomainStanding, now: Date): boolean {
  if (checkedAt === null) return true;
  const isFresh = provedAt === null && now.getTime() - claimedAt.getTime() < freshMs;
  const everyMs = lostAt !== null ? whileLostMs : isFresh ? whileFreshMs : otherwiseMs;
  return now.getTime() - checkedAt.getTime() >= everyMs;
}
