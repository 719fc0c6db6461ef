/**
 * Puts what was fed into one order for its account, once for all endpoints, and wakes them. One process at a time numbers
 * an account's events; what it takes from the feed and the numbers it gives are one transaction.
 */
import { type FedEvent, takeFeed } from '../events/index.ts';
import type { Database } from '../platform/database.ts';
import { holdFeed, insertNumbered, type NewWebhookEvent } from './dispatch-store.ts';

const mostAtOnce = 5_000;

/** Gives how many were numbered. 0: there was nothing, or another process does it. */
export function numberEvents(db: Database, accountId: string, now: Date): Promise<number> {
  return db.asAccount(accountId, async (tx) => {
    const last = await holdFeed(tx);
    if (last === undefined) return 0;
    const events = await takeFeed(tx, mostAtOnce);
    if (events.length > 0) await insertNumbered(tx, last, events.map(asTold), now);
    return events.length;
  });
}

const asTold = ({ type, linkIndex, verdict, strength, actor, ...event }: FedEvent): NewWebhookEvent => ({
  ...event,
  type: `message.${type}`,
  linkIndex: linkIndex ?? null,
  verdict: verdict ?? null,
  strength: strength ?? null,
  actor: actor ?? null,
});
