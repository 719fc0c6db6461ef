/** Processor time of a server with all its processes, as Linux counts it; elsewhere nothing is known of it. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux that Node runs on (proc(5)). */
const tickMs = 10;

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** With that of children that have ended. */
  readonly ms: number;
}

/** Undefined where there is no /proc. */
export function processorMs(roots: readonly number[]): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)));
  const byParent = Map.groupBy(all, ({ parent }) => parent);
  const total = (one: Process): number =>
    one.ms + (byParent.get(one.pid) ?? []).reduce((sum, child) => sum + total(child), 0);
  return all.filter(({ pid }) => roots.includes(pid)).reduce((sum, root) => sum + total(root), 0);
}

/** None when it has just ended. */
function processOf(pid: number): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // proc_pid_stat(5): behind the name in brackets come state (3), parent (4), … utime (14), stime, cutime, cstime (17).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [{ pid, parent: Number(fields[1]), ms: ticks * tickMs }];
  } catch {
    return [];
  }
}
