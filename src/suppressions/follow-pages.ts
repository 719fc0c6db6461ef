/**
 * Holds in memory what each account's unsubscribe page says, and keeps it at what is stored: a page is shown without asking
 * the database, and goes on being shown while that is away. It tells nothing of recipients.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PageWords } from '../core/unsubscribing/unsubscribe-page.ts';
import type { Running, World } from '../platform/world.ts';
import { readPages } from './page-store.ts';

export interface FollowedPages extends Running {
  /** Before the first look nobody is known, and the page names nobody. */
  wordsOf(accountId: string): PageWords;
  /** Looks at once. False: the database did not answer. */
  look(): Promise<boolean>;
}

const unknown: PageWords = { organisation: null, words: null };
const lookMs = 10_000;

export function followUnsubscribePages({ db }: Pick<World, 'db'>): FollowedPages {
  const stopping = new AbortController();
  let pages: ReadonlyMap<string, PageWords> = new Map();
  const look = async (): Promise<boolean> => {
    try {
      pages = await db.asWorker(readPages);
      return true;
    } catch {
      return false; // nothing to tell: whoever needs the database more says so
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(lookMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (!stopping.signal.aborted) await look();
    }
  };
  const running = loop();
  return {
    wordsOf: (accountId) => pages.get(accountId) ?? unknown,
    look,
    async close() {
      stopping.abort();
      await running;
    },
  };
}
