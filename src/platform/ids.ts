/** Ids that sort by the time they were given: UUID version 7. */
import { v7 } from 'uuid';

export const newId = (now: Date): string => v7({ msecs: now.getTime() });

export const lowestId = '00000000-0000-0000-0000-000000000000';

/** No id that is given at this moment or later comes before it. RFC 9562 §5.7: the first 48 bits are milliseconds. */
export function firstIdAt(moment: Date): string {
  const ms = Math.min(Math.max(moment.getTime(), 0), 2 ** 48 - 1);
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
