/** A process that does nothing but settle, to be killed by tests: it writes down each hit that it is handed. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openDatabase, sql } from '../../src/platform/database.ts';
import { openVault } from '../../src/platform/vault.ts';
import { systemClock } from '../../src/platform/world.ts';
import { type CopyConsumer, startSettling } from '../../src/settling/index.ts';

export interface SettlingOrder {
  readonly connectionUrl: string;
  readonly masterKey: string;
}

/** Into a table `taken` that the test has made, each time that a hit is handed out. */
export const recorder: CopyConsumer = {
  name: 'scanner-habits',
  async onSettled(tx, _account, copies) {
    for (const { hits, newlySettled } of copies)
      for (const { id } of hits)
        if (newlySettled.has(id)) await tx.query(sql`INSERT INTO taken (event_id) VALUES (${id})`);
  },
};

if (process.argv[1] === import.meta.filename)
  process.once('message', ({ connectionUrl, masterKey }: SettlingOrder) => {
    const world = {
      db: openDatabase({ connection: { connectionString: connectionUrl }, onIdleError: () => undefined }),
      vault: openVault(Buffer.from(masterKey, 'hex')),
      clock: systemClock,
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
    };
    startSettling(world, [recorder], { idleMs: 5, batches: 3, copies: 30 });
    process.send?.('ready');
  });
process.once('disconnect', () => process.exit());
