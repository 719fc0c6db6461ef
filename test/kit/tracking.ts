/** An edge and a drain for tests, and copies of mail whose tracking URLs lead to them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountKeys } from '../../src/events/index.ts';
import { sql } from '../../src/platform/database.ts';
import type { Running, World } from '../../src/platform/world.ts';
import {
  type Edge,
  startDrain,
  startEdge,
  type TrackingUrls,
  tokenKeys,
  trackingUrls,
} from '../../src/tracking/index.ts';
import { acceptMail, delivered, deliverMail, type Mail } from './mail.ts';

export interface Tracking {
  readonly baseUrl: string;
  readonly edge: Edge;
  readonly journalDir: string;
  stopDrain(): Promise<void>;
  startDrain(): void;
  /** How many hits are in a state, as /metrics tells it. */
  hits(state: string): Promise<number>;
  /** Waits until everything that was journaled has been drained. */
  drained(): Promise<void>;
  close(): Promise<void>;
}

export async function startTracking(
  world: World,
  trustedProxies: readonly string[] = [],
  parentFolder = tmpdir(),
): Promise<Tracking> {
  const journalDir = await mkdtemp(join(parentFolder, 'waxwing-tracking-'));
  const edge = await startEdge(world, { port: 0, host: '127.0.0.1', journalDir, trustedProxies });
  const start = (): Running =>
    startDrain(world, { journalDir, pace: { idleMs: 10, maxBackoffMs: 200 }, rescanMs: 100 });
  let drain: Running | undefined = start();
  const hits = async (state: string): Promise<number> => {
    const metric = await world.metrics.getSingleMetric('waxwing_hits_total')?.get();
    return metric?.values.find((value) => value.labels.state === state)?.value ?? 0;
  };
  const stopDrain = async (): Promise<void> => {
    await drain?.close();
    drain = undefined;
  };
  return {
    baseUrl: `http://127.0.0.1:${edge.port}`,
    edge,
    journalDir,
    stopDrain,
    startDrain: () => {
      drain = start();
    },
    hits,
    drained: () => until(async () => (await hits('journaled')) === (await hits('drained')), 'the journal is drained'),
    async close() {
      await edge.close();
      await stopDrain();
      await rm(journalDir, { recursive: true });
    },
  };
}

export async function until(isSo: () => Promise<boolean>, what: string, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

export interface TrackedCopy extends TrackingUrls {
  readonly messageId: string;
  readonly recipientId: string;
  readonly handle: Uint8Array;
}

/** Mail that was accepted and, unless told otherwise, delivered by the recipient's own server. */
export async function sendTracked(
  world: World,
  keys: AccountKeys,
  baseUrl: string,
  mail: Mail & { readonly deliveredAt?: Date | string | null },
): Promise<TrackedCopy[]> {
  const { messageId, recipientIds } = await acceptMail(world, keys, mail);
  const { deliveredAt = mail.acceptedAt } = mail;
  if (deliveredAt !== null)
    await deliverMail(
      world,
      keys,
      recipientIds.map((recipientId) => delivered(recipientId, deliveredAt)),
    );
  const handles = await handlesOf(world, keys, messageId);
  const ring = tokenKeys(world.vault);
  return recipientIds.map((recipientId) => {
    const handle = handles.get(recipientId) ?? new Uint8Array(8);
    const subject = { level: 'identified', messageId, recipientId } as const;
    return {
      messageId,
      recipientId,
      handle,
      ...trackingUrls(ring, baseUrl, { accountId: keys.accountId, handle, subject }),
    };
  });
}

async function handlesOf(world: World, keys: AccountKeys, messageId: string): Promise<Map<string, Uint8Array>> {
  const rows = await world.db.readAccount(keys.accountId, (tx) =>
    tx.query<{ id: string; handle: Buffer }>(sql`SELECT id, handle FROM recipients WHERE message_id = ${messageId}`),
  );
  return new Map(rows.map((row) => [row.id, row.handle]));
}

/** An ordinary browser on a home connection; each is somebody else. */
export const browser = (n: number): Record<string, string> => ({
  'user-agent': `Mozilla/5.0 (X11; Linux x86_64; rv:14${n % 10}.0) Gecko/20100101 Firefox/14${n % 10}.0`,
  'accept-language': 'en-GB,en;q=0.5',
  'accept-encoding': 'gzip, deflate, br',
  accept: 'text/html,application/xhtml+xml',
  'x-forwarded-for': `81.2.${n >> 8}.${n & 255}`,
});
