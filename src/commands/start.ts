/** `waxwing start`: the server, until it is told to end. */
import { flushCompileCache } from 'node:module';
import type { Command } from 'commander';
import { type Config, readConfig } from '../config.ts';
import { type Program, startProgram } from '../main.ts';
import { errorFacts, openLog } from '../platform/log.ts';
import { type Log, systemClock } from '../platform/world.ts';
import { untilAskedToEnd } from './until-asked.ts';

const endDeadlineMs = 40_000;

export const addStartCommand = (program: Command): void => {
  program.command('start').description('run the server (settings: docs/config.md)').action(start);
};

async function start(): Promise<void> {
  const { config, warnings } = readConfig(process.env);
  const log = openLog(config.logLevel, 'stdout');
  for (const warning of warnings) log.warn(warning);
  const asked = untilAskedToEnd();
  const running = await startProgram(config, { clock: systemClock, log });
  let fatal: unknown;
  running.ready.then(
    () => announce(running, config, log),
    (error: unknown) => {
      fatal = error;
      asked.end();
    },
  );
  await asked.ended;
  await endWithin(running, log);
  if (fatal !== undefined) throw fatal;
}

/** A part that never ends must not keep the process: what it held is durable, and is taken up at the next start. */
async function endWithin(running: Program, log: Log): Promise<void> {
  const timer = setTimeout(() => {
    log.error('the server did not end in time');
    process.exit(1);
  }, endDeadlineMs);
  await running.close();
  clearTimeout(timer);
  log.info('ended');
}

async function announce(running: Program, config: Config, log: Log): Promise<void> {
  log.info({ ports: running.ports, roles: config.roles, pid: process.pid }, 'started');
  flushCompileCache(); // at its end a process writes it too, but not one that is killed
  if (!config.roles.includes('web')) return;
  try {
    const link = await running.signInLink();
    // Who started us may not listen any more, and then needs no words of ours.
    process.stderr.on('error', () => undefined);
    // Not in the log: for a day, whoever has the link is the account's owner.
    process.stderr.write(
      `\nWaxwing runs at ${running.publicUrl}\nSign in to the console, once, within a day:\n  ${link}\n\n`,
    );
  } catch (error) {
    log.error(errorFacts(error), 'no sign-in link could be made');
  }
}
