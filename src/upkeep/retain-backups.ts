/**
 * Which backups may go: whole chains of which even the newest is older than asked. A full backup that a younger increment
 * leans on stays, the newest chain always stays, and what cannot be read is left for people to look at.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Vault } from '../platform/vault.ts';
import { readBackups } from './backup-chain.ts';
import { isBackupId, madeAtOf } from './backup-folders.ts';
import { fullIdOf } from './manifest.ts';

const dayMs = 86_400_000;

/** Gives the ids of those that went. */
export function removeOldBackups(dir: string, vault: Vault, keepDays: number, now: Date): string[] {
  const chains = new Map<string, string[]>();
  for (const { id, chain } of readBackups(dir, vault)) {
    if (chain === undefined) continue;
    const full = fullIdOf(chain.newest.manifest);
    chains.set(full, [...(chains.get(full) ?? []), id]);
  }
  const newest = [...chains.keys()].sort().at(-1);
  const old = [...chains].filter(
    ([full, ids]) => full !== newest && madeAtOf(ids.at(-1) ?? full) + keepDays * dayMs <= now.getTime(),
  );
  // The newest of a chain first: whatever is stopped halfway, what is left can be restored.
  const gone = old.flatMap(([, ids]) => ids.toReversed());
  for (const id of gone) rmSync(join(dir, id), { recursive: true });
  removeHalves(dir, now);
  return gone;
}

/** What a backup left that was stopped more than a day ago. */
function removeHalves(dir: string, now: Date): void {
  for (const name of readdirSync(dir)) {
    const id = name.replace(/\.part$/, '');
    if (name !== id && isBackupId(id) && madeAtOf(id) + dayMs <= now.getTime())
      rmSync(join(dir, name), { recursive: true });
  }
}
