/** Lines of data on standard output, for commands that others read from. It ends the command when nobody reads any more. */
import { once } from 'node:events';
import { constants } from 'node:os';

let isWatched = false;

/** Waits for a slow reader instead of holding everything in memory. */
export async function printLine(line: string): Promise<void> {
  if (!isWatched) process.stdout.once('error', end);
  isWatched = true;
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

/** Who reads may have read enough, as `head` has: then it ends as SIGPIPE ends a filter, never as if all had been told. */
function end({ code = 'unknown' }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(128 + constants.signals.SIGPIPE);
  process.stderr.write(`Standard output cannot be written (${code}).\n`);
  process.exit(1);
}
