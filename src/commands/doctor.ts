/** `waxwing doctor`: what is wrong with this installation, and what to do; beside a running server or without one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Config, networkRefresh, readConfig } from '../config.ts';
import { doctorNeeds } from '../doctor-needs.ts';
import { followNetworks, readNetworks } from '../networks/index.ts';
import type { Database } from '../platform/database.ts';
import { joinDatabaseServer } from '../platform/database-server.ts';
import { openLog } from '../platform/log.ts';
import { systemClock } from '../platform/world.ts';
import { examine, lineFor } from '../upkeep/index.ts';

export const addDoctorCommand = (program: Command): void => {
  program
    .command('doctor')
    .description('check keys, files, database, clocks, names, certificates and backups; status 1 where something fails')
    .option('--json', 'print one object: { "findings": [...] }')
    .action(doctor);
};

async function doctor(options: { json?: true }): Promise<void> {
  const { config, warnings } = readConfig(process.env);
  const log = openLog('error', 'stderr');
  const hasOwnServer = config.databaseUrl !== undefined || existsSync(join(config.dataDir, 'postgres'));
  const found = await examine(
    doctorNeeds(config, {
      now: systemClock.now(),
      openServer: async () => (hasOwnServer ? joinDatabaseServer({ ...config, log }) : undefined),
      listNetworks: (db) => listNetworks(config, db),
    }),
  );
  const findings = [...warnings.map((says) => ({ check: 'settings', state: 'warn' as const, says })), ...found];
  const text = options.json === true ? JSON.stringify({ findings }) : findings.map(lineFor).join('\n');
  process.stdout.write(`${text}\n`);
  if (findings.some(({ state }) => state === 'fail')) process.exitCode = 1;
}

async function listNetworks(config: Config, db: Database) {
  const log = openLog('error', 'stderr');
  const world = { db, clock: systemClock, log };
  const inUse = followNetworks(world, { usesAsTable: config.networksAsnUrl !== 'off' });
  try {
    return (await readNetworks(world, inUse, networkRefresh(config))).lists;
  } finally {
    await inUse.close();
  }
}
