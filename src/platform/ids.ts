/** Ids that sort by the time they were given: UUID version 7. */
import { v7 } from 'uuid';

export const newId = (now: Date): string => v7({ msecs: now.getTime() });
