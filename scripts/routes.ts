/** Every route of the program, for documents that tell of them: made, but answering nothing. */
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openGate } from '../src/accounts/index.ts';
import { readConfig } from '../src/config.ts';
import { allRoutes } from '../src/main.ts';
import { openDatabase } from '../src/platform/database.ts';
import type { Route } from '../src/platform/route.ts';
import { openVault } from '../src/platform/vault.ts';
import { systemClock, type World } from '../src/platform/world.ts';

export function describedRoutes(): readonly Route[] {
  const { config } = readConfig({});
  // A pool connects when it is asked, and nobody asks.
  const connection = { connectionString: 'postgres://127.0.0.1:9/none' };
  const world: World = {
    db: openDatabase({ connection }),
    vault: openVault(randomBytes(32)),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  };
  const networks = { lists: [], current: () => [], look: async () => undefined, close: async () => undefined };
  const gate = openGate(world, { publicUrl: 'http://localhost' });
  const sending = { trackingUrl: 'http://localhost', maxMessageBytes: 0, onQueued: () => undefined };
  return allRoutes(world, config, { gate, sending, networks: networks as never, connection });
}
