/**
 * What roll-ups count: in which cell a recipient, a clicked link or an event counts, and as what in every view, so that
 * choosing a view when reading is choosing columns. Adding cells up is the database's work.
 */
import type { HitKind } from './kinds.ts';
import { humanBits, type Masks, type Seen, type View, views, whoSaw } from './view.ts';

export type Status = 'queued' | 'deferred' | 'delivered' | 'bounced' | 'dropped';

export type Grain =
  | 'sender'
  | 'domain'
  | 'link-set'
  | 'link'
  | 'quarter'
  | 'anonymous'
  | 'ruleset'
  | 'sender-estimate'
  | 'domain-estimate';

export interface Cell {
  readonly grain: Grain;
  readonly day: string;
  readonly campaignId: number;
  readonly keyId: number;
}

type SeenName = 'opened_by_people' | 'opened_by_machines' | 'clicked_by_people' | 'clicked_by_machines';
const seenNames: readonly SeenName[] = [
  'opened_by_people',
  'opened_by_machines',
  'clicked_by_people',
  'clicked_by_machines',
];

/** A column of a roll-up: recipients or events in all, by status, and who saw them in each view. */
export type CountName =
  | 'n'
  | 'delivered'
  | 'bounced'
  | 'deferred'
  | `${View}_${SeenName}`
  | 'unsubscribed'
  | 'complained';

export const countNames: readonly CountName[] = [
  'n',
  'delivered',
  'bounced',
  'deferred',
  ...views.flatMap((view) => seenNames.map((name): CountName => `${view}_${name}`)),
  'unsubscribed',
  'complained',
];

/** In the order of countNames. */
export type CellCounts = readonly number[];

const nothing: CellCounts = countNames.map(() => 0);

function countsOf(status: Status | null, masks: Masks, who: (masks: Masks, view: View) => Seen): CellCounts {
  const seen = views.flatMap((view) => {
    const { opened, clicked } = who(masks, view);
    return [opened === 'people', opened === 'machines', clicked === 'people', clicked === 'machines'];
  });
  return [true, status === 'delivered', status === 'bounced', status === 'deferred', ...seen, false, false].map(Number);
}

/** What of a recipient never changes and places it in the roll-ups. */
export interface Placement {
  readonly acceptedDay: string;
  readonly campaignId: number;
  readonly senderId: number;
  readonly domainId: number;
  readonly linkSetId: number;
}

export interface Standing extends Masks {
  readonly status: Status;
  /** Matters only where a recipient leaves a cell or comes into one: nobody unsubscribes by being seen or delivered. */
  readonly isUnsubscribed?: boolean;
  /** The same holds of calling mail unwanted. */
  readonly isComplained?: boolean;
}

/** The cells that count a recipient, whatever happens to it. */
export function recipientCells({ acceptedDay: day, campaignId, ...placement }: Placement): Cell[] {
  return [
    { grain: 'sender', day, campaignId, keyId: placement.senderId },
    { grain: 'domain', day, campaignId, keyId: placement.domainId },
    { grain: 'link-set', day, campaignId, keyId: placement.linkSetId },
  ];
}

const rememberedCounts = new Map<string, CellCounts>();

/** The few hundred standings that there are, each worked out once. */
function remembered(name: string, workOut: () => CellCounts): CellCounts {
  const known = rememberedCounts.get(name);
  if (known !== undefined) return known;
  const counts = workOut();
  rememberedCounts.set(name, counts);
  return counts;
}

export const recipientCounts = ({
  status,
  opens,
  clicks,
  isUnsubscribed = false,
  isComplained = false,
}: Standing): CellCounts =>
  remembered(`${status} ${opens} ${clicks} ${isUnsubscribed} ${isComplained}`, () => {
    const counts = countsOf(status, { opens, clicks }, whoSaw);
    const more = [...(isUnsubscribed ? [unsubscribedCounts] : []), ...(isComplained ? [complainedCounts] : [])];
    return counts.map((count, at) => more.reduce((sum, one) => sum + (one[at] ?? 0), count));
  });

/** A recipient who is counted already and unsubscribes now. */
export const unsubscribedCounts: CellCounts = countNames.map((name) => Number(name === 'unsubscribed'));

/** A recipient who is counted already and whose provider says now that they called the mail unwanted. */
export const complainedCounts: CellCounts = countNames.map((name) => Number(name === 'complained'));

/** The cells that say of a recipient what the estimate of hidden opens leans on. */
export function estimateCells({ acceptedDay: day, campaignId, senderId, domainId }: Placement): Cell[] {
  return [
    { grain: 'sender-estimate', day, campaignId, keyId: senderId },
    { grain: 'domain-estimate', day, campaignId, keyId: domainId },
  ];
}

/**
 * In these cells the columns mean: `delivered`, behind a prefetch and delivered; opened and clicked by people, not behind
 * one, a person who loaded the pixel, and who clicked too; opened and clicked by machines, behind one, and yet known as a
 * person who opened, and who clicked. A recipient of none of these counts for nothing.
 */
