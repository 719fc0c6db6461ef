/** A process that does nothing but number events and tell endpoints, to be killed by tests. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openDatabase } from '../../src/platform/database.ts';
import { openVault } from '../../src/platform/vault.ts';
import { systemClock } from '../../src/platform/world.ts';
import { startWebhooks } from '../../src/webhooks/index.ts';

export interface WebhookOrder {
  readonly connectionUrl: string;
  readonly masterKey: string;
  readonly trusted: string;
  readonly leaseMs: number;
}

process.once('message', ({ connectionUrl, masterKey, trusted, leaseMs }: WebhookOrder) => {
  const world = {
    db: openDatabase({ connection: { connectionString: connectionUrl }, onIdleError: () => undefined }),
    vault: openVault(Buffer.from(masterKey, 'hex')),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  };
  startWebhooks(world, { allowsPrivate: true, trusted: [trusted], pollMs: 20, leaseMs });
  process.send?.('ready');
});
process.once('disconnect', () => process.exit());
