/**
 * How many requests of one route are worked on at once in this process, and who waits for a turn: so many and so long,
 * and no account more than its share. It knows nothing of what is asked.
 */
import type { AtOnce } from '../contract/endpoint.ts';
import { Problem } from '../contract/problem.ts';

interface Waiting {
  readonly accountId: string;
  readonly begin: (end: () => void) => void;
}

export interface Turns {
  /** Gives how to end the turn. Throws server.busy where the line is full or the wait too long; `left`: nobody waits any more. */
  take(accountId: string, left: AbortSignal): Promise<() => void>;
}

export function openTurns(limits: AtOnce): Turns {
  const underWay: string[] = [];
  let line: Waiting[] = [];
  const countOf = (all: readonly string[], accountId: string): number => all.filter((one) => one === accountId).length;
  const isFree = (accountId: string): boolean =>
    underWay.length < limits.most && countOf(underWay, accountId) < limits.mostOfAccount;
  const begin = (accountId: string): (() => void) => {
    underWay.push(accountId);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      underWay.splice(underWay.indexOf(accountId), 1);
      letNextIn();
    };
  };
  const letNextIn = (): void => {
    const next = line.find((one) => isFree(one.accountId));
    if (next === undefined) return;
    line = line.filter((one) => one !== next);
    next.begin(begin(next.accountId));
  };
  const isLineFull = (accountId: string): boolean =>
    line.length >= limits.waiting ||
    countOf(
      line.map((one) => one.accountId),
      accountId,
    ) >= limits.waitingOfAccount;
  return {
    async take(accountId, left) {
      if (isFree(accountId)) return begin(accountId);
      if (isLineFull(accountId)) throw new Problem('server.busy');
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const waiting: Waiting = { accountId, begin: resolve };
      line.push(waiting);
      const giveUp = (): void => {
        line = line.filter((one) => one !== waiting);
        reject(new Problem('server.busy'));
      };
      const timer = setTimeout(giveUp, limits.waitMs);
      left.addEventListener('abort', giveUp);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        left.removeEventListener('abort', giveUp);
      }
    },
  };
}
