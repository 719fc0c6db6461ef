/**
 * The loops of upkeep. One takes up rotations which nobody is at: a command that was stopped, a server that was restarted.
 * The other keeps the log of erasures beside the backups, and ends copies of keys in time.
 */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailable } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import type { Running, World } from '../platform/world.ts';
import { pruneKeyCopies } from './backup-folders.ts';
import { countErasures, writeErasureLog } from './erasure-log.ts';
import { unfinishedRotations } from './key-store.ts';
import { rotateBatch } from './rotate-keys.ts';

const lookEveryMs = 5_000;

export function startRotating(world: World, everyMs = lookEveryMs): Running {
  return repeat(world, everyMs, 'a rotation of keys failed and will be tried again', async (isEnding) => {
    for (const { accountId, id } of await unfinishedRotations(world.db))
      for (let isOn = true; isOn && !isEnding(); ) isOn = (await rotateBatch(world, accountId, id)).kind === 'progress';
  });
}

/** Without a folder, or while there is none yet, there is nothing to care for. */
export function startBackupCare(world: World, dir: string | undefined, everyMs = lookEveryMs): Running {
  let logged = -1;
  return repeat(world, everyMs, 'the backups could not be cared for; trying again', async () => {
    if (dir === undefined || !existsSync(dir)) return;
    const erasures = await countErasures(world.db);
    if (erasures !== logged) await writeErasureLog(world.db, dir);
    logged = erasures;
    pruneKeyCopies(dir, world.clock.now());
  });
}

function repeat(
  world: World,
  everyMs: number,
  onFault: string,
  work: (isEnding: () => boolean) => Promise<void>,
): Running {
  const ending = new AbortController();
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        await work(() => ending.signal.aborted);
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable)) world.log.error(errorFacts(error), onFault);
      }
      await delay(everyMs, undefined, { signal: ending.signal }).catch(() => undefined);
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
