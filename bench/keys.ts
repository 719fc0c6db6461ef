/** Rotates the wrapping key of an account with 100,000 messages while messages are accepted and read without a pause. */
import { setTimeout as delay } from 'node:timers/promises';
import { accountVault } from '../src/accounts/index.ts';
import { sql } from '../src/platform/database.ts';
import { openVault } from '../src/platform/vault.ts';
import { systemClock, type World } from '../src/platform/world.ts';
import { reportRoutes } from '../src/reports/index.ts';
import { sendingRoutes } from '../src/sending/index.ts';
import { runRotation, startRotation } from '../src/upkeep/index.ts';
import { createTestAccount } from '../test/kit/account.ts';
import { startApi } from '../test/kit/api.ts';
import { testWorld } from '../test/kit/world.ts';

export interface KeysRun {
  readonly messages: number;
  readonly perSecond: number;
  readonly requests: number;
  readonly failed: number;
  readonly left: number;
}

const messages = 100_000;

export async function benchKeys(say: (line: string) => void): Promise<KeysRun> {
  const test = await testWorld();
  const world = { ...test, clock: systemClock };
  const { accountId, apiKey } = await createTestAccount(world);
  const api = await startApi(world, () => [
    ...sendingRoutes(world, { trackingUrl: 'https://t.clinic.example' }),
    ...reportRoutes(world),
  ]);
  try {
    await fill(world, accountId);
    const asking = askAllTheTime(api.url, apiKey);
    const elsewhere = { ...world, vault: openVault(test.masterKey) }; // the command is another process
    const rotation = await startRotation(elsewhere, { accountId, actor: { kind: 'system', id: 'bench' } });
    say(`${rotation.total} keys; the new one is in force in 20 s, and used alone 15 s later`);
    let beganAt = 0;
    await runRotation(elsewhere, accountId, rotation.id, {
      sleep: (ms) => delay(ms),
      onProgress: () => {
        beganAt ||= performance.now();
      },
    });
    const perSecond = (messages * 1000) / (performance.now() - beganAt);
    const { requests, failed } = await asking.end();
    return { messages, perSecond, requests, failed, left: await underOldKeys(world, accountId) };
  } finally {
    await api.close();
    await test.close();
  }
}

/** Rows as acceptance leaves them, but for content that nobody reads here. */
async function fill(world: Pick<World, 'db' | 'vault' | 'clock'>, accountId: string): Promise<void> {
  const vault = await accountVault(world, accountId);
  for (let done = 0; done < messages; done += 1_000) {
    const keys = Array.from({ length: 1_000 }, () => vault.newMessageKey().keySealed);
    await world.db.asAccount(accountId, (tx) =>
      tx.query(sql`
        WITH made AS (SELECT gen_random_uuid() AS id, key FROM unnest(${keys}::bytea[]) AS key),
             stored AS (INSERT INTO messages (account_id, id, accepted_at, submitted_by, sender_id, recipient_count, size_bytes, header_sealed)
                        SELECT current_account(), id, now() - random() * interval '30 days', 'rest', 1, 1, 1000, '' FROM made RETURNING id)
        INSERT INTO message_keys (account_id, message_id, key_sealed)
        SELECT current_account(), made.id, made.key FROM made JOIN stored USING (id)`),
    );
  }
}

function askAllTheTime(url: string, apiKey: string) {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify({
    from: 'care@clinic.example',
    to: ['ana@example.org'],
    subject: 'Hello',
    text: 'Hello.',
  });
  let isOver = false;
  let requests = 0;
  let failed = 0;
  const count = (isFine: boolean): void => {
    requests += 1;
    if (!isFine) failed += 1;
  };
  const one = async (): Promise<void> => {
    while (!isOver) {
      const sent = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body });
      const answer = (await sent.json()) as { id: string };
      count(sent.status === 202);
      const read = await fetch(`${url}/v1/messages/${answer.id}`, { headers });
      count(read.status === 200 && ((await read.json()) as { subject: string }).subject === 'Hello');
      await delay(5);
    }
  };
  const running = Promise.all([one(), one(), one(), one()]);
  return {
    async end() {
      isOver = true;
      await running;
      return { requests, failed };
    },
  };
}

async function underOldKeys(world: Pick<World, 'db'>, accountId: string): Promise<number> {
  const [row] = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM message_keys WHERE get_byte(key_sealed, 0) = 1`),
  );
  return row?.n ?? -1;
}
