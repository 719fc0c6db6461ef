/**
 * Lets one server at a time use a data directory. The lock is the kernel's (SQLite's file lock on an empty database):
 * it ends with the process that holds it, however that dies, so there is nothing stale to heal.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface DataDirLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly startedAt: string;
}

/** Another process has the data directory. The message names it and says what to do. */
export class DataDirInUse extends Error {}

export function lockDataDir(dataDir: string, now: Date): DataDirLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const holderFile = join(dataDir, 'holder.json');
  const file = new DatabaseSync(join(dataDir, 'lock.sqlite'), { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if (!isBusy(error)) throw error;
    throw new DataDirInUse(inUseMessage(dataDir, readHolder(holderFile)));
  }
  const holder: Holder = { pid: process.pid, startedAt: now.toISOString() };
  writeFileSync(holderFile, JSON.stringify(holder));
  return {
    release() {
      rmSync(holderFile, { force: true });
      file.close();
    },
  };
}

/** SQLITE_BUSY: https://www.sqlite.org/rescode.html#busy */
const isBusy = (error: unknown): boolean => (error as { errcode?: number }).errcode === 5;

function readHolder(holderFile: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(holderFile, 'utf8')) as Holder;
  } catch {
    return undefined; // it has just started, or is just ending
  }
}

const inUseMessage = (dataDir: string, holder: Holder | undefined): string =>
  `The data directory ${dataDir} is in use by ` +
  (holder === undefined ? 'another process' : `process ${holder.pid}, started ${holder.startedAt}`) +
  '. Stop that one first, or give this one another WAXWING_DATA_DIR.';
