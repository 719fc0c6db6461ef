/**
 * Where a recipient stands, as the cells that roll-ups count, and what moves when it changes. It decides which cell a
 * recipient, a clicked link or an event belongs to; adding cells up is the database's work.
 */

export type Status = 'queued' | 'deferred' | 'delivered' | 'bounced' | 'dropped';

/** How many hits of each kind: human, human suspected, automated probably, automated certainly. */
export type KindCounts = readonly [number, number, number, number];

export const noHits: KindCounts = [0, 0, 0, 0];

/** The bits of a mask, in the order of KindCounts. */
export const kindBit = { human: 1, suspected: 2, probable: 4, certain: 8 } as const;

export interface Opinion {
  readonly verdict: 'human' | 'automated';
  readonly strength: 'certain' | 'probable' | 'suspected';
}

/** The one bit that an opinion sets. A machine that is only suspected counts as a probable one. */
export function bitOf(opinion: Opinion): number {
  if (opinion.verdict === 'human') return opinion.strength === 'suspected' ? kindBit.suspected : kindBit.human;
  return opinion.strength === 'certain' ? kindBit.certain : kindBit.probable;
}

export function maskOf(counts: KindCounts): number {
  return counts.reduce((mask, count, position) => (count > 0 ? mask | (1 << position) : mask), 0);
}

/** The counts after `by` more hits of the kind whose bit is given. */
export function countHit(counts: KindCounts, bit: number, by: number): KindCounts {
  const [human, suspected, probable, certain] = counts;
  const more = (kind: number, count: number): number => (bit === kind ? count + by : count);
  return [
    more(kindBit.human, human),
    more(kindBit.suspected, suspected),
    more(kindBit.probable, probable),
    more(kindBit.certain, certain),
  ];
}

export type Grain = 'sender' | 'domain' | 'link-set' | 'link' | 'quarter' | 'anonymous';

export interface Cell {
  readonly grain: Grain;
  readonly day: string;
  readonly campaignId: number;
  readonly keyId: number;
  readonly status: Status | '';
  readonly opens: number;
  readonly clicks: number;
}

export interface CellDelta extends Cell {
  readonly n: number;
}

/** What of a recipient never changes and places it in the roll-ups. */
export interface Placement {
  readonly acceptedDay: string;
  readonly campaignId: number;
  readonly senderId: number;
  readonly domainId: number;
  readonly linkSetId: number;
}

export interface Standing {
  readonly status: Status;
  readonly opens: number;
  readonly clicks: number;
}

export function recipientCells(placement: Placement, { status, opens, clicks }: Standing): Cell[] {
  const { acceptedDay: day, campaignId, senderId, domainId, linkSetId } = placement;
  const shared = { day, campaignId, status, opens, clicks };
  return [
    { grain: 'sender', keyId: senderId, ...shared },
    { grain: 'domain', keyId: domainId, ...shared },
    { grain: 'link-set', keyId: linkSetId, ...shared },
  ];
}

type LinkPlacement = Pick<Placement, 'acceptedDay' | 'campaignId'>;

/** A link that nobody clicked has no cell. */
export function linkCells(placement: LinkPlacement, linkId: number, clicks: number): Cell[] {
  if (clicks === 0) return [];
  const { acceptedDay: day, campaignId } = placement;
  return [{ grain: 'link', day, campaignId, keyId: linkId, status: '', opens: 0, clicks }];
}

export type HitKind = 'open' | 'click';
const eventMasks = (kind: HitKind, bit: number) => ({
  opens: kind === 'open' ? bit : 0,
  clicks: kind === 'click' ? bit : 0,
});

const quarterHourMs = 900_000;

/** An event counts in the quarter of an hour in which it happened, so that every time zone's hours and days are whole. */
export function quarterCell(campaignId: number, occurredAt: Date, kind: HitKind, bit: number): Cell {
  const keyId = Math.floor(occurredAt.getTime() / quarterHourMs);
  const day = occurredAt.toISOString().slice(0, 10);
  return { grain: 'quarter', day, campaignId, keyId, status: '', ...eventMasks(kind, bit) };
}

export const quarterStart = (keyId: number): Date => new Date(keyId * quarterHourMs);
export const quarterOf = (at: Date): number => Math.floor(at.getTime() / quarterHourMs);

/** An event of somebody who may only be counted: the day of acceptance and the campaign, nothing nearer. */
export function anonymousCell(placement: LinkPlacement, kind: HitKind, bit: number): Cell {
  const { acceptedDay: day, campaignId } = placement;
  return { grain: 'anonymous', day, campaignId, keyId: 0, status: '', ...eventMasks(kind, bit) };
}

/** Adds changes up per cell, so that a batch of a thousand hits writes a few rows. */
export class CellLedger {
  readonly #cells = new Map<string, { cell: Cell; n: number }>();

  add(cells: readonly Cell[], n: number): void {
    for (const cell of cells) {
      const name = `${cell.grain} ${cell.day} ${cell.campaignId} ${cell.keyId} ${cell.status} ${cell.opens} ${cell.clicks}`;
      const known = this.#cells.get(name);
      if (known === undefined) this.#cells.set(name, { cell, n });
      else known.n += n;
    }
  }

  move(before: readonly Cell[], after: readonly Cell[]): void {
    this.add(before, -1);
    this.add(after, 1);
  }

  deltas(): CellDelta[] {
    return [...this.#cells.values()].filter(({ n }) => n !== 0).map(({ cell, n }) => ({ ...cell, n }));
  }
}
