/** Scanners and people who fetch tracked mail at moments that a test chooses, over real HTTP and the real drain. */
import pg from 'pg';
import type { AccountKeys } from '../../src/events/index.ts';
import { habitLearner } from '../../src/habits/index.ts';
import { sql } from '../../src/platform/database.ts';
import { type Consumer, settleOnce } from '../../src/settling/index.ts';
import { readKeptEvidence } from '../../src/tracking/index.ts';
import { deliverMail } from './mail.ts';
import { browser, sendTracked, type TrackedCopy, type Tracking } from './tracking.ts';
import type { TestWorld } from './world.ts';

export interface ScanStage {
  readonly world: TestWorld;
  readonly keys: AccountKeys;
  readonly tracking: Tracking;
}

export const links = Array.from({ length: 6 }, (_, n) => `https://clinic.example/${n}`);

/** One copy, delivered now by a server behind this MX. */
export async function deliver(
  { world, keys, tracking }: ScanStage,
  to: string,
  mx = 'mx1.pphosted.com',
): Promise<TrackedCopy> {
  const acceptedAt = world.clock.now();
  const [copy] = await sendTracked(world, keys, tracking.baseUrl, { to: [to], links, acceptedAt, deliveredAt: null });
  if (copy === undefined) throw new Error('the mail has no recipient');
  await nameAddress(world, keys, copy.recipientId, to);
  const detail = { host: mx, reply: '250 2.0.0 ok', why: 'accepted' };
  const gatewayMx = { host: mx, source: 'delivery' } as const;
  await deliverMail(world, keys, [
    { recipientId: copy.recipientId, kind: 'delivered', at: acceptedAt, detail, via: 'mx', gatewayMx },
  ]);
  return copy;
}

/** As acceptance does: one address has one blind index. */
async function nameAddress(world: TestWorld, { vault }: AccountKeys, recipientId: string, to: string): Promise<void> {
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  await owner.query('UPDATE recipients SET address_index = $1 WHERE id = $2', [
    vault.index('address', to),
    recipientId,
  ]);
  await owner.end();
}

/** Follows these links from an address, a tenth of a second apart. */
export async function follow(
  { world }: ScanStage,
  copy: TrackedCopy,
  from: string,
  indexes: readonly number[],
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const index of indexes) {
    const headers = { ...browser(1), 'x-forwarded-for': from, ...more };
    const response = await fetch(copy.click(index, links[index] ?? ''), { headers, redirect: 'manual' });
    await response.arrayBuffer();
    world.clock.advance(100);
  }
}

export const learner: Consumer = habitLearner(readKeptEvidence);

/** Everything that is due. */
export async function settle(world: TestWorld, consumer: Consumer = learner): Promise<void> {
  while ((await settleOnce(world, consumer)) > 0);
}

/** A scanner that follows every link of a copy to each of some people of a domain, at an hour's distance. */
export async function teach(
  stage: ScanStage,
  domain: string,
  options: { readonly copies: number; readonly block?: string; readonly delayMs?: number; readonly people?: number },
): Promise<void> {
  const { world, tracking } = stage;
  const { copies, block = '198.51.100', delayMs = 40_000, people = 6 } = options;
  for (let n = 0; n < copies; n++) {
    const copy = await deliver(stage, `person${n % people}@${domain}`);
    world.clock.advance(delayMs);
    await follow(stage, copy, `${block}.${n + 1}`, [0, 1, 2, 3, 4, 5]);
    world.clock.advance(3_600_000);
    await tracking.drained();
  }
  world.clock.advance(3_600_000);
  await settle(world);
}

export interface SeenVerdict {
  readonly verdict: string;
  readonly strength: string;
  readonly rules: readonly string[];
}

/** The newest hit of a copy, as it is judged now. */
export async function verdictOn(
  { world, keys, tracking }: ScanStage,
  copy: TrackedCopy,
): Promise<SeenVerdict | undefined> {
  await tracking.drained();
  const rows = await world.db.readAccount(keys.accountId, (tx) =>
    tx.query<SeenVerdict>(sql`
      SELECT v.verdict, v.strength, ARRAY(SELECT r ->> 'rule' FROM jsonb_array_elements(v.reasons) AS r) AS rules
        FROM events e JOIN verdicts v ON v.event_id = e.id AND v.occurred_at = e.occurred_at
       WHERE e.recipient_id = ${copy.recipientId} ORDER BY e.occurred_at DESC LIMIT 1`),
  );
  return rows[0];
}
