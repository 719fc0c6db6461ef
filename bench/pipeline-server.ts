/**
 * The sending half of the program in a process of its own, on an embedded database that commits durably: submission by
 * SMTP, delivery through the sink, and the fold of the roll-ups, composed as main composes them.
 */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createAccount, openGate } from '../src/accounts/index.ts';
import { startDelivery } from '../src/delivery/index.ts';
import { startFold } from '../src/events/index.ts';
import { openDatabase } from '../src/platform/database.ts';
import { openDatabaseServer, prepareDatabase } from '../src/platform/database-server.ts';
import { openMasterKey } from '../src/platform/master-key.ts';
import { openVault } from '../src/platform/vault.ts';
import { systemClock, type World } from '../src/platform/world.ts';
import { startSubmission } from '../src/sending/index.ts';

export interface PipelineOrder {
  readonly folder: string;
  readonly sinkPort: number;
}

const order = JSON.parse(process.argv[2] ?? '{}') as PipelineOrder;
const log = pino({ level: 'warn' }, pino.destination(2));
const dataDir = `${order.folder}/data`;
const trackingUrl = 'https://t.clinic.example';

const vault = openVault(openMasterKey(`${order.folder}/key`));
const server = await openDatabaseServer({ databaseUrl: undefined, dataDir, log });
const db = openDatabase({ connection: server.connection, maxConnections: 20 });
const world: World = { db, vault, clock: systemClock, log, metrics: new Registry() };
await prepareDatabase(server.connection, world);
const account = await createAccount(world, { name: 'Bench', actor: { kind: 'system', id: 'bench' } });

const fold = startFold(world);
const delivery = startDelivery(world, {
  smarthost: `smtp://127.0.0.1:${order.sinkPort}`,
  mxPort: 25,
  trackingUrl,
  helloName: 'clinic.example',
});
const submission = await startSubmission(world, {
  gate: openGate(world, { publicUrl: 'http://127.0.0.1:3000' }),
  port: 0,
  host: '127.0.0.1',
  hostname: 'submit.clinic.example',
  dataDir: order.folder,
  trackingUrl,
  onQueued: delivery.nudge,
});

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000 });
});
process.on('disconnect', async () => {
  await submission.close();
  await delivery.close();
  await fold.close();
  await db.close();
  await server.stop();
  process.exit();
});
process.send?.({ port: submission.port, apiKey: account.apiKey });