export const estimateCounts = (standing: Standing, isPrefetched: boolean): CellCounts =>
  remembered(`estimate ${standing.status} ${standing.opens} ${standing.clicks} ${isPrefetched}`, () =>
    isPrefetched ? prefetchedCounts(standing) : openerCounts(standing),
  );

function prefetchedCounts(standing: Standing): CellCounts {
  if (standing.status !== 'delivered') return nothing;
  const known = views.flatMap((view) => {
    const { opened, clicked } = whoSaw(standing, view);
    return [false, opened === 'people', false, clicked === 'people'];
  });
  return [true, true, false, false, ...known, false, false].map(Number);
}

/** Who clicked with images off is not among those whose opens can be seen. */
function openerCounts({ opens, clicks }: Standing): CellCounts {
  const seen = views.flatMap((view) => {
    const opened = (opens & humanBits(view)) !== 0;
    return [opened, false, opened && (clicks & humanBits(view)) !== 0, false];
  });
  return seen.some(Boolean) ? [true, false, false, false, ...seen, false, false].map(Number) : nothing;
}

type CampaignDay = Pick<Placement, 'acceptedDay' | 'campaignId'>;

export const linkCell = ({ acceptedDay: day, campaignId }: CampaignDay, linkId: number): Cell => ({
  grain: 'link',
  day,
  campaignId,
  keyId: linkId,
});

/** A recipient who clicked a link; one who did not counts for nothing there, and nobody opens a link. */
export const linkCounts = (clicks: number): CellCounts =>
  clicks === 0 ? nothing : remembered(`link ${clicks}`, () => countsOf(null, { opens: 0, clicks }, sawLink));

const sawLink = (masks: Masks, view: View): Seen => ({ opened: null, clicked: whoSaw(masks, view).clicked });

const quarterHourMs = 900_000;

/** An event counts in the quarter of an hour in which it happened, so that every time zone's hours and days are whole. */
export const quarterCell = (campaignId: number, occurredAt: Date): Cell => ({
  grain: 'quarter',
  day: quarterDay(quarterOf(occurredAt)),
  campaignId,
  keyId: quarterOf(occurredAt),
});

let lastQuarter = { keyId: Number.NaN, day: '' };

/** Hits come in order of time: nearly all of a batch lie in one quarter. */
function quarterDay(keyId: number): string {
  if (lastQuarter.keyId !== keyId) lastQuarter = { keyId, day: quarterStart(keyId).toISOString().slice(0, 10) };
  return lastQuarter.day;
}

export const quarterStart = (keyId: number): Date => new Date(keyId * quarterHourMs);
export const quarterOf = (at: Date): number => Math.floor(at.getTime() / quarterHourMs);

/** An event of somebody who may only be counted: the day of acceptance and the campaign, nothing nearer. */
export const anonymousCell = ({ acceptedDay: day, campaignId }: CampaignDay): Cell => ({
  grain: 'anonymous',
  day,
  campaignId,
  keyId: 0,
});

/** One event. A click implies no open here: these are events, not people. */
export const eventCounts = (kind: HitKind, bit: number): CellCounts =>
  remembered(`${kind} ${bit}`, () => countsOf(null, eventMasks(kind, bit), kind === 'open' ? whoSaw : sawLink));

const eventMasks = (kind: HitKind, bit: number): Masks => ({
  opens: kind === 'open' ? bit : 0,
  clicks: kind === 'click' ? bit : 0,
});

/** How many hits a ruleset judged, by the acceptance of the mail that was hit. */
export const rulesetCell = ({ acceptedDay: day, campaignId }: CampaignDay, rulesetId: number): Cell => ({
  grain: 'ruleset',
  day,
  campaignId,
  keyId: rulesetId,
});

/** Counted, and nothing said of who it was. */
export const judgedHitCounts: CellCounts = countNames.map((name) => Number(name === 'n'));

export interface CellDelta extends Cell {
  readonly counts: CellCounts;
}

/** Adds changes up per cell, so that a batch of a thousand hits writes a few rows. */
export class CellLedger {
  readonly #cells = new Map<string, { readonly cell: Cell; readonly counts: number[] }>();

  add(cell: Cell, counts: CellCounts, by: number): void {
    if (counts === nothing) return;
    const name = `${cell.grain} ${cell.day} ${cell.campaignId} ${cell.keyId}`;
    let entry = this.#cells.get(name);
    if (entry === undefined) {
      entry = { cell, counts: [...nothing] };
      this.#cells.set(name, entry);
    }
    for (let at = 0; at < counts.length; at++) entry.counts[at] = (entry.counts[at] ?? 0) + by * (counts[at] ?? 0);
  }

  /** So many at once that were counted as one thing and now count as another. */
  move(cell: Cell, before: CellCounts, after: CellCounts, times = 1): void {
    if (before === after) return;
    this.add(cell, before, -times);
    this.add(cell, after, times);
  }

  deltas(): CellDelta[] {
    const changed = [...this.#cells.values()].filter(({ counts }) => counts.some((count) => count !== 0));
    return changed.map(({ cell, counts }) => ({ ...cell, counts }));
  }
}
