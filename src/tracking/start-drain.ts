/**
 * Starts the drain beside the program or in a thread of its own, where judging does not hold up the edge's answers. The
 * thread opens its own connections and hands counts and log lines back; it is started again if it dies.
 */
import { Worker } from 'node:worker_threads';
import type { DatabaseOptions } from '../platform/database.ts';
import type { Running, World } from '../platform/world.ts';
import { type DrainOptions, runDrain } from './drain.ts';
import type { DrainWorld } from './drain-slot.ts';
import { type HitState, hitCounter } from './hit-counter.ts';

export const startDrain = (world: World & Pick<DrainWorld, 'networks'>, options: DrainOptions): Running =>
  runDrain({ ...world, count: hitCounter(world.metrics) }, options);

export interface DrainThreadOptions extends DrainOptions {
  readonly connection: DatabaseOptions['connection'];
  readonly masterKey: Uint8Array;
  /** See followNetworks. */
  readonly usesAsTable?: boolean;
}

/** What the thread tells. */
export type DrainNews =
  | { readonly kind: 'count'; readonly state: HitState; readonly hits: number }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly facts: object; readonly text: string };

const restartAfterMs = 1_000;
/** Room for some batches to come and go before the collector looks: with V8's default it copied each of them twice. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

export function startDrainThread(world: Pick<World, 'log' | 'metrics'>, options: DrainThreadOptions): Running {
  const count = hitCounter(world.metrics);
  let isClosing = false;
  let restart: NodeJS.Timeout | undefined;

  const hear = (news: DrainNews): void => {
    if (news.kind === 'count') count(news.state, news.hits);
    else world.log[news.level](news.facts, news.text);
  };

  const start = (): Worker => {
    const worker = new Worker(new URL('./drain-thread.ts', import.meta.url), { workerData: options, resourceLimits });
    worker.on('message', hear);
    worker.on('error', (error) => world.log.error({ reason: (error as Error).name }, 'the drain thread failed'));
    worker.on('exit', () => {
      if (isClosing) return;
      restart = setTimeout(() => {
        current = start();
      }, restartAfterMs);
    });
    return worker;
  };

  let current = start();
  return {
    async close() {
      isClosing = true;
      clearTimeout(restart);
      const gone = new Promise((resolve) => current.once('exit', resolve));
      if (current.threadId === -1) return;
      current.postMessage('close');
      await gone;
    },
  };
}
