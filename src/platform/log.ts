/**
 * The program's log: JSON lines with ids and counts. It is told nothing that could be read in a message; the list of
 * hidden names here is only the second wall.
 */
import { pino } from 'pino';
import type { Log } from './world.ts';

const hiddenNames = [
  ...['address', 'email', 'from', 'to', 'subject', 'html', 'text', 'body', 'headers', 'cookie', 'authorization'],
  ...['ip', 'userAgent', 'url', 'apiKey', 'secret', 'token', 'password'],
];

/** Lines that cannot be written wait in so much memory, for when the disk has room again; what is beyond it is lost. */
const waitingBytes = 1_048_576;

/** Standard output of a command may be data, so a log goes to standard error there. */
export function openLog(level: string, to: 'stdout' | 'stderr'): Log {
  const destination = pino.destination({ dest: to === 'stdout' ? 1 : 2, sync: true, maxLength: waitingBytes });
  // A full disk or a reader that has gone takes the log, and not the mail.
  destination.on('error', () => undefined);
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: hiddenNames.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
    },
    destination,
  );
}

/**
 * What of an error may be logged: its kind and where it was thrown. Its message may quote what it failed on, such as a
 * row that a constraint refused.
 */
export function errorFacts(error: unknown): { error: string; code?: string; at?: string[]; cause?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as { code?: unknown };
  const at = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
  return {
    error: error.name === 'Error' ? error.constructor.name : error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.cause instanceof Error ? { cause: errorFacts(error.cause).code ?? error.cause.name } : {}),
    at,
  };
}
