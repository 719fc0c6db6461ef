/** Ties the edge together: a journal folder of its own, the journal, the tracking host. It needs no database. */
import { randomUUIDv7 } from 'node:crypto';
import type { PageWords } from '../core/unsubscribing/unsubscribe-page.ts';
import type { Listening, World } from '../platform/world.ts';
import { startEdgeServer } from './edge.ts';
import { hitCounter } from './hit-counter.ts';
import { openJournal } from './journal.ts';
import { takeWriterSlot } from './journal-slots.ts';
import { tokenKeys, unsubscribeKeys } from './token-keys.ts';

export interface TrackingEdgeOptions {
  readonly port: number;
  /** Default: every address of the machine. */
  readonly host?: string;
  /** Shared by all processes of the machine; each takes a folder of its own in it. */
  readonly journalDir: string;
  readonly trustedProxies: readonly string[];
  /** What the journal may take on disk while the database is away. Default: 8 GiB. */
  readonly maxJournalBytes?: number;
  /** What the page of an unsubscribe link says of an account. Default: nothing. */
  readonly wordsOf?: (accountId: string) => PageWords;
}

export interface Edge extends Listening {
  /** For /readyz: false while hits are answered without reaching the disk. */
  isJournalHealthy(): boolean;
}

const defaultMaxJournalBytes = 8 * 1024 ** 3;

export async function startEdge(
  world: Pick<World, 'vault' | 'clock' | 'log' | 'metrics'>,
  options: TrackingEdgeOptions,
): Promise<Edge> {
  const count = hitCounter(world.metrics);
  const slot = takeWriterSlot(options.journalDir);
  const journal = openJournal({
    folder: slot.folder,
    sealer: world.vault.sealer('journal'),
    clock: world.clock,
    log: world.log,
    count,
    maxBytes: options.maxJournalBytes ?? defaultMaxJournalBytes,
  });
  const { port, host = '::', trustedProxies } = options;
  const keys = tokenKeys(world.vault);
  const unsubscribing = {
    unsubscribeKeys: unsubscribeKeys(world.vault),
    wordsOf: options.wordsOf ?? (() => ({ organisation: null, words: null })),
  };
  const own = { ...unsubscribing, journal, keys, count, clock: world.clock, newHitId: () => randomUUIDv7() };
  const release = async (): Promise<void> => {
    await journal.close();
    slot.release();
  };
  const server = await startEdgeServer({ port, host, trustedProxies, ...own }).catch(async (error) => {
    await release();
    throw error;
  });
  return {
    port: server.port,
    isJournalHealthy: journal.isHealthy,
    async close() {
      await server.close();
      await release();
    },
  };
}
