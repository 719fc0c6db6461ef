/** Counts failed sign-ins by address and by user, in the memory of this process, and makes the next ones wait. */
import QuickLRU from 'quick-lru';
import { Problem } from '../contract/problem.ts';
import { waitAfterMs } from '../core/access/growing-wait.ts';
import type { Clock } from '../platform/world.ts';

export interface Tries {
  /** Counts a try as failed until it is told otherwise. Throws request.rate_limited. */
  begin(of: Triers): void;
  succeeded(of: Triers): void;
}

interface Triers {
  /** Of many people, perhaps. */
  readonly source: string;
  readonly user: string;
}

interface Count {
  failures: number;
  lastAtMs: number;
}

const maxRemembered = 100_000;
const forgetAfterMs = 3_600_000;
/** A whole clinic may share one address. */
const sharedAllowance = 15;

export function countTries(clock: Clock): Tries {
  const counts = new QuickLRU<string, Count>({ maxSize: maxRemembered });
  const countOf = (name: string, nowMs: number): Count => {
    const known = counts.get(name);
    return known === undefined || nowMs - known.lastAtMs > forgetAfterMs ? { failures: 0, lastAtMs: 0 } : known;
  };
  return {
    begin({ source, user }) {
      const nowMs = clock.now().getTime();
      const ofUser = countOf(`user ${user}`, nowMs);
      const ofSource = countOf(`source ${source}`, nowMs);
      const untilMs = Math.max(
        ofUser.lastAtMs + waitAfterMs(ofUser.failures),
        ofSource.lastAtMs + waitAfterMs(ofSource.failures - sharedAllowance),
      );
      if (untilMs > nowMs) throw new Problem('request.rate_limited', [], Math.ceil((untilMs - nowMs) / 1000));
      counts.set(`user ${user}`, { failures: ofUser.failures + 1, lastAtMs: nowMs });
      counts.set(`source ${source}`, { failures: ofSource.failures + 1, lastAtMs: nowMs });
    },
    succeeded({ source, user }) {
      counts.delete(`user ${user}`);
      const shared = counts.get(`source ${source}`);
      if (shared !== undefined) shared.failures -= 1;
    },
  };
}
