/** How backups lie in their folder, and which copies of keys are over. It deletes copies of keys, and backups that nothing needs. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Vault } from '../platform/vault.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { BackupFault } from './sealed-file.ts';

export const keyCopyDays = 7;
export const keyCopyMs = keyCopyDays * 86_400_000;

export const keysFolder = (dir: string): string => join(dir, 'keys');
const restoreLogFile = (dir: string): string => join(dir, 'restores.jsonl');
export const erasureLogFile = (dir: string): string => join(dir, 'erasures.jsonl');

const idShape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isBackupId = (name: string): boolean => idShape.test(name);

/** Ids sort by the time they were given. */
export const idsIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter(isBackupId).sort() : [];

export function makeFolders(dir: string): void {
  for (const folder of [dir, keysFolder(dir)]) mkdirSync(folder, { recursive: true, mode: 0o700 });
}

export const isOver = ({ madeAt }: Pick<Manifest, 'madeAt'>, now: Date): boolean =>
  Date.parse(madeAt) + keyCopyMs <= now.getTime();

/** Removes copies of keys seven days after they were made, and halves that a stopped backup left. Gives how many went. */
export function pruneKeyCopies(dir: string, now: Date): number {
  let removed = 0;
  const folder = keysFolder(dir);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const id = name.replace(/\.part$/, '');
    if (!isBackupId(id) || madeAtOf(id) + keyCopyMs > now.getTime()) continue;
    rmSync(join(folder, name), { recursive: true });
    removed += 1;
  }
  return removed;
}

/** RFC 9562 §5.7: the first 48 bits are milliseconds. A file's own date could have been touched. */
export const madeAtOf = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16);

/** The newest backup, or the one that was asked for. */
export function chooseBackup(
  dir: string,
  vault: Vault,
  asked: string | undefined,
): { folder: string; manifest: Manifest } {
  const ids = idsIn(dir);
  const id = asked ?? ids.at(-1);
  if (id === undefined || !ids.includes(id))
    throw new BackupFault(
      ids.length === 0
        ? `There is no backup in ${dir}.`
        : `There is no such backup in ${dir}. There are: ${ids.join(', ')}`,
    );
  const folder = join(dir, id);
  const manifest = readManifest(folder, vault);
  if (manifest.type !== 'backup' || manifest.id !== id)
    throw new BackupFault(`${folder} holds the manifest of another backup.`);
  return { folder, manifest };
}

/** Of all backups of this installation beside one another; one that cannot be read says nothing. */
export const manifestsIn = (dir: string, vault: Vault): Manifest[] =>
  idsIn(dir).flatMap((id) => {
    try {
      return [readManifest(join(dir, id), vault)];
    } catch (error) {
      if (error instanceof BackupFault) return [];
      throw error;
    }
  });

/** The backup's own copies of keys while they last, else the newest there are; undefined: all are over. */
export function chooseKeys(
  dir: string,
  vault: Vault,
  backupId: string,
  now: Date,
): { folder: string; manifest: Manifest } | undefined {
  const ids = idsIn(keysFolder(dir)).filter((id) => id >= backupId);
  const id = ids.includes(backupId) ? backupId : ids.at(-1);
  if (id === undefined) return undefined;
  const folder = join(keysFolder(dir), id);
  const manifest = readManifest(folder, vault);
  if (manifest.type !== 'keys' || manifest.id !== id)
    throw new BackupFault(`${folder} holds the manifest of another backup.`);
  if (!isOver(manifest, now)) return { folder, manifest };
  const newest = ids.at(-1);
  return newest === undefined || newest === id ? undefined : chooseKeys(dir, vault, newest, now);
}

/** So that the doctor can say when restoring was last practised. Where the folder cannot be written, nothing is lost by it. */
export function noteRestored(dir: string, id: string, at: Date): void {
  try {
    appendFileSync(restoreLogFile(dir), `${JSON.stringify({ backup: id, at: at.toISOString() })}\n`, { mode: 0o600 });
  } catch {
    // A copy on a medium that is read-only.
  }
}

/** Undefined: never from this folder, as far as it tells. */
export function lastRestoredAt(dir: string): Date | undefined {
  if (!existsSync(restoreLogFile(dir))) return undefined;
  const times = [...readFileSync(restoreLogFile(dir), 'utf8').matchAll(/"at":"([^"]+)"/g)].map(([, at]) =>
    Date.parse(at ?? ''),
  );
  const last = Math.max(...times.filter((time) => !Number.isNaN(time)));
  return Number.isFinite(last) ? new Date(last) : undefined;
}
