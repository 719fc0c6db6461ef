/**
 * Folders of the journal. Each writer has one of its own, and one drain at a time reads it; both are held by locks of the
 * kernel's that end with their process. What a dead writer left is read by whichever drain comes by.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Slot {
  /** Names the journal in the database; never used again for another. */
  readonly id: string;
  readonly folder: string;
  release(): void;
}

const slotName = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A folder to write to: one that no living process writes to, or a new one. */
export function takeWriterSlot(journalDir: string): Slot {
  mkdirSync(journalDir, { recursive: true, mode: 0o700 });
  for (const id of slotIds(journalDir)) {
    const slot = takeSlot(journalDir, id, 'writer.lock');
    if (slot !== undefined) return slot;
  }
  const id = randomUUID();
  mkdirSync(join(journalDir, id), { mode: 0o700 });
  syncFolder(journalDir);
  const slot = takeSlot(journalDir, id, 'writer.lock');
  return slot ?? takeWriterSlot(journalDir);
}

/** Every folder that no other drain reads, beside those already held. */
export function takeDrainSlots(journalDir: string, held: ReadonlySet<string>): Slot[] {
  return slotIds(journalDir)
    .filter((id) => !held.has(id))
    .flatMap((id) => takeSlot(journalDir, id, 'drain.lock') ?? []);
}

function slotIds(journalDir: string): string[] {
  try {
    return readdirSync(journalDir).filter((name) => slotName.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** SQLite's file lock on an empty database: the kernel drops it when the process ends, however it ends. */
function takeSlot(journalDir: string, id: string, lockName: string): Slot | undefined {
  const folder = join(journalDir, id);
  const file = new DatabaseSync(join(folder, lockName), { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
    return { id, folder, release: () => file.close() };
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined;
    throw error;
  }
}

/** https://www.sqlite.org/rescode.html#busy */
const sqliteBusy = 5;

/** A new name in a folder is durable once the folder is synced, not the file alone (fsync(2)). */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // a folder cannot be opened there; NTFS journals names itself
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
