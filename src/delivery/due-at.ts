/** When a message may go out, as its sender wishes it. */
import { Problem } from '../contract/problem.ts';

/** Long enough for every campaign planned ahead, short enough that what was decided at acceptance still means something. */
const sendAheadMaxMs = 30 * 24 * 3_600_000;

/** A time that has passed means now. */
export function readDueAt(sendAt: string | null | undefined, now: Date): Date {
  if (sendAt === undefined || sendAt === null) return now;
  const at = new Date(sendAt);
  if (at.getTime() - now.getTime() > sendAheadMaxMs)
    throw new Problem('request.malformed', [{ field: 'sendAt', message: 'At most 30 days ahead.' }]);
  return at > now ? at : now;
}
