/**
 * Starts what judges history again: beside the program for a staged clock, else in a thread that exists only while a run
 * does, so that neither answers nor the drain wait for it.
 */
import { Worker } from 'node:worker_threads';
import type { DatabaseOptions } from '../platform/database.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import type { RunEnd } from './run-rejudgement.ts';
import { hasFreeRun } from './run-store.ts';
import { type RejudgingWorld, runNext } from './worker.ts';

export interface RejudgingThreadNeeds {
  readonly connection: DatabaseOptions['connection'];
  readonly masterKey: Uint8Array;
  /** See followNetworks. */
  readonly usesAsTable: boolean;
}

export interface RejudgingThreadOptions extends RejudgingThreadNeeds {
  /** This one only; else whatever nobody holds. */
  readonly run?: { readonly accountId: string; readonly id: string };
}

/** What the thread tells. */
export type RejudgingNews =
  | { readonly kind: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly facts: object; readonly text: string }
  | { readonly kind: 'progress'; readonly judged: number; readonly flipped: number; readonly activeMs: number }
  | { readonly kind: 'end'; readonly end: RunEnd | 'held' };

const lookEveryMs = 1_000;
/** Room for some batches to come and go before the collector looks: with V8's default it copied each of them twice. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** Resolves when the thread has ended; rejects when it failed. */
export function runThread(
  options: RejudgingThreadOptions,
  hear: (news: RejudgingNews) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./rejudging-thread.ts', import.meta.url), {
      workerData: options,
      resourceLimits,
    });
    const stop = (): void => worker.postMessage('stop');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    worker.on('message', hear);
    worker.on('error', reject);
    worker.on('exit', () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}

export function startRejudgingThread(world: Pick<World, 'db' | 'clock' | 'log'>, needs: RejudgingThreadNeeds): Running {
  const hear = (news: RejudgingNews): void => {
    if (news.kind === 'log') world.log[news.level](news.facts, news.text);
  };
  return every(world, async (signal) => {
    if (await world.db.asWorker((tx) => hasFreeRun(tx, world.clock.now()))) await runThread(needs, hear, signal);
  });
}

export const startRejudging = (world: RejudgingWorld & Pick<World, 'log'>): Running =>
  every(world, async (signal) => {
    while (!signal.aborted && (await runNext(world, signal)));
  });

const every = (world: Pick<World, 'log'>, turn: (signal: AbortSignal) => Promise<void>): Running =>
  repeat(world, { name: 're-judging', everyMs: lookEveryMs, turn });
