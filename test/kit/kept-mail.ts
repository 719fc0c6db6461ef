/** A small office with mail and everything that keeps or erases it, over HTTP, for tests of holds and retention. */
import pg from 'pg';
import { accountRoutes } from '../../src/accounts/index.ts';
import { eraseMessage, sendMessage } from '../../src/contract/messages.ts';
import { type HoldScope, type LegalHold, placeHold } from '../../src/contract/retention.ts';
import { reportRoutes } from '../../src/reports/index.ts';
import { retentionRoutes } from '../../src/retention/index.ts';
import { sendingRoutes } from '../../src/sending/index.ts';
import { trackingRoutes } from '../../src/tracking/index.ts';
import { createTestAccount } from './account.ts';
import { ask, request, startApi, type TestApi } from './api.ts';
import { type TestWorld, testWorld } from './world.ts';

export interface KeptMail {
  readonly world: TestWorld;
  readonly api: TestApi;
  /** The owner of the tables. */
  readonly owner: pg.Client;
  readonly accountId: string;
  readonly apiKey: string;
  /** Accepted now, and waiting for nobody any more. */
  send(wish?: { to?: string; campaign?: string; departmentId?: string }): Promise<string>;
  hold(scope: HoldScope): Promise<LegalHold>;
  /** The status of DELETE, and the code of its refusal. */
  erase(id: string): Promise<{ status: number; code: string | undefined }>;
  count(text: string, values?: readonly unknown[]): Promise<number>;
  close(): Promise<void>;
}

export async function openKeptMail(startAt?: string): Promise<KeptMail> {
  const world = await testWorld(startAt);
  const api = await startApi(world, (gate) => [
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
    ...sendingRoutes(world, { trackingUrl: 'http://127.0.0.1' }),
    ...trackingRoutes(world),
    ...reportRoutes(world),
    ...retentionRoutes(world),
  ]);
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  const { accountId, apiKey } = await createTestAccount(world);
  return {
    ...{ world, api, owner, accountId, apiKey },
    async send({ to = 'ana@example.org', ...more } = {}) {
      const body = { from: 'care@clinic.example', to: [to], subject: 'Your results', text: 'All is well.', ...more };
      const { id } = await ask(api, sendMessage, apiKey, { body });
      await owner.query('DELETE FROM deliveries WHERE message_id = $1', [id]);
      return id;
    },
    hold: (scope) => ask(api, placeHold, apiKey, { body: { name: 'Case', reason: 'A complaint', scope } }),
    async erase(id) {
      const response = await request(api, eraseMessage, apiKey, { params: { id } });
      return { status: response.status, code: ((await response.json()) as { code?: string }).code };
    },
    async count(text, values = []) {
      const { rows } = await owner.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${text}`, [...values]);
      return rows[0]?.n ?? -1;
    },
    async close() {
      await owner.end();
      await api.close();
      await world.close();
    },
  };
}
