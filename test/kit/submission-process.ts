/** A process that does nothing but accept mail, by SMTP and REST, to be killed by tests. Settings: JSON in the first argument. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openGate } from '../../src/accounts/index.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { startHttp } from '../../src/platform/http.ts';
import { openVault } from '../../src/platform/vault.ts';
import { systemClock } from '../../src/platform/world.ts';
import { sendingRoutes, startSubmission } from '../../src/sending/index.ts';

export interface SubmissionProcessSettings {
  readonly connectionUrl: string;
  readonly masterKeyHex: string;
  readonly dataDir: string;
}

if (process.argv[1] === import.meta.filename) {
  const settings = JSON.parse(process.argv[2] ?? '') as SubmissionProcessSettings;
  const world = {
    db: openDatabase({ connection: { connectionString: settings.connectionUrl } }),
    vault: openVault(Buffer.from(settings.masterKeyHex, 'hex')),
    clock: systemClock,
    log: pino({ level: 'error' }),
    metrics: new Registry(),
  };
  const gate = openGate(world, { publicUrl: 'http://127.0.0.1' });
  const sending = { trackingUrl: 'https://t.clinic.example' };
  const local = { host: '127.0.0.1', port: 0 };
  const smtp = await startSubmission(world, {
    ...sending,
    ...local,
    gate,
    hostname: 'submit.clinic.example',
    dataDir: settings.dataDir,
  });
  const http = await startHttp(world, {
    ...local,
    routes: sendingRoutes(world, sending),
    identify: gate.identify,
    checks: {},
    trustedProxies: [],
    maxMessageBytes: 1_000_000,
    isPublicUrlHttps: false,
  });
  console.log(JSON.stringify({ smtp: smtp.port, http: http.port }));
}
