/**
 * Two lanes move one journal side by side, so that judging one batch and storing another overlap. Each lane reads all of
 * the journal and takes its own sources' hits, so that what one source does is seen in order; each has a position of its
 * own, so each hit is still stored once. How hits fall to lanes is part of what positions mean: it never changes.
 */
import { isHit, type JournalEntry } from './hit.ts';

export const lanes: readonly number[] = [0, 1];

/** A lane's name among journal positions: the folder's own id, its last bit turned for the second lane. */
export const laneId = (slotId: string, lane: number): string => {
  const last = Number.parseInt(slotId.slice(-1), 16);
  return slotId.slice(0, -1) + (last ^ lane).toString(16);
};

/** All hits from one address with one agent fall to one lane; all unsubscriptions to the first. */
export function laneOf(entry: JournalEntry): number {
  if (!isHit(entry)) return 0;
  const { ip, userAgent } = entry;
  const source = `${ip} ${userAgent}`;
  let sum = 0;
  for (let place = 0; place < source.length; place++) sum += source.charCodeAt(place);
  return sum & 1;
}
