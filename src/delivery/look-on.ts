/**
 * Tells a look at the queue that goes on from a new one: a page that asks every few seconds stands in the audit log once
 * in five minutes. Each process remembers for itself.
 */
import QuickLRU from 'quick-lru';
import type { Caller } from '../platform/route.ts';

export interface Looks {
  goesOn(caller: Caller, now: Date): boolean;
  /** Once its entry is written. */
  noted(caller: Caller, at: Date): void;
}

const onceInMs = 300_000;

export function rememberLooks(): Looks {
  const notedAt = new QuickLRU<string, number>({ maxSize: 10_000 });
  const nameOf = ({ accountId, actor }: Caller): string =>
    `${accountId} ${actor.kind} ${actor.id} ${'emergencyId' in actor ? actor.emergencyId : ''}`;
  return {
    goesOn(caller, now) {
      const before = notedAt.get(nameOf(caller));
      return before !== undefined && now.getTime() - before < onceInMs;
    },
    noted(caller, at) {
      notedAt.set(nameOf(caller), at.getTime());
    },
  };
}
