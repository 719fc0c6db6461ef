/**
 * The loops of upkeep. One takes up rotations which nobody is at: a command that was stopped, a server that was restarted.
 * Another keeps the log of erasures beside the backups, and ends copies of keys in time; the last ends old drafts.
 */
import { existsSync } from 'node:fs';
import { forgetOldDrafts } from '../accounts/index.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { pruneKeyCopies } from './backup-folders.ts';
import { countErasures, writeErasureLog } from './erasure-log.ts';
import { unfinishedRotations } from './key-store.ts';
import { rotateBatch } from './rotate-keys.ts';

const lookEveryMs = 5_000;

export function startRotating(world: World, everyMs = lookEveryMs): Running {
  const turn = async (closing: AbortSignal): Promise<void> => {
    for (const { accountId, id } of await unfinishedRotations(world.db))
      for (let isOn = true; isOn && !closing.aborted; )
        isOn = (await rotateBatch(world, accountId, id)).kind === 'progress';
  };
  return repeat(world, { name: 'the rotation of keys', everyMs, turn });
}

/** Without a folder, or while there is none yet, there is nothing to care for. */
export function startBackupCare(world: World, dir: string | undefined, everyMs = lookEveryMs): Running {
  let logged = -1;
  const turn = async (): Promise<void> => {
    if (dir === undefined || !existsSync(dir)) return;
    const erasures = await countErasures(world.db);
    if (erasures !== logged) await writeErasureLog(world.db, dir);
    logged = erasures;
    pruneKeyCopies(dir, world.clock.now());
  };
  return repeat(world, { name: 'the care of backups', everyMs, turn });
}

const forgetEveryMs = 3_600_000;

export const startForgettingDrafts = (world: World, everyMs = forgetEveryMs): Running =>
  repeat(world, { name: 'the forgetting of drafts', everyMs, turn: () => forgetOldDrafts(world) });
