/** A process that does nothing but deliver, to be killed by tests. Its settings come as JSON in the first argument. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type DeliveryOptions, startDelivery } from '../../src/delivery/index.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { openVault } from '../../src/platform/vault.ts';
import { systemClock } from '../../src/platform/world.ts';

export interface DeliveryProcessSettings {
  readonly connectionUrl: string;
  readonly masterKeyHex: string;
  readonly options: DeliveryOptions;
}

if (process.argv[1] === import.meta.filename) {
  const settings = JSON.parse(process.argv[2] ?? '') as DeliveryProcessSettings;
  startDelivery(
    {
      db: openDatabase({ connection: { connectionString: settings.connectionUrl } }),
      vault: openVault(Buffer.from(settings.masterKeyHex, 'hex')),
      clock: systemClock,
      log: pino({ level: 'error' }),
      metrics: new Registry(),
    },
    settings.options,
  );
}
