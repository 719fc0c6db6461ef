/**
 * Leaves word, in the transaction that stores hits, of what will settle and when: one row for the whole batch. It reads
 * nothing and waits for nothing.
 */
import type { Tx } from '../platform/database.ts';
import { insertBatch } from './store.ts';

/** Who waits for settled verdicts. Each has a queue of its own, so that none waits for another. */
export type SettlingConsumer = 'scanner-habits' | 'webhooks';

/** A hit that was stored or whose verdict was revised. */
export interface AnnouncedHit {
  readonly id: string;
  readonly recipientId: string;
  readonly verdict: { readonly settlesAt: Date };
}

/** Clocks of machines may differ by this much; a neighbour may still be on its way. */
const slackMs = 60_000;
/** However wrong an edge's clock was, nothing waits longer. */
const longestMs = 16 * 60_000;

export async function announceHits(
  tx: Tx,
  consumers: readonly SettlingConsumer[],
  fresh: readonly AnnouncedHit[],
  revised: readonly AnnouncedHit[],
  now: Date,
): Promise<void> {
  const all = [...fresh, ...revised];
  if (all.length === 0 || consumers.length === 0) return;
  const last = all.reduce((latest, hit) => Math.max(latest, hit.verdict.settlesAt.getTime()), now.getTime());
  await insertBatch(tx, {
    consumers,
    dueAt: new Date(Math.min(last, now.getTime() + longestMs) + slackMs),
    recipientIds: [...new Set(all.map((hit) => hit.recipientId))],
    eventIds: fresh.map((hit) => hit.id),
  });
}
