/**
 * Ends a PostgreSQL that outlived the Waxwing which started it, so that a new one may have its files. It signals only
 * a process that works in exactly that data folder.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterPlace } from './postgres-cluster.ts';

export async function stopOrphan(place: ClusterPlace): Promise<void> {
  const pid = recordedPid(place.folder);
  if (pid === undefined || !worksIn(pid, place.folder)) return;
  for (const [signal, patienceMs] of [
    ['SIGINT', 20_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!signalled(pid, signal)) return;
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      if (!worksIn(pid, place.folder)) return;
      await delay(20);
    }
  }
  throw new Error(
    `A PostgreSQL (process ${pid}) holds ${place.folder} and cannot be stopped. Stop it, then start again.`,
  );
}

/** The first line of postmaster.pid is the process id. */
function recordedPid(folder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(folder, 'postmaster.pid'), 'utf8'), 10);
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A number in a file proves nothing: by now it may be anybody's. A postmaster's working folder is its data folder. */
function worksIn(pid: number, folder: string): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(folder);
  } catch {
    return false;
  }
}

function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
