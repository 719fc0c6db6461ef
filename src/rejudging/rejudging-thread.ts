/** The thread in which history is judged again: opens what that needs, brings to their end the runs there are, and ends itself. */
import { randomUUID } from 'node:crypto';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { followNetworks } from '../networks/index.ts';
import { openDatabase } from '../platform/database.ts';
import { openVault } from '../platform/vault.ts';
import { systemClock } from '../platform/world.ts';
import type { RejudgingNews, RejudgingThreadOptions } from './start-rejudging.ts';
import { runClaimed, runNext } from './worker.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread only');
const options = workerData as RejudgingThreadOptions;
const tell = (news: RejudgingNews): void => port.postMessage(news);

type Level = Extract<RejudgingNews, { kind: 'log' }>['level'];
const line =
  (level: Level) =>
  (facts: object, text: string): void =>
    tell({ kind: 'log', level, facts, text });
const log = {
  ...{ info: line('info'), warn: line('warn'), error: line('error'), fatal: line('error') },
  debug: () => undefined,
};

const stopping = new AbortController();
port.on('message', () => stopping.abort());

// On Linux a thread has a priority of its own (setpriority(2)): what comes in goes before what has been.
if (process.platform === 'linux' && options.run === undefined) setPriority(0, 10);

const db = openDatabase({
  connection: options.connection,
  maxConnections: 4,
  onIdleError: () => log.warn({}, 'an idle connection of re-judging ended'),
});
const networks = followNetworks({ db }, { usesAsTable: options.usesAsTable });
try {
  await networks.look();
  const world = { db, vault: openVault(options.masterKey), clock: systemClock, log, networks };
  const { run } = options;
  if (run === undefined) while (!stopping.signal.aborted && (await runNext(world, stopping.signal)));
  else {
    const runner = {
      id: randomUUID(),
      signal: stopping.signal,
      onProgress: ({ tally, activeMs }: { tally: { judged: number; flipped: number }; activeMs: number }) =>
        tell({ kind: 'progress', judged: tally.judged, flipped: tally.flipped, activeMs }),
    };
    tell({ kind: 'end', end: await runClaimed(world, run, runner) });
  }
} finally {
  await networks.close();
  await db.close();
  port.close();
}
