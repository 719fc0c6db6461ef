/** The drain's own thread: opens what the drain needs from what start-drain.ts hands it, and ends when told to. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { followNetworks } from '../networks/index.ts';
import { openDatabase } from '../platform/database.ts';
import { openVault } from '../platform/vault.ts';
import { systemClock } from '../platform/world.ts';
import { runDrain } from './drain.ts';
import type { DrainNews, DrainThreadOptions } from './start-drain.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread only');
const options = workerData as DrainThreadOptions;
const tell = (news: DrainNews): void => port.postMessage(news);

type Level = Extract<DrainNews, { kind: 'log' }>['level'];
const line =
  (level: Level) =>
  (facts: object, text: string): void =>
    tell({ kind: 'log', level, facts, text });
const log = {
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
  debug: () => undefined,
  fatal: line('error'),
};

// On Linux a thread has a priority of its own (setpriority(2)): answering comes before judging.
if (process.platform === 'linux') setPriority(0, 10);

const db = openDatabase({
  connection: options.connection,
  maxConnections: 3,
  onIdleError: () => log.warn({}, 'an idle connection of the drain ended'),
});
const networks = followNetworks({ db }, { usesAsTable: options.usesAsTable === true });
await networks.look(); // what came before a restart is judged by again from the first hit
const drain = runDrain(
  {
    db,
    vault: openVault(options.masterKey),
    clock: systemClock,
    log,
    networks,
    count: (state, hits) => tell({ kind: 'count', state, hits }),
  },
  options,
);

port.once('message', async () => {
  await drain.close();
  await networks.close();
  await db.close();
  port.close();
});
