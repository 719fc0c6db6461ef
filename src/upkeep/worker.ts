/** The loop that takes up rotations which nobody is at: a command that was stopped, a server that was restarted. */
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailable } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import type { Running, World } from '../platform/world.ts';
import { unfinishedRotations } from './key-store.ts';
import { rotateBatch } from './rotate-keys.ts';

const lookEveryMs = 5_000;

export function startRotating(world: World, everyMs = lookEveryMs): Running {
  const ending = new AbortController();
  const pause = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: ending.signal }).catch(() => undefined);

  const work = async (): Promise<void> => {
    for (const { accountId, id } of await unfinishedRotations(world.db))
      for (let isOn = true; isOn && !ending.signal.aborted; )
        isOn = (await rotateBatch(world, accountId, id)).kind === 'progress';
  };

  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable))
          world.log.error(errorFacts(error), 'a rotation of keys failed and will be tried again');
      }
      await pause(everyMs);
    }
  };

  const running = loop();
  return {
    async close() {
      ending.abort();
      await running;
    },
  };
}
