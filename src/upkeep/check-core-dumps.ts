/** The doctor on core dumps: a file of all memory, keys and mail in clear with it. It reads what Linux says of this process. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, fine, warning } from './finding.ts';

/** They keep nothing of a process whose limit is 0; core(5) has others get everything in spite of it. */
const programsThatHeed = /systemd-coredump|apport/;
const remedy = 'LimitCORE=0 in the systemd unit, --ulimit core=0 for a container (docs/operating.md)';

/** Nothing where this is not Linux: the limit cannot be read there. */
export function checkCoreDumps(proc = '/proc'): readonly Finding[] {
  const check = 'core dumps';
  const limits = join(proc, 'self', 'limits');
  if (!existsSync(limits)) return [];
  const [, limit] = /^Max core file size\s+(\S+)/m.exec(readFileSync(limits, 'utf8')) ?? [];
  if (limit === undefined) return [];
  if (limit !== '0')
    return [
      warning(
        check,
        `a crash of this process would write its memory, keys and mail in it, to disk (limit: ${limit})`,
        `Set ${remedy}.`,
      ),
    ];
  const [, program] = /^\|\s*(\S+)/.exec(readFileSync(join(proc, 'sys', 'kernel', 'core_pattern'), 'utf8')) ?? [];
  if (program !== undefined && !programsThatHeed.test(program))
    return [
      warning(
        check,
        `a crash of this process would hand its memory, keys and mail in it, to ${program}, whatever the limit is`,
        'Let kernel.core_pattern name a file, or a program that heeds a limit of 0 (docs/operating.md).',
      ),
    ];
  return [fine(check, 'a crash of this process writes no memory to disk')];
}
