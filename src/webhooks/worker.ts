/**
 * The webhooks' loops: events are numbered as they come, endpoints are worked on side by side, and what is older than 30
 * days goes. Any number of processes may run them; a slow endpoint delays no other.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter } from 'prom-client';
import { accountVault, listAccounts } from '../accounts/index.ts';
import { accountsWithFeed } from '../events/index.ts';
import { DatabaseUnavailable } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { dispatchEndpoint } from './dispatch-endpoint.ts';
import { type ClaimedEndpoint, claimEndpoints, forgetSome } from './dispatch-store.ts';
import { numberEvents } from './number-events.ts';
import { openTeller, type Teller, type TellerOptions } from './tell-endpoint.ts';

export interface WebhookOptions extends TellerOptions {
  readonly pollMs?: number;
  /** After a crash others wait so long before they go on; longer than any one try takes. */
  readonly leaseMs?: number;
  /** Endpoints worked on at a time. */
  readonly atOnce?: number;
}

type Needs = Pick<World, 'db' | 'vault' | 'clock' | 'log' | 'metrics'>;

const usual = { pollMs: 500, leaseMs: 60_000, atOnce: 100 } as const;
const mostAccounts = 1_000;
const forgetEveryMs = 3_600_000;
const keptMs = 30 * 86_400_000;
const rowsAtOnce = 5_000;

interface Desk {
  readonly world: Needs;
  readonly teller: Teller;
  readonly leaseMs: number;
  readonly atOnce: number;
  readonly working: Set<Promise<void>>;
  readonly tries: Counter<'outcome'>;
}

export function startWebhooks(world: Needs, options: WebhookOptions): Running {
  const { pollMs, leaseMs, atOnce } = { ...usual, ...options };
  const desk: Desk = { world, teller: openTeller(options), leaseMs, atOnce, working: new Set(), tries: triesOf(world) };
  const loops = [
    repeat(world, { name: 'the numbering of webhooks', everyMs: pollMs, turn: (closing) => numberAll(world, closing) }),
    repeat(world, { name: 'the telling of webhooks', everyMs: pollMs, turn: (closing) => dispatchDue(desk, closing) }),
    repeat(world, {
      name: 'the forgetting of webhooks',
      everyMs: forgetEveryMs,
      turn: (closing) => forgetWebhooks(world, closing),
    }),
  ];
  return {
    async close() {
      await Promise.all(loops.map((loop) => loop.close()));
      desk.teller.close();
    },
  };
}

function triesOf({ metrics }: Needs): Counter<'outcome'> {
  const name = 'waxwing_webhook_tries_total';
  const known = metrics.getSingleMetric(name);
  if (known instanceof Counter) return known;
  const help = 'How often an endpoint was told something, by what came of it.';
  return new Counter({ name, help, labelNames: ['outcome'], registers: [metrics] });
}

async function numberAll({ db, clock }: Needs, closing: AbortSignal): Promise<void> {
  for (const accountId of await db.asWorker((tx) => accountsWithFeed(tx, mostAccounts)))
    while (!closing.aborted && (await numberEvents(db, accountId, clock.now())) > 0);
}

/** Takes what is due as places become free, and ends when nothing is due and the last is done. */
async function dispatchDue(desk: Desk, closing: AbortSignal): Promise<void> {
  for (let isMore = true; isMore && !closing.aborted; ) {
    const free = desk.atOnce - desk.working.size;
    const claimed = free > 0 ? await claim(desk, free) : [];
    for (const { endpoint, lease } of claimed) begin(desk, endpoint, lease, closing);
    isMore = desk.working.size > 0;
    if (isMore) await Promise.race([...desk.working, sleep(usual.pollMs, undefined, { ref: false })]);
  }
  await Promise.all(desk.working);
}

async function claim({ world, leaseMs }: Desk, most: number) {
  const [lease, now] = [randomUUID(), world.clock.now()];
  const until = new Date(now.getTime() + leaseMs);
  const endpoints = await world.db.asWorker((tx) => claimEndpoints(tx, { id: lease, now, until }, most));
  return endpoints.map((endpoint) => ({ endpoint, lease }));
}

function begin(desk: Desk, endpoint: ClaimedEndpoint, lease: string, closing: AbortSignal): void {
  const working = dispatch(desk, endpoint, lease, closing)
    .catch((error: unknown) => {
      // Its lease runs out, and it is tried again.
      const facts = { accountId: endpoint.accountId, webhook: endpoint.id };
      if (error instanceof DatabaseUnavailable) desk.world.log.warn(facts, 'a webhook waits for the database');
      else desk.world.log.error({ ...facts, ...errorFacts(error) }, 'a webhook could not be worked on');
    })
    .finally(() => desk.working.delete(working));
  desk.working.add(working);
}

async function dispatch(
  { world, teller, leaseMs, tries }: Desk,
  endpoint: ClaimedEndpoint,
  lease: string,
  closing: AbortSignal,
): Promise<void> {
  const vault = await accountVault(world, endpoint.accountId);
  const onTried = (outcome: string): void => tries.labels(outcome).inc();
  await dispatchEndpoint({ world, vault, teller, endpoint, lease, leaseMs, onTried }, closing);
}

export async function forgetWebhooks({ db, clock }: Needs, closing?: AbortSignal): Promise<void> {
  const before = new Date(clock.now().getTime() - keptMs);
  for (const { accountId } of await listAccounts(db))
    while (!closing?.aborted && (await db.asAccount(accountId, (tx) => forgetSome(tx, before, rowsAtOnce))) > 0);
}
