/** An edge with its drain as a process of its own, for tests that kill it. It is told what to serve by its parent. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openDatabase } from '../../src/platform/database.ts';
import { openVault } from '../../src/platform/vault.ts';
import { systemClock } from '../../src/platform/world.ts';
import { startDrain, startDrainThread, startEdge } from '../../src/tracking/index.ts';

export interface EdgeOrder {
  readonly journalDir: string;
  readonly connectionUrl: string;
  readonly masterKey: string;
  readonly isThreaded: boolean;
}

process.once('message', async (order: EdgeOrder) => {
  const masterKey = Buffer.from(order.masterKey, 'hex');
  const connection = { connectionString: order.connectionUrl };
  const world = {
    vault: openVault(masterKey),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    db: openDatabase({ connection, onIdleError: () => undefined }),
  };
  const { journalDir } = order;
  const edge = await startEdge(world, { port: 0, host: '127.0.0.1', journalDir, trustedProxies: [] });
  if (order.isThreaded) startDrainThread(world, { journalDir, connection, masterKey });
  else startDrain(world, { journalDir, pace: { idleMs: 5, batchHits: 50 } });
  process.send?.({ port: edge.port });
});
process.once('disconnect', () => process.exit());
