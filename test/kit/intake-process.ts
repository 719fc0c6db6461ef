/** A process that does nothing but take mail that comes back, to be killed by tests. Settings: JSON in the first argument. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openDatabase } from '../../src/platform/database.ts';
import { openVault } from '../../src/platform/vault.ts';
import { systemClock } from '../../src/platform/world.ts';
import { startIntake } from '../../src/returns/index.ts';

export interface IntakeProcessSettings {
  readonly connectionUrl: string;
  readonly masterKeyHex: string;
  readonly dataDir: string;
  readonly domain: string;
}

if (process.argv[1] === import.meta.filename) {
  const settings = JSON.parse(process.argv[2] ?? '') as IntakeProcessSettings;
  const world = {
    db: openDatabase({ connection: { connectionString: settings.connectionUrl } }),
    vault: openVault(Buffer.from(settings.masterKeyHex, 'hex')),
    clock: systemClock,
    log: pino({ level: 'error' }),
    metrics: new Registry(),
  };
  const { domain, dataDir } = settings;
  const intake = await startIntake(world, {
    ...{ port: 0, host: '127.0.0.1', hostname: 'mx.clinic.example', domain, dataDir },
  });
  console.log(JSON.stringify({ port: intake.port }));
}
