/** Ids that sort by the time they were given: UUID version 7 (RFC 9562 §5.7). */
import { randomFillSync } from 'node:crypto';

/** Asking the generator costs more than the rest: a page of randomness serves many ids, each part handed out once. */
const randomPart = 10;
const page = Buffer.alloc(randomPart * 512);
let usedBytes = page.length;

export function newId(now: Date): string {
  if (usedBytes === page.length) {
    randomFillSync(page);
    usedBytes = 0;
  }
  const at = usedBytes;
  usedBytes += randomPart;
  page[at] = 0x70 | ((page[at] ?? 0) & 0x0f); // version
  page[at + 2] = 0x80 | ((page[at + 2] ?? 0) & 0x3f); // variant
  const hex = page.toString('hex', at, at + randomPart);
  return `${timePart(now.getTime())}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`;
}

export const lowestId = '00000000-0000-0000-0000-000000000000';

/** No id that is given at this moment or later comes before it. */
export const firstIdAt = (moment: Date): string => `${timePart(moment.getTime())}-0000-0000-000000000000`;

export const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

export const timeOfId = (id: string): Date => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));

/** The first 48 bits are milliseconds. */
function timePart(givenMs: number): string {
  const ms = Math.min(Math.max(givenMs, 0), 2 ** 48 - 1);
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
