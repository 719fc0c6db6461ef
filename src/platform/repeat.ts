/** Does one thing again and again until it is closed. A turn that fails is told and tried again at the next; it stops nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from './database.ts';
import { errorFacts } from './log.ts';
import type { Running, World } from './world.ts';

export interface Repeated {
  /** Who works here, as log lines say it: "the fold". */
  readonly name: string;
  /** From the end of one turn to the beginning of the next. */
  readonly everyMs: number;
  /** Ids beside the log lines. */
  readonly facts?: object;
  /** The signal says that the loop is being closed: long turns look at it. */
  readonly turn: (closing: AbortSignal) => Promise<unknown>;
}

export function repeat({ log }: Pick<World, 'log'>, { name, everyMs, facts = {}, turn }: Repeated): Running {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await turn(signal);
      } catch (error) {
        if (error instanceof DatabaseUnavailable) log.warn(facts, `${name} waits for the database`);
        else if (!signal.aborted) log.error({ ...facts, ...errorFacts(error) }, `${name} failed and will try again`);
      }
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    async close() {
      stopping.abort();
      await running;
    },
  };
}
